//! Key sets of issuers that changed where they are published.

use tokio::sync::oneshot;
use weir_acts::entry::BY_WEIR;
use weir_acts::id::IssuerId;
use weir_acts::state::State;
use weir_acts::{Digest, Time};

use super::Control;
use crate::refusal::Refusal;
use crate::writer::{Job, JobPlan, Planned};

impl Control {
    /// Makes `set` the key set of an issuer. Blocks until it is in force; not
    /// to be called from a runtime's thread.
    ///
    /// # Errors
    /// When the issuer is removed or the act could not be made durable.
    pub(crate) fn issuer_keys_changed(&self, id: IssuerId, set: String) -> Result<(), Refusal> {
        let control = self.clone();
        tracing::info!(issuer = %id, keys = %Digest::of(set.as_bytes()), "the issuer's key set is another");
        let plan: Planned = Box::new(move |state: &State, at: Time| {
            let plan = control.planner(state, at, BY_WEIR).issuer_keys(id, set)?;
            Ok(JobPlan { entries: plan.entries, answer: None, import: None })
        });
        let (reply, answered) = oneshot::channel();
        let gone = || Refusal::unavailable("this server is stopping; nothing was changed");
        self.jobs().ok_or_else(gone)?.send(Job { plan, reply }).map_err(|_| gone())?;
        answered.blocking_recv().map_err(|_| gone())?.map(drop)
    }

    /// `PARTY/NAME` of an account.
    pub fn account_label(&self, id: weir_acts::id::AccountId) -> String {
        self.published().state.account_label(id)
    }
}
