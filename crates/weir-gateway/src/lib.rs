//! The data plane: a gateway that stands between callers and model servers and
//! enforces the snapshot in force.
//!
//! [`request`] lists the phases of a request's life; each is a file under
//! `phases/`. What an acknowledgement rests on is in three small files: the
//! `board` (register, load, decide, swap, sweep), the `flight` (a request,
//! decided again), and the `gate` (the last door before a client's socket).
//! No storage and no HTML here; the program wires those in through the traits
//! [`Recorder`], [`Objects`] and [`OtherRoutes`].

mod answer;
mod board;
mod bounds;
mod client;
mod client_stream;
mod config;
mod flight;
mod framing;
mod gate;
mod gateway;
mod ids;
mod ledger;
mod measures;
mod metering;
mod metrics;
mod objects;
mod origin;
mod other;
mod persons;
mod phases;
mod primitives;
mod recorder;
mod request;
mod tls;
mod upstream;
mod worker;

pub use answer::{BoxError, OtherBody};
pub use config::{GatewayConfig, Limits, Network, NetworkError, TlsFiles, UpstreamConfig};
pub use flight::Stand;
pub use gateway::{Drained, Gateway, GatewayError, GatewayHandle, InFlight, Parts};
pub use ids::DecisionIds;
pub use ledger::{Kept, KeptField, Used};
pub use objects::{Made, NoObjects, Objects};
pub use other::{NoOtherRoutes, OtherFuture, OtherRoutes};
pub use persons::{AccountNames, PersonsConfig};
pub use recorder::{KeepText, Place, RecordQueue, Recorder, Said, Taken, Unavailable, UntilDurable};
pub use tls::{TlsError, server_config};
pub use upstream::{AuthoritiesError, TargetError};
