//! Traffic: the gentle kind that keeps a demo alive, and the measured kind
//! that benchmarks are made of.
//!
//! Both speak HTTP/1.1 over plain sockets with a reader of their own
//! ([`ReplyReader`]), so that a measurement holds the gateway's work and not a
//! client library's.

mod connection;
mod crowd;
mod generator;
mod live;
mod reply;
mod samples;

pub use crowd::{Crowd, CrowdConfig, CrowdCounts};
pub use generator::{LoadError, OpenLoop, Target, closed_loop, open_loop};
pub use live::{Caller, CallerCounts, Live, LiveConfig, LiveError};
pub use reply::{ReplyError, ReplyReader};
pub use samples::{Run, Sample, Summary};
