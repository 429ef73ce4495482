//! The rules in force at a moment, compiled. (Being built.)

use std::sync::Arc;

use weir_acts::view::Class;
use weir_acts::{State, Time, View};

use crate::decision::Verdict;

/// The rules in force, indexed by model, with a cache of verdicts by class.
#[derive(Debug)]
pub struct Policies {}
