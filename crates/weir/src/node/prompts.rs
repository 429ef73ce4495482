//! What requests said, sketched by who writes the records: where it is long never
//! on a request's thread, and no text outlives its sketch in the clear. Where the rules
//! say that it is kept, it is sealed here too, under a key that is durable by
//! then.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use anyhow::{Context as _, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use weir_control::service::Control;
use weir_detect::{Recorder, Texts};
use weir_exchange::{DecisionId, ExchangeRecord, KeptText, Sketch, Words};
use weir_gateway::{KeepText, Said};
use weir_wire::prompt;

/// Between a decision and its exchange.
pub(super) struct Prompts {
    recorder: Recorder,
    keeper: Keeper,
    /// Not read yet.
    said: ById<Said>,
    known: ById<Known>,
}

/// A table by ids that this process gave one after the other: they need no hash that
/// nobody can foresee.
type ById<T> = HashMap<DecisionId, T, BuildHasherDefault<Spread>>;

/// Spreads numbers that follow each other.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        // The golden ratio: high bits and low ones differ from one number to the next.
        self.0 = (self.0.rotate_left(32) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// What is kept of what a request said.
struct Known {
    sketch: Option<Sketch>,
    text: Option<KeptText>,
    conversation: Option<Box<str>>,
    temperature: Option<f64>,
    logprobs: Option<bool>,
}

/// Ids of conversations are some thirty characters; one that long is none.
const LONGEST_CONVERSATION: usize = 256;

impl Prompts {
    /// Sketches under the deployment's key.
    pub(super) fn new(key: [u8; 16], keeper: Keeper) -> Prompts {
        Prompts { recorder: Recorder::new(key), keeper, said: ById::default(), known: ById::default() }
    }

    /// Whether what this request said takes time to read or to seal, and was not
    /// read yet.
    pub(super) fn is_heavy(&self, id: DecisionId) -> bool {
        self.said.get(&id).is_some_and(Said::is_heavy)
    }

    /// Takes what requests said; an exchange is owed for each.
    pub(super) fn take(&mut self, said: Vec<(DecisionId, Said)>) {
        self.said.extend(said);
    }

    /// Adds to an exchange what its request said.
    pub(super) fn complete(&mut self, exchange: &mut ExchangeRecord) {
        let known = match self.said.remove(&exchange.id) {
            Some(said) => Some(read(&self.recorder, &mut self.keeper, exchange.id, &said)),
            None => self.known.remove(&exchange.id),
        };
        let Some(known) = known else { return };
        exchange.sketch = known.sketch;
        exchange.text = known.text;
        exchange.conversation = known.conversation;
        exchange.params.temperature = known.temperature;
        exchange.params.logprobs = known.logprobs;
    }

    /// Reads what has not been read, and lets the bodies go. Called when no
    /// request waits for the writer.
    pub(super) fn read_rest(&mut self) {
        for (id, said) in self.said.drain() {
            self.known.insert(id, read(&self.recorder, &mut self.keeper, id, &said));
        }
    }
}

fn read(recorder: &Recorder, keeper: &mut Keeper, id: DecisionId, said: &Said) -> Known {
    let prompt = prompt::read(said.api, &said.body);
    let texts = Texts {
        system: prompt.system.as_deref(),
        first: prompt.first_user.as_deref(),
        before: prompt.user_before.as_deref(),
        turns: u32::try_from(prompt.user_turns).unwrap_or(u32::MAX),
        last: prompt.last_user.as_deref(),
    };
    let conversation = prompt.conversation.as_deref().filter(|id| id.len() <= LONGEST_CONVERSATION);
    Known {
        sketch: recorder.sketch(&texts),
        text: said.keep_text.and_then(|keep| keeper.keep(id, keep, &texts)),
        conversation: conversation.map(Into::into),
        temperature: prompt.temperature,
        logprobs: prompt.logprobs,
    }
}

/// Seals texts that are kept.
pub(super) struct Keeper {
    control: Control,
    kept: Counter,
    lost: Counter,
    has_failed: bool,
}

impl Keeper {
    /// With the keys of the control plane's folder.
    pub(super) fn new(control: Control, registry: &mut Registry) -> Keeper {
        let (kept, lost) = (Counter::default(), Counter::default());
        registry.register("weir_texts_kept", "Requests whose texts were sealed into their records", kept.clone());
        let help = "Requests whose texts were to be kept, and were not, because no key could be had";
        registry.register("weir_texts_lost", help, lost.clone());
        Keeper { control, kept, lost, has_failed: false }
    }

    fn keep(&mut self, id: DecisionId, keep: KeepText, texts: &Texts<'_>) -> Option<KeptText> {
        let words = Words::of(texts.system, texts.first, texts.last);
        if words.is_empty() {
            return None;
        }
        let sealed = self.seal(id, keep, &words);
        match &sealed {
            Ok(sealed) => {
                self.has_failed = false;
                self.kept.inc_by(u64::from(sealed.is_some()));
            }
            Err(error) => {
                self.lost.inc();
                if !std::mem::replace(&mut self.has_failed, true) {
                    tracing::error!(error = format!("{error:#}"), "texts that are to be kept cannot be sealed, and are not kept");
                }
            }
        }
        sealed.ok().flatten()
    }

    fn seal(&self, id: DecisionId, keep: KeepText, words: &Words<'_>) -> Result<Option<KeptText>> {
        let key = self.control.text_key(keep.account, keep.until).context("there is no key for it")?;
        let seal = |(day, key): (String, weir_store::text_keys::TextKey)| words.seal(&key, &day, &id.exchange());
        Ok(key.map(seal).transpose()?)
    }
}
