//! Exchanges out of a batch of columns.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};

use super::values::{Reals, Texts, Times, Truths, Wholes};
use crate::{LoggedExchange, LoggedMessage, LoggedOutcome, LoggedParams, LoggedUsage};

/// The columns of a batch, typed.
pub(crate) struct Rows<'batch> {
    id: Texts<'batch>,
    time: Times<'batch>,
    account: Texts<'batch>,
    party: Texts<'batch>,
    api: Texts<'batch>,
    model: Texts<'batch>,
    served_model: Texts<'batch>,
    conversation: Texts<'batch>,
    messages: Messages<'batch>,
    sketch: Texts<'batch>,
    ip: Texts<'batch>,
    asn: Wholes,
    ja4: Texts<'batch>,
    user_agent: Texts<'batch>,
    max_tokens: Wholes,
    temperature: Reals,
    n: Wholes,
    stream: Truths<'batch>,
    logprobs: Truths<'batch>,
    input_tokens: Wholes,
    output_tokens: Wholes,
    status: Wholes,
    refusal: Truths<'batch>,
    decision: Texts<'batch>,
    tree_size: Wholes,
    person: Texts<'batch>,
    seq: Wholes,
    truncated: Truths<'batch>,
    text_bytes: usize,
}

impl<'batch> Rows<'batch> {
    /// Types a batch's columns. A column that is not there is unknown in every
    /// row; one of a type that the file's check would not have let through is
    /// unknown too. A text longer than `text_bytes` makes a bad row.
    pub(crate) fn of(batch: &'batch RecordBatch, text_bytes: usize) -> Self {
        let top = |name: &str| batch.column_by_name(name);
        let inner = |outer: &str, name: &str| top(outer)?.as_struct_opt()?.column_by_name(name);
        let texts = |name: &str| Texts::of(top(name));
        Self {
            id: texts("id"),
            time: Times::of(top("time")),
            account: texts("account"),
            party: Texts::of(top("party").or_else(|| top("org"))),
            api: texts("api"),
            model: texts("model"),
            served_model: texts("served_model"),
            conversation: texts("conversation"),
            messages: Messages::of(top("messages")),
            sketch: texts("sketch"),
            ip: Texts::of(inner("client", "ip")),
            asn: Wholes::of(inner("client", "asn")),
            ja4: Texts::of(inner("client", "ja4")),
            user_agent: Texts::of(inner("client", "user_agent")),
            max_tokens: Wholes::of(inner("params", "max_tokens")),
            temperature: Reals::of(inner("params", "temperature")),
            n: Wholes::of(inner("params", "n")),
            stream: Truths::of(inner("params", "stream")),
            logprobs: Truths::of(inner("params", "logprobs")),
            input_tokens: Wholes::of(inner("usage", "input_tokens")),
            output_tokens: Wholes::of(inner("usage", "output_tokens")),
            status: Wholes::of(inner("outcome", "status")),
            refusal: Truths::of(inner("outcome", "refusal")),
            decision: texts("decision"),
            tree_size: Wholes::of(top("tree_size")),
            person: texts("person"),
            seq: Wholes::of(top("seq")),
            truncated: Truths::of(top("truncated")),
            text_bytes,
        }
    }

    /// Reads the exchange in a row into one whose room is used again; gives how many
    /// bytes of text it holds, or what is wrong with the row: then what was read into
    /// is no row's.
    pub(crate) fn read(&self, row: usize, into: &mut LoggedExchange) -> Result<usize, String> {
        let mut room = Room { left: self.text_bytes, most: self.text_bytes };
        let account = self.account.get(row).unwrap_or_default();
        if account.is_empty() {
            return Err("field `account` is missing or empty".to_owned());
        }
        room.write(account, &mut into.account)?;
        into.time = self.time.get(row)?;
        for (texts, text) in [
            (&self.id, &mut into.id),
            (&self.party, &mut into.party),
            (&self.api, &mut into.api),
            (&self.model, &mut into.model),
            (&self.served_model, &mut into.served_model),
            (&self.conversation, &mut into.conversation),
            (&self.ip, &mut into.client.ip),
            (&self.ja4, &mut into.client.ja4),
            (&self.user_agent, &mut into.client.user_agent),
            (&self.decision, &mut into.decision),
            (&self.person, &mut into.person),
        ] {
            room.write_known(texts.get(row), text)?;
        }
        into.sketch = room.text(self.sketch.get(row))?.map(crate::Sketch::written);
        into.client.asn = narrow(self.asn.get(row, "client.asn")?, "client.asn")?;
        self.messages.read(row, &mut room, &mut into.messages)?;
        into.params = LoggedParams {
            max_tokens: self.max_tokens.get(row, "params.max_tokens")?,
            temperature: self.temperature.get(row),
            n: self.n.get(row, "params.n")?,
            stream: self.stream.get(row),
            logprobs: self.logprobs.get(row),
        };
        into.usage = LoggedUsage {
            input_tokens: self.input_tokens.get(row, "usage.input_tokens")?,
            output_tokens: self.output_tokens.get(row, "usage.output_tokens")?,
        };
        into.outcome = LoggedOutcome {
            status: narrow(self.status.get(row, "outcome.status")?, "outcome.status")?,
            refusal: self.refusal.get(row),
        };
        into.tree_size = self.tree_size.get(row, "tree_size")?;
        into.seq = self.seq.get(row, "seq")?;
        into.truncated = self.truncated.get(row);
        Ok(room.most - room.left)
    }
}

