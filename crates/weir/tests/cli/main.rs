//! The program from the outside: what people type, what is then asked of the
//! server, what they read, and the exit code that scripts go by.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as tests do")]

mod audits;
mod changes;
mod program;
mod questions;
mod stub;
mod upgrade;
mod usage;
mod verify;
mod withheld;
