//! What of the ledger outlives the process: windows of an hour or more. What
//! is held by requests under way is kept as if it were used, since after a
//! crash nobody knows how far they came.

use weir_acts::Time;
use weir_acts::limits::Window;

use super::meter::{Field, Meter};
use super::{Ledger, Scope, lock};

/// What a kept count is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeptField {
    /// Requests.
    Requests,
    /// Tokens.
    Tokens,
    /// Spend.
    Spend,
}

impl KeptField {
    const ALL: [KeptField; 3] = [KeptField::Requests, KeptField::Tokens, KeptField::Spend];

    /// The word it is kept under.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeptField::Requests => "requests",
            KeptField::Tokens => "tokens",
            KeptField::Spend => "spend",
        }
    }

    /// The field of a word.
    pub fn of_word(word: &str) -> Option<KeptField> {
        KeptField::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

/// What one scope took in one part of a window. It replaces what was kept
/// before for the same scope, field and window as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose: `account:ID`, `party:ID`, `stage:STAGE` or `rule:ACCOUNT:RULE`.
    pub scope: String,
    /// Of what.
    pub field: KeptField,
    /// Over which window.
    pub window: Window,
    /// Which parts of time, by number, and how much in each.
    pub parts: Vec<(i64, u64)>,
    /// What requests under way hold.
    pub held: u64,
    /// When none of it counts any more.
    pub until: Time,
}

/// Whether a window is kept.
const fn is_kept(window: Window) -> bool {
    window.millis() >= Window::Hour.millis()
}

impl Ledger {
    /// What changed since this was last asked.
    pub(crate) fn take_changed(&self) -> Vec<Kept> {
        let mut changed = Vec::new();
        for entry in &self.meters {
            let mut meter = lock(entry.value());
            if std::mem::take(&mut meter.is_changed) {
                kept_of(entry.key(), &meter, &mut changed);
            }
        }
        changed
    }

    /// Marks everything as changed: what was taken for keeping was not kept.
    pub(crate) fn keep_again(&self) {
        for entry in &self.meters {
            lock(entry.value()).is_changed = true;
        }
    }

    /// Puts back what was kept before a restart.
    pub(crate) fn restore(&self, kept: &[Kept], now: Time) {
        for kept in kept.iter().filter(|kept| is_kept(kept.window)) {
            let Ok(scope) = kept.scope.parse::<Scope>() else { continue };
            let meter = self.meter(&scope);
            let mut meter = lock(&meter);
            let ring = meter.ring(kept.field, kept.window, now);
            for (part, amount) in &kept.parts {
                ring.restore(*part, *amount);
            }
            ring.add(kept.held);
            meter.is_changed = true;
        }
    }
}

fn kept_of(scope: &Scope, meter: &Meter, all: &mut Vec<Kept>) {
    let fields: [(KeptField, &Field); 3] =
        [(KeptField::Requests, &meter.requests), (KeptField::Tokens, &meter.tokens), (KeptField::Spend, &meter.spend)];
    for (field, counted) in fields {
        for ring in counted.rings.iter().filter(|ring| is_kept(ring.window)) {
            all.push(Kept {
                scope: scope.to_string(),
                field,
                window: ring.window,
                parts: ring.parts().collect(),
                held: counted.held,
                until: ring.until(),
            });
        }
    }
}
