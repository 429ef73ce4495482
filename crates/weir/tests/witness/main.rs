//! `weir witness` as a process of its own: what it answers, word for word as
//! c2sp.org/tlog-witness says, what it remembers, and what it leaves in its
//! folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../../../weir-tlog/tests/interop/go.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod go;
#[path = "../process/witness.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod witness;

mod protocol;
