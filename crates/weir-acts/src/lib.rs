//! Weir's words as types: acts, the fold over them, and the views that a
//! gateway enforces.
//!
//! Every act of governance is an entry in the log ([`entry`], [`act`]); the
//! state of the world is the fold of the log ([`state`]), which holds
//! intervals and never "now"; what is in force at a moment is a view of that
//! state ([`view`]). Nothing here does I/O or reads a clock.

pub mod act;
pub mod campaign;
pub mod claims;
pub mod digest;
pub mod directive;
pub mod draft;
pub mod entry;
pub mod facts;
pub mod governed;
pub mod hex;
pub mod holder;
pub mod id;
pub mod import;
pub mod issuer;
pub mod key;
pub mod limits;
pub mod person;
pub mod reading;
pub mod records;
pub mod row;
#[cfg(test)]
mod script;
pub mod shards;
pub mod state;
pub mod time;
pub mod value;
pub mod view;
pub mod words;
pub mod world;

pub use act::{Act, Parts};
pub use digest::Digest;
pub use entry::{Entry, EntryError};
pub use state::{Holder, State, Touched};
pub use time::{Clock, Time};
pub use value::{Value, ValueType};
pub use view::View;
pub use world::{Follower, World};
