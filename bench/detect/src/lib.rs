//! Runs the detector over simulated logs, streamed without files, and holds
//! what it found against the truth. The detector and the simulator know nothing
//! of each other; only this crate knows both.

mod run;
mod score;

pub use run::{Run, Watch, run};
pub use score::{CampaignScore, Score, score};
