//! Finds the accounts that act as one in a log of exchanges.
//!
//! Three questions, and a finding only when all hold: *linkage* (do these
//! accounts have one operator?), *harvest* (does their joint work build a
//! training set?), *concealment* (is the common operator hidden?). The verdict
//! is an accusation, so it is made as one would have to defend it: what chose a
//! group never judges it. Time is cut into epochs; candidates come from epochs
//! that are over, evidence from the next, and the factors multiply into an
//! e-process whose chance of ever crossing its threshold under the null is
//! bounded, over all candidates ever born and however often one looks.
//!
//! The life of an exchange here: [`Sketcher::sketch`] (any thread) →
//! [`Intake::take`] (which epoch, or too late) → [`EpochProfile`] (an exact
//! commutative monoid) → [`Detector::fold`] (epoch after epoch) →
//! [`Detector::findings`]. Pure: no clock, no files, and no randomness but the
//! given key. Batch and streaming are the same fold.

mod anchor;
mod bet;
mod birth;
mod candidate;
mod cleared;
mod constants;
mod detector;
mod dossier;
mod epoch;
mod evidence;
mod fills;
mod findings;
mod footprint;
mod hash;
mod intake;
mod judge;
mod launch;
mod leave_out;
mod likeness;
mod member;
mod picture;
mod primed;
mod profile;
mod propose;
mod recorded;
mod settings;
mod sharing;
mod shed;
mod sketch;
mod standing;
mod state;
mod text;
mod unit;
mod watch;

pub use detector::{Detector, FoldError, RestoreError, UnderTest};
pub use dossier::*;
pub use epoch::Stage;
pub use findings::Findings;
pub use footprint::Footprint;
pub use intake::Intake;
pub use leave_out::UnknownPiece;
pub use picture::*;
pub use profile::EpochProfile;
pub use recorded::{Recorder, Texts};
pub use settings::{Settings, Trial, Without};
pub use sketch::{Sketched, Sketcher};
pub use watch::Health;
