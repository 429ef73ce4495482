//! The control plane: commands → checks → acts.
//!
//! A [`command::Command`] is what an operator asks for, in the names people
//! use; planning turns it into the acts that would carry it out, or into a
//! [`refusal::Refusal`] of one sentence that changes nothing.

pub mod audit;
pub mod backup;
pub mod boot;
pub mod clock;
pub mod command;
pub mod directive_file;
pub mod fold_cache;
pub mod http;
pub mod imports;
pub mod key_sets;
pub mod lists;
pub mod log_keys;
pub mod names;
mod outbound;
pub mod plan;
pub mod publish;
pub mod refusal;
pub mod restore;
pub mod secrets;
pub mod service;
pub mod upstream;
pub mod webhooks;
pub mod witnesses;
pub mod writer;

pub use clock::SteadyClock;
pub use command::Command;
pub use refusal::{Refusal, RefusalKind};
pub use service::Control;
