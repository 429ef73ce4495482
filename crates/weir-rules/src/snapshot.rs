//! A view with the rules in force at its moment: all that a gateway needs to
//! decide, immutable and shared.

use std::sync::Arc;

use weir_acts::view::Class;
use weir_acts::words::MeasureKind;
use weir_acts::{Time, View, World};

use crate::decision::Verdict;
use crate::policies::{CompileError, Policies};

/// What is in force from one moment until the next change.
///
/// Invariant: `policies` were compiled for a moment from which nothing about
/// rules, models or directives changed up to `view.at`.
#[derive(Debug, Clone)]
pub struct Snapshot {
    view: View,
    policies: Arc<Policies>,
}

impl Snapshot {
    /// A view with policies already compiled for it.
    pub fn new(view: View, policies: Arc<Policies>) -> Snapshot {
        Snapshot { view, policies }
    }

    /// What is in force in `world` at its own moment.
    ///
    /// # Errors
    /// When a rule in force is not a policy.
    pub fn of(world: &World) -> Result<Snapshot, CompileError> {
        let policies = Policies::compile(world.state(), world.view().at)?;
        Ok(Snapshot::new(world.view().clone(), Arc::new(policies)))
    }

    /// What was or will be in force at `time`, as far as `world` knows. Its
    /// classes compare with those of the world's other snapshots.
    ///
    /// # Errors
    /// When a rule in force at that time is not a policy.
    pub fn at_time(world: &World, time: Time) -> Result<Snapshot, CompileError> {
        Snapshot::of(&world.at(time))
    }

    /// The facts in force.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The rules in force.
    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// How many acts were folded.
    pub fn tree_size(&self) -> u64 {
        self.view.size
    }

    /// From when it holds.
    pub fn at(&self) -> Time {
        self.view.at
    }

    /// Whether it may answer for a request at `now`.
    pub fn covers(&self, now: Time) -> bool {
        self.view.covers(now)
    }

    /// The model that answers `class` in place of `model` where `verdict` denies
    /// that one and lets the previous model answer, with the verdict on it: one
    /// hop, decided afresh. A measure `fallback` is carried out by this hop and
    /// does not stand in its way; everything else does.
    pub fn fall_back(&self, class: Class, model: &str, verdict: &Verdict) -> Option<(Arc<str>, Arc<Verdict>)> {
        if !verdict.fallback {
            return None;
        }
        let previous = self.view.model(model)?.previous.as_ref().filter(|previous| ***previous != *model)?;
        let afresh = self.decide(self.class_of_fallback(class), previous);
        afresh.permits().then(|| (Arc::clone(previous), afresh))
    }

    /// The class under which a fallback for `class` is decided.
    pub fn class_of_fallback(&self, class: Class) -> Class {
        self.view.class_without(class, MeasureKind::Fallback)
    }

    /// What `class` may do with `model`; from the cache where this class was
    /// decided before under the same rules.
    pub fn decide(&self, class: Class, model: &str) -> Arc<Verdict> {
        self.policies.decide(&self.view, class, model)
    }
}
