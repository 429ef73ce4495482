//! Invented parties, accounts, claims and models, as plain data.
//!
//! The demo seeds a dozen parties that a reader can hold in the head, with
//! every kind of answer to a directive among them: named, not named, and
//! unknown for want of a claim or because two verifiers disagree. Tests and
//! benchmarks draw populations of any size from a seed. Nothing here knows the
//! rest of Weir: whoever uses it turns it into acts. All names are made up, and
//! the jurisdictions are codes that ISO 3166 leaves to its users (XA to XF).

mod demo;
mod letters;
mod scaled;

pub use demo::{models, parties};
pub use letters::{
    APPENDIX_FILE, FIRST_LETTER_ID, SECOND_LETTER_ID, appendix, appendix_list, friday_letter_toml, second_letter_toml,
};
pub use scaled::{Scaled, scaled, scaled_appendix};

/// Whether a party is an institution or a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyKind {
    /// A company, university, agency or the like.
    Institution,
    /// One human being.
    Person,
}

impl PartyKind {
    /// The word used on the command line and in acts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Institution => "institution",
            Self::Person => "person",
        }
    }
}

/// The value of a claim, in the four types that a claim kind can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A text.
    String(String),
    /// Some texts, sorted, each once.
    Set(Vec<String>),
}

/// A claim to be made about a party or an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimSeed {
    /// The claim's kind, one that the base rules declare.
    pub kind: &'static str,
    /// Its value.
    pub value: ClaimValue,
    /// Its assurance level, 0 to 3.
    pub level: u8,
    /// Who verified it.
    pub by: &'static str,
    /// The digest of the (invented) evidence: 64 hexadecimal digits.
    pub evidence: String,
}

/// An account of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSeed {
    /// Its name within the party.
    pub name: String,
    /// Claims about whoever calls with it: `us_person` and `nationalities`.
    pub claims: Vec<ClaimSeed>,
}

/// A grant to a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantSeed {
    /// The model it is for.
    pub model: &'static str,
    /// Its purpose: `defence`, `evaluation` or another word.
    pub purpose: &'static str,
}

/// A party with everything that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartySeed {
    /// Its identifier, as on the command line.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: PartyKind,
    /// Claims about the party: `jurisdiction`, `kyb_level` and `sector`.
    pub claims: Vec<ClaimSeed>,
    /// Its accounts, at least one.
    pub accounts: Vec<AccountSeed>,
    /// Its grants.
    pub grants: Vec<GrantSeed>,
}

impl PartySeed {
    /// `PARTY/NAME` of one of its accounts.
    #[must_use]
    pub fn label(&self, account: &AccountSeed) -> String {
        format!("{}/{}", self.id, account.name)
    }
}

/// A model to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSeed {
    /// Its identifier.
    pub id: &'static str,
    /// The model it may fall back to.
    pub previous: Option<&'static str>,
    /// How far it is released.
    pub stage: &'static str,
}

/// What some claims say of one kind, as contracts.md section 3 reads them:
/// claims under `min_level` do not count, the highest level decides, and
/// claims that disagree there leave it unknown (`None`).
///
/// Written down here again, from the text and apart from the code that
/// enforces it, so that tests can hold the two against each other.
#[must_use]
pub fn settled<'claims>(claims: &'claims [ClaimSeed], kind: &str, min_level: u8) -> Option<&'claims ClaimValue> {
    let counted = || claims.iter().filter(|claim| claim.kind == kind && claim.level >= min_level);
    let highest = counted().map(|claim| claim.level).max()?;
    let mut deciding = counted().filter(|claim| claim.level == highest).map(|claim| &claim.value);
    let first = deciding.next()?;
    deciding.all(|value| value == first).then_some(first)
}

/// Makes claims with invented evidence; shared by the demo and the scaled
/// population.
fn claim(kind: &'static str, value: ClaimValue, level: u8, by: &'static str, evidence_seed: u64) -> ClaimSeed {
    let mut random = crate::random::SeededRandom::new(evidence_seed);
    let evidence = (0..4).map(|_| format!("{:016x}", random.next_bits())).collect();
    ClaimSeed { kind, value, level, by, evidence }
}

#[cfg(test)]
mod tests;
