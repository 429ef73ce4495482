//! Another key for the log.

use weir_acts::act::{Act, public};
use weir_acts::id::LogId;
use weir_tlog::KeyChange;

use super::{Plan, Planner, open};
use crate::command::LogKey;
use crate::refusal::Refusal;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// The longest that a key signs beside its successor, in days.
const MOST_DAYS: u32 = 3_650;

impl Planner<'_> {
    /// The statement must be the present key's own word, so that nobody who
    /// trusts it has to trust anybody else.
    pub(super) fn log_key(&self, command: &LogKey) -> Result<Plan, Refusal> {
        let statement = command.statement.as_deref().ok_or_else(|| Refusal::invalid("there is no new key"))?;
        let change = KeyChange::open(statement).map_err(|error| Refusal::invalid(error.to_string()))?;
        let present = self.state.log_keys.last().map(|key| key.vkey.to_string()).unwrap_or_default();
        if change.old.to_string() != present {
            return Err(Refusal::conflict("the log's key was changed meanwhile: ask again for another one"));
        }
        if command.overlap_days > MOST_DAYS {
            return Err(Refusal::invalid(format!("overlap_days is more than {MOST_DAYS}")));
        }
        let until = self.at.plus_millis(i64::from(command.overlap_days) * MILLIS_PER_DAY);
        let vkey = change.new.to_string();
        let public = public::LogKey { vkey: vkey.clone(), until, statement: statement.to_owned() };
        let log = LogId::from_bytes([0; 10]);
        let mut plan = Plan::one(self.entry(log, Act::LogKey(open(public))), log);
        plan.id = None;
        plan.extras.insert("vkey".into(), vkey.into());
        plan.extras.insert("until".into(), until.to_string().into());
        Ok(plan)
    }
}
