//! The Friday letter and the one that followed, as directives (contracts.md
//! section 3). The authority, the instrument and the citation are invented.

/// The order's identifier.
pub const FIRST_LETTER_ID: &str = "2026-06-12-order";

/// The amendment's identifier.
pub const SECOND_LETTER_ID: &str = "2026-06-26-readmission";

/// The file name that the second letter gives its appendix; it is read
/// relative to the letter.
pub const APPENDIX_FILE: &str = "appendix-a.csv";

/// Keeps foreign nationals off two models, at once.
#[must_use]
pub fn friday_letter_toml() -> &'static str {
    r#"# The Friday letter: it arrives at 17:21 and takes effect at once.
id = "2026-06-12-order"
authority = "Office of Release Supervision"
instrument = "is-informed letter"
citation = "Frontier Model Code 744.22(b)"
kind = "order"
received = 2026-06-12T17:21:00-04:00
# effective: left out, so it takes effect when it is enacted.
models = ["mythos-5", "fable-5"]
forbid = 'principal.us_person == false'
unknown = "deny"
min_level = 1
answer = "deny"
disclosure = "public"
notice = "Access to this model is limited by order 2026-06-12 of the Office of Release Supervision."
"#
}

/// Readmits the institutions of its appendix to one of the two models, in
/// place of the first letter.
#[must_use]
pub fn second_letter_toml() -> &'static str {
    r#"# The second letter: the first one's order, with an appendix of exceptions.
id = "2026-06-26-readmission"
authority = "Office of Release Supervision"
instrument = "is-informed letter"
citation = "Frontier Model Code 744.22(b)"
kind = "order"
received = 2026-06-26T10:05:00-04:00
models = ["mythos-5", "fable-5"]
forbid = 'principal.us_person == false'
except = [{ list = "appendix-a.csv", models = ["mythos-5"] }]
unknown = "deny"
min_level = 1
answer = "deny"
disclosure = "public"
notice = "Access to this model is limited by order 2026-06-26 of the Office of Release Supervision; the institutions of its appendix A may use mythos-5."
amends = "2026-06-12-order"
"#
}

/// The parties of the demo that the appendix readmits.
#[must_use]
pub fn appendix() -> &'static [&'static str] {
    &["borealis-university", "ember-clinic", "fjord-robotics", "heron-security"]
}

/// An appendix file: one party id a line, no header.
#[must_use]
pub fn appendix_list<Id: AsRef<str>>(parties: &[Id]) -> String {
    parties.iter().flat_map(|party| [party.as_ref(), "\n"]).collect()
}
