//! What the fold keeps about models, directives, rules and operators: the few
//! things an operator decides over, beside the many that are decided about.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;
use crate::directive::{DirectiveText, Disclosure, ListRows};
use crate::draft::Approvals;
use crate::holder::{Life, Start};
use crate::id::{DirectiveId, ImportId, ModelId, OperatorId, TokenId};
use crate::time::Time;
use crate::value::ValueType;
use crate::words::{Describes, Role, Stage};

/// An import as its act tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Its random id.
    pub id: ImportId,
    /// Index of its act.
    pub act: u64,
    /// How many rows it has.
    pub rows: u64,
    /// The root of their tree.
    pub root: Digest,
    /// When it was done.
    pub at: Time,
    /// With what its rows begin, where any were given to who folds here.
    pub(crate) start: Option<Start>,
}

/// A claim kind as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKind {
    /// The type of its values.
    pub value_type: ValueType,
    /// What it speaks about.
    pub describes: Describes,
    /// Since when it is known.
    pub since: Time,
}

/// One stretch of a model's release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSpan {
    /// From when.
    pub from: Time,
    /// Which stage.
    pub stage: Stage,
    /// The list in force with it.
    pub list: Option<Arc<str>>,
}

/// How a model's use is metered from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterSpan {
    /// From when.
    pub from: Time,
    /// What a token counts against spend; 1 where nothing is said.
    pub weight: Option<u64>,
    /// Most tokens that a request can make it read.
    pub max_input: Option<u64>,
}

/// Something served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its random id.
    pub id: ModelId,
    /// The name callers use.
    pub name: Arc<str>,
    /// Base URL of its server; none where withheld.
    pub upstream: Option<Arc<str>>,
    /// Reference to the server's credential: `env:NAME` or `file:PATH`.
    pub credential: Option<Arc<str>>,
    /// The model it may fall back to.
    pub previous: Option<Arc<str>>,
    /// Digest of the weights.
    pub weights: Option<Digest>,
    /// Most output tokens a request may ask for.
    pub max_output: Option<u64>,
    /// How its use is metered, oldest first.
    pub meters: Vec<MeterSpan>,
    /// From its act to retirement.
    pub life: Life,
    /// Its stages, oldest first; before the first it is sealed.
    pub stages: Vec<StageSpan>,
}

impl Model {
    /// The stage in force at `at`.
    pub fn stage(&self, at: Time) -> Stage {
        self.span(at).map_or(Stage::Sealed, |span| span.stage)
    }

    /// How its use is metered at `at`; none where nobody said.
    pub fn meter(&self, at: Time) -> Option<&MeterSpan> {
        self.meters.iter().rev().find(|meter| meter.from <= at)
    }

    /// The stretch of release in force at `at`.
    pub fn span(&self, at: Time) -> Option<&StageSpan> {
        self.stages.iter().rev().find(|span| span.from <= at)
    }
}

/// A directive from draft to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its random id, the subject of its acts.
    pub id: DirectiveId,
    /// Its text; none where sealed or erased for this reader.
    pub text: Option<Arc<DirectiveText>>,
    /// Who may read it.
    pub disclosure: Disclosure,
    /// Its lists; none where withheld.
    pub lists: Option<Arc<Vec<ListRows>>>,
    /// Digest of the file it was drafted from.
    pub source: Option<Digest>,
    /// Index of the draft.
    pub draft: u64,
    /// Who drafted it.
    pub drafted_by: Arc<str>,
    /// When it was drafted.
    pub drafted: Time,
    /// Who consented to it as drafted.
    pub approvals: Approvals,
    /// When it was dropped.
    pub dropped: Option<Time>,
    /// When it was enacted, by whom, and the commitment where sealed.
    pub enacted: Option<Enacted>,
    /// From taking effect to lifting or amendment.
    pub life: Option<Life>,
    /// By whose word it was lifted, or which directive replaced it.
    pub ended_by: Option<Arc<str>>,
}

/// The circumstances of an enactment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enacted {
    /// When.
    pub at: Time,
    /// Index of the act.
    pub act: u64,
    /// By whom.
    pub by: Arc<str>,
    /// The directive it replaced.
    pub amends: Option<DirectiveId>,
    /// Commitment to a sealed text.
    pub sealed: Option<Digest>,
    /// When the seal was ended by an act.
    pub disclosed: Option<Time>,
}

impl Directive {
    /// What an approval of the draft says it saw: SHA-256 of its text and lists
    /// as JSON. None where either is withheld, or cannot be written.
    pub fn digest(&self) -> Option<Digest> {
        let text = serde_json::to_vec(self.text.as_deref()?).ok()?;
        let lists = serde_json::to_vec(self.lists.as_deref()?).ok()?;
        Some(Digest::of_parts(&[&text, b"\n", &lists]))
    }

    /// Where it stands at `at`, in one word.
    pub fn status(&self, at: Time) -> &'static str {
        match self.life {
            _ if self.dropped.is_some_and(|dropped| dropped <= at) => "dropped",
            None => "draft",
            Some(life) if at < life.from() && life.to.is_none_or(|to| life.from() < to) => "enacted",
            Some(life) if life.holds(at) => "in force",
            Some(_) => "ended",
        }
    }
}

/// A policy and when it was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The Cedar text.
    pub cedar: Arc<str>,
    /// From its act to its removal. Its id is never used again.
    pub life: Life,
}

/// Someone who may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Their random id.
    pub id: OperatorId,
    /// Their name; none where erased.
    pub name: Option<Arc<str>>,
    /// What they may do.
    pub roles: Vec<Role>,
    /// From their act to revocation.
    pub life: Life,
    /// Their tokens: SHA-256 of each and when it held.
    pub tokens: BTreeMap<TokenId, Token>,
}

/// An operator's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the token; none where erased, and then it opens nothing.
    pub digest: Option<Digest>,
    /// From issue to revocation.
    pub life: Life,
}