fn narrow<T: TryFrom<u64>>(value: Option<u64>, name: &str) -> Result<Option<T>, String> {
    value.map(|value| T::try_from(value).map_err(|_| format!("field `{name}`: {value} is too large"))).transpose()
}

/// How much text one row may still hold.
struct Room {
    left: usize,
    most: usize,
}

impl Room {
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| format!("longer than the {} bytes allowed", self.most))?;
        Ok(())
    }

    fn text(&mut self, text: Option<&str>) -> Result<Option<String>, String> {
        let Some(text) = text else { return Ok(None) };
        self.take(text.len())?;
        Ok(Some(text.to_owned()))
    }

    /// Writes a text where there may be room for it already.
    fn write(&mut self, text: &str, into: &mut String) -> Result<(), String> {
        self.take(text.len())?;
        if into.capacity() > KEPT_BYTES {
            *into = text.to_owned();
        } else {
            into.clear();
            into.push_str(text);
        }
        Ok(())
    }

    fn write_known(&mut self, text: Option<&str>, into: &mut Option<String>) -> Result<(), String> {
        match text {
            Some(text) => self.write(text, into.get_or_insert_default()),
            None => {
                *into = None;
                Ok(())
            }
        }
    }
}

/// Room of a text that is kept for the next row's; more would add up over many rows.
const KEPT_BYTES: usize = 4 << 10;

/// Messages, as a list of structs or as JSON in a text.
enum Messages<'batch> {
    Json(Texts<'batch>),
    List { list: &'batch ListArray, messages: &'batch StructArray, role: Texts<'batch>, content: Texts<'batch> },
}

impl<'batch> Messages<'batch> {
    fn of(column: Option<&'batch ArrayRef>) -> Self {
        let list = column.and_then(|column| column.as_list_opt::<i32>());
        match list.and_then(|list| Some((list, list.values().as_struct_opt()?))) {
            Some((list, messages)) => {
                let texts = |name: &str| Texts::of(messages.column_by_name(name));
                Messages::List { list, messages, role: texts("role"), content: texts("content") }
            }
            None => Messages::Json(Texts::of(column)),
        }
    }

    fn read(&self, row: usize, room: &mut Room, into: &mut Vec<LoggedMessage>) -> Result<(), String> {
        let mut count = 0;
        match self {
            Messages::Json(texts) => {
                into.clear();
                let Some(text) = texts.get(row) else { return Ok(()) };
                room.take(text.len())?;
                let messages: Option<Vec<LoggedMessage>> =
                    serde_json::from_str(text).map_err(|error| format!("field `messages`: {error}"))?;
                *into = messages.unwrap_or_default();
                return Ok(());
            }
            Messages::List { list, messages, role, content } if !list.is_null(row) => {
                let offsets = list.value_offsets();
                let place = |row: usize| offsets.get(row).and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
                for at in (place(row)..place(row + 1)).filter(|at| !messages.is_null(*at)) {
                    // A message costs its place in memory too.
                    room.take(size_of::<LoggedMessage>())?;
                    if into.len() == count {
                        into.push(LoggedMessage::default());
                    }
                    room.write(role.get(at).unwrap_or_default(), &mut into[count].role)?;
                    room.write(content.get(at).unwrap_or_default(), &mut into[count].content)?;
                    count += 1;
                }
            }
            Messages::List { .. } => {}
        }
        into.truncate(count);
        Ok(())
    }
}
