//! Rules over releases: stages, grants and directives as Cedar policies, and
//! decisions under them.
//!
//! A [`Snapshot`] is a view of the facts with the [`Policies`] in force; a
//! gateway asks it what a decision class may do with a model. Conditions of
//! directives are read in three values ([`condition`]) and compiled to guarded
//! Cedar ([`directive`]). Nothing here does I/O or reads a clock.

pub mod authority;
pub mod automatic;
mod base;
pub mod check;
pub mod condition;
pub mod decision;
pub mod directive;
pub mod enforce;
mod entities;
pub mod explain;
mod obligations;
pub mod policies;
pub mod preview;
pub mod retention;
pub mod rule;
#[cfg(test)]
mod scene;
pub mod schema;
pub mod snapshot;
pub mod upgrade;

pub use authority::{ActFacts, Authority, Refusal, hours_of};
pub use automatic::Automatic;
pub use base::{base_rules, reserved_directive_id};
pub use check::{RuleChange, RuleFile, RulesError, change_rules, check_rules};
pub use condition::{CompiledCondition, Condition, ConditionError, Three, nearest};
pub use decision::{Denial, Effect, RuleLimit, RuleWithhold, Verdict, Withheld};
pub use enforce::{Enforce, Swept};
pub use explain::{Explanation, explain, who_can};
pub use policies::{Alarm, CompileError, MEASURE_WITHHOLD, Policies};
pub use preview::{Preview, preview};
pub use schema::{BASE_KINDS, KindNameError, check_kind_name, reserved_kind};
pub use snapshot::Snapshot;
pub use upgrade::{Otherwise, Upgrade, lacking_for, upgrade};
