//! What time alone brings about: seals end, jumps of the machine's clock are
//! told, and the clock's high-water mark is kept. The program calls
//! [`Control::tick`] about once a second.

use weir_acts::act::{Act, Parts, SealedText, public};
use weir_acts::directive::Disclosure;
use weir_acts::entry::{BY_WEIR, Entry};
use weir_acts::governed::Directive;
use weir_acts::{Clock as _, Time};

use super::Control;
use crate::boot::{keep_high_water, read_entry};
use crate::clock::Jump;
use crate::refusal::Refusal;
use crate::writer::JobPlan;

impl Control {
    /// Does what is due; an error is logged and tried again with the next call.
    pub async fn tick(&self) {
        match self.inner.clock.take_jump() {
            Some(Jump::Ahead(by)) => tracing::warn!(by_ms = by, "the machine's clock jumped ahead; Weir's followed"),
            Some(Jump::Back(by)) => {
                tracing::error!(by_ms = by, "the machine's clock is behind what Weir has seen; Weir's goes on");
            }
            None => {}
        }
        self.look_after_uploads();
        self.keep_fold_beside();
        if let Err(error) = self.end_seals().await {
            tracing::error!(%error, "a seal could not be ended");
        }
        if let Err(error) = self.age_out().await {
            tracing::error!(%error, "files of records past their time could not be deleted");
        }
        if let Err(error) = self.age_out_exchanges().await {
            tracing::error!(%error, "files of exchanges past their time could not be deleted");
        }
        self.age_out_texts().await;
        if let Some(why) = self.erased().await {
            tracing::error!("an erasure: {why}");
        }
    }

    /// Keeps the clock's high-water mark, so that a restart goes on from it.
    /// Writes to disk: about every ten seconds is often enough.
    pub fn keep_clock(&self) {
        if let Err(error) = keep_high_water(&**self.store(), self.inner.clock.now()) {
            tracing::error!(%error, "the clock's high-water mark was not kept");
        }
    }

    /// Discloses every directive whose seal has run out.
    async fn end_seals(&self) -> Result<(), Refusal> {
        let (published, now) = (self.published(), self.now());
        for directive in published.state.directives.values().filter(|directive| seal_has_ended(directive, now)) {
            let Some(text) = self.sealed_text(directive)? else { continue };
            let id = directive.id;
            let planned = Box::new(move |_: &weir_acts::State, at: Time| {
                let entry = Entry {
                    at,
                    by: BY_WEIR.to_owned(),
                    approvals: Vec::new(),
                    subject: id.to_string(),
                    basis: None,
                    act: Act::DirectiveDisclose(Parts { public: public::DirectiveDisclose { text }, private: None }),
                };
                Ok(JobPlan { entries: vec![entry], answer: None, import: None })
            });
            self.write(planned).await?;
        }
        Ok(())
    }

    fn sealed_text(&self, directive: &Directive) -> Result<Option<SealedText>, Refusal> {
        let Some(enacted) = &directive.enacted else { return Ok(None) };
        let cannot =
            |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the sealed text cannot be read: {error}"));
        let Some(stored) = self.store().entry(enacted.act).map_err(|error| cannot(&error))? else { return Ok(None) };
        let entry = read_entry(&stored).map_err(|error| cannot(&error))?;
        Ok(match entry.act {
            Act::DirectiveEnact(parts) => parts.private.and_then(|private| private.text),
            _ => None,
        })
    }
}

fn seal_has_ended(directive: &Directive, now: Time) -> bool {
    let due = matches!(directive.disclosure, Disclosure::SealedUntil(until) if until <= now);
    due && directive.enacted.as_ref().is_some_and(|enacted| enacted.sealed.is_some() && enacted.disclosed.is_none())
}
