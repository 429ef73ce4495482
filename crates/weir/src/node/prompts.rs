//! What requests said, sketched on the record writer's thread: never on the
//! request path, and no text outlives its sketch.

use std::collections::HashMap;

use weir_detect::{Recorder, Texts};
use weir_exchange::{DecisionId, ExchangeRecord, Sketch};
use weir_gateway::Said;
use weir_wire::prompt;

/// Between a decision and its exchange.
pub(super) struct Prompts {
    recorder: Recorder,
    /// Not read yet.
    said: HashMap<DecisionId, Said>,
    known: HashMap<DecisionId, Known>,
}

/// What is kept of what a request said.
struct Known {
    sketch: Option<Sketch>,
    conversation: Option<Box<str>>,
    temperature: Option<f64>,
    logprobs: Option<bool>,
}

/// Ids of conversations are some thirty characters; one that long is none.
const LONGEST_CONVERSATION: usize = 256;

impl Prompts {
    /// Sketches under the deployment's key.
    pub(super) fn new(key: [u8; 16]) -> Prompts {
        Prompts { recorder: Recorder::new(key), said: HashMap::new(), known: HashMap::new() }
    }

    /// Takes what requests said; an exchange is owed for each.
    pub(super) fn take(&mut self, said: Vec<(DecisionId, Said)>) {
        self.said.extend(said);
    }

    /// Adds to an exchange what its request said.
    pub(super) fn complete(&mut self, exchange: &mut ExchangeRecord) {
        let known = match self.said.remove(&exchange.id) {
            Some(said) => Some(read(&self.recorder, &said)),
            None => self.known.remove(&exchange.id),
        };
        let Some(known) = known else { return };
        exchange.sketch = known.sketch;
        exchange.conversation = known.conversation;
        exchange.params.temperature = known.temperature;
        exchange.params.logprobs = known.logprobs;
    }

    /// Reads what has not been read, and lets the bodies go. Called when no
    /// request waits for the writer.
    pub(super) fn read_rest(&mut self) {
        for (id, said) in self.said.drain() {
            self.known.insert(id, read(&self.recorder, &said));
        }
    }
}

fn read(recorder: &Recorder, said: &Said) -> Known {
    let prompt = prompt::read(said.api, &said.body);
    let texts =
        Texts { system: prompt.system.as_deref(), first: prompt.first_user.as_deref(), last: prompt.last_user.as_deref() };
    let conversation = prompt.conversation.as_deref().filter(|id| id.len() <= LONGEST_CONVERSATION);
    Known {
        sketch: recorder.sketch(&texts),
        conversation: conversation.map(Into::into),
        temperature: prompt.temperature,
        logprobs: prompt.logprobs,
    }
}
