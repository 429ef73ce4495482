//! Runs the detector over simulated logs, streamed without files, and holds
//! what it found against the truth. The detector and the simulator know nothing
//! of each other; only this crate knows both.

mod apart;
pub mod ask;
pub mod baseline;
pub mod calibrate;
mod compare;
mod data;
mod held_out;
mod line;
mod python;
mod removals;
mod run;
mod score;

pub use apart::apart;
pub use compare::compare;
pub use data::Data;
pub use line::Line;
pub use removals::{Removals, removals};
pub use run::{Run, Watch, run};
pub use score::{CampaignScore, Score, score};
