//! The rules every Weir starts with. They enter the log with its first acts;
//! from then on `State.rules` is the truth, and these texts only serve to
//! recognise them.

use weir_acts::act::PolicyText;

const ACCESS: &str = include_str!("../rules/base.cedar");
const AUTHORITY: &str = include_str!("../rules/authority.cedar");

/// Prefixes of rule ids that only the base rules may bear.
pub(crate) const RESERVED_PREFIXES: &[&str] = &["stage/", "measure/", "account/", "grant/", "weir/", "limit/"];

/// Rules of authority bear this prefix; they say who may do which act.
pub(crate) const AUTHORITY_PREFIX: &str = "authority/";

/// Whether a directive may bear `id`: rule ids are made of it, and some mean
/// something else.
pub fn reserved_directive_id(id: &str) -> bool {
    let with_slash = format!("{id}/");
    RESERVED_PREFIXES.iter().chain(&[AUTHORITY_PREFIX]).any(|prefix| with_slash.starts_with(prefix))
}

/// The rules of the first `rules.set`, of access and of authority, each under
/// its id and in the order of their files.
pub fn base_rules() -> Vec<PolicyText> {
    // The texts are constants; a test holds that every policy is read.
    [ACCESS, AUTHORITY].iter().flat_map(|text| crate::check::split(text).unwrap_or_default()).collect()
}
