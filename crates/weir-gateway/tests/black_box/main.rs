//! The gateway as its callers and its upstreams meet it: over sockets, with a
//! stand-in model server behind it, in a small invented world made of acts.
//!
//! Nothing here waits for time to pass: tests wait for bytes, counters and
//! closes. The few limits of time that are the subject of a test are set so
//! short that their passing is the event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

#[path = "../../../weir-rules/src/scene.rs"]
mod scene;

mod agreement;
mod bodies;
mod caller;
mod headers;
mod house;
mod keeping;
mod leaving;
mod limits;
mod phases;
mod recorder;
mod refusals;
mod routes;
mod settling;
mod sweep;
mod tap;
mod upstreams;
mod verify;
mod withheld;
