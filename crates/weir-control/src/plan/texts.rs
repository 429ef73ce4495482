//! Planning the reading of a kept text that others approved. Whose text it is
//! was looked up when it was asked for; the words are handed over later.

use weir_acts::act::{Act, private, public};
use weir_exchange::DecisionId;

use super::{Plan, Planner, parts};
use crate::command::TextRead;
use crate::names::check_text;
use crate::refusal::Refusal;

impl Planner<'_> {
    pub(super) fn text_read(&self, command: &TextRead) -> Result<Plan, Refusal> {
        check_text("the reason", &command.reason, 2_000)?;
        let id = DecisionId::of_exchange(&command.exchange).map_err(|error| Refusal::invalid(error.to_string()))?;
        let exchange = id.exchange();
        let account = self.state.accounts.get(&command.account);
        if account.is_none_or(|account| account.handle.is_none()) {
            let gone = format!("the account of {exchange} was erased, and the key of its text with it");
            return Err(Refusal::conflict(gone));
        }
        let private = private::TextRead { reason: command.reason.clone() };
        let act = Act::TextRead(parts(public::TextRead { exchange: exchange.clone() }, private));
        let mut plan = Plan::one(self.entry(command.account, act), &exchange);
        plan.warnings.push(format!(
            "the text is handed to who asked for it, once and within 24 hours, by `weir exchange text {exchange}`"
        ));
        Ok(plan)
    }
}
