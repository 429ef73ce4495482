//! What the page draws of one finding beyond its dossier: a raster of accounts
//! by time, the network of what members share, the texts, ordinary accounts to
//! compare with, and growth. Plain data, chosen and bounded by the detector,
//! so that the page needs neither the log nor the profiles.
//!
//! Every string here may come from a log and is hostile; the page escapes it.
//! Bounds are advice for the one who fills it: the page draws what it is given
//! and says how much was left out.

use serde::{Deserialize, Serialize};
use weir_acts::Time;

use crate::dossier::Role;

/// Rows of a raster that fit a page: members and associated accounts.
pub const RASTER_ACCOUNTS: usize = 240;
/// Ordinary accounts drawn below them for comparison.
pub const RASTER_ORDINARY: usize = 24;
/// Columns of a raster. Choose a step so that there are no more.
pub const RASTER_STEPS: u32 = 360;
/// Accounts drawn in a network.
pub const NETWORK_ACCOUNTS: usize = 240;
/// Shared values drawn in a network.
pub const NETWORK_VALUES: usize = 40;
/// The longest text kept of a message, in bytes.
pub const TEXT_BYTES: usize = 4 << 10;

/// The picture of one finding.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The finding's id, as in its dossier.
    pub campaign: String,
    /// When each account sent what.
    pub raster: Raster,
    /// What members share.
    pub network: Network,
    /// Its templates with real texts, in the order of the dossier's families.
    pub templates: Vec<TemplateTexts>,
    /// Exchanges of members, each beside a matched ordinary account's.
    pub compared: Vec<Compared>,
    /// How it grew: cumulative, one point an epoch or coarser, in time order.
    pub growth: Vec<Growth>,
}

/// When each account sent what: rows of accounts, columns of equal time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Raster {
    /// Where column 0 begins.
    pub from: Time,
    /// How long a column is, in seconds; not 0.
    pub step_seconds: u64,
    /// How many columns.
    pub steps: u32,
    /// The rows, in the order in which they are to be drawn; ordinary accounts
    /// last.
    pub rows: Vec<RasterRow>,
    /// Members and associated accounts for which there was no room.
    pub left_out: u64,
    /// Moments to mark, for example an enforcement or the launch of a model.
    pub marks: Vec<Mark>,
}

/// One account's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RasterRow {
    /// The account.
    pub account: String,
    /// What it is to the finding; none for an ordinary account that is drawn
    /// for comparison.
    pub role: Option<Role>,
    /// Columns in which it sent anything, ascending.
    pub cells: Vec<Cell>,
    /// The column in which the account was closed, where it was.
    pub closed: Option<u32>,
}

/// What an account sent in one column. Written as `[step, joint, other]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, u32)", into = "(u32, u32, u32)")]
pub struct Cell {
    /// The column.
    pub step: u32,
    /// Joint exchanges.
    pub joint: u32,
    /// The account's other exchanges.
    pub other: u32,
}

impl From<(u32, u32, u32)> for Cell {
    fn from((step, joint, other): (u32, u32, u32)) -> Cell {
        Cell { step, joint, other }
    }
}

impl From<Cell> for (u32, u32, u32) {
    fn from(cell: Cell) -> (u32, u32, u32) {
        (cell.step, cell.joint, cell.other)
    }
}

/// A moment to mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Time,
    /// What happened, in a few words.
    pub what: String,
}

/// What members share with each other, and with others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Shared values, the most telling first.
    pub values: Vec<SharedValue>,
    /// Accounts drawn.
    pub accounts: Vec<NetworkAccount>,
    /// Members and associated accounts for which there was no room.
    pub left_out: u64,
}

/// A value that several accounts show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedValue {
    /// Its dependence block, as in the dossier's evidence: `network`,
    /// `client`, `payment`, `text`, `time` or `life`.
    pub block: String,
    /// What kind of value: `ip prefix`, `ja4`, `payment`, `e-mail domain`, `template` ...
    pub kind: String,
    /// The value, or a keyed hash of it where the log is to stay unread.
    pub value: String,
    /// Accounts of the finding that show it.
    pub inside: u64,
    /// Accounts outside that show it.
    pub outside: u64,
}

/// An account in the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkAccount {
    /// The account.
    pub account: String,
    /// What it is to the finding.
    pub role: Role,
    /// Which of the values it shows, as places in [`Network::values`],
    /// ascending.
    pub values: Vec<u32>,
}

/// A template and some of the texts that show it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateTexts {
    /// The template in pieces.
    pub pieces: Vec<Piece>,
    /// Real texts with the same pieces, with what stood in the slots.
    pub texts: Vec<FilledText>,
    /// Accounts of the finding that show it.
    pub inside: u64,
    /// Accounts outside that show it.
    pub outside: u64,
    /// Distinct fills seen.
    pub fills: u64,
    /// Fills seen more than once, and how many repeats a family of the kind
    /// that is innocent would have had.
    pub repeats: u64,
    /// See [`TemplateTexts::repeats`]; none where no reference predicts it.
    pub repeats_expected: Option<f64>,
}

/// A piece of a template or of a text that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// Text that stays the same.
    Fixed(String),
    /// A slot: in a template an example or nothing, in a text what stood there.
    Slot(String),
}

/// A real text of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledText {
    /// The exchange's id, where the log has one.
    pub exchange: Option<String>,
    /// The account.
    pub account: String,
    /// The text in pieces.
    pub pieces: Vec<Piece>,
}

/// A member's exchange beside one of an ordinary account that was matched to
/// it (same plan, age, hour of week and volume, as far as known).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The member's.
    pub member: Shown,
    /// The ordinary account's.
    pub ordinary: Option<Shown>,
    /// What they were matched by, in words.
    pub matched_by: String,
}

/// An exchange to read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Its id, where the log has one.
    pub exchange: Option<String>,
    /// The account.
    pub account: String,
    /// When it came.
    pub time: Time,
    /// The model asked for.
    pub model: Option<String>,
    /// Output tokens.
    pub output_tokens: Option<u64>,
    /// What was sent, oldest first, each text cut to [`TEXT_BYTES`].
    pub messages: Vec<ShownMessage>,
    /// Whether it belongs to the joint work.
    pub joint: bool,
}

/// One message of an exchange to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownMessage {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// Its text.
    pub text: String,
    /// Bytes of it that were cut off.
    pub cut: u64,
}

/// How far a finding had come at a moment; all cumulative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The moment: an epoch's end.
    pub at: Time,
    /// Accounts that had taken part.
    pub accounts: u64,
    /// Joint exchanges.
    pub exchanges: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// The linkage e-process, as a logarithm to base 2, where it ran.
    pub log2_e: Option<f64>,
}
