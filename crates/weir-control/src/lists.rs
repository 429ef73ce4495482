//! Lists of parties as people keep them: one party id a line, no header.

use weir_acts::Digest;
use weir_acts::directive::ListRows;
use weir_acts::state::State;

use crate::command::UploadedFile;
use crate::names::check_name;
use crate::refusal::Refusal;

/// Most rows a list may have: its private part is one row of the store.
const MAX_ROWS: usize = 200_000;

/// Reads a list and finds its parties; blank lines are passed over.
///
/// # Errors
/// When a line names no party, or one twice; the message gives file and line.
pub fn read_list(state: &State, file: &UploadedFile) -> Result<ListRows, Refusal> {
    let mut parties = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let handle = line.trim_start_matches('\u{feff}').trim();
        if handle.is_empty() {
            continue;
        }
        let at = |why: String| Refusal::invalid(format!("{}:{number}: {why}", file.name));
        check_name("a party's id", handle).map_err(|refusal| at(refusal.message))?;
        let party = state
            .party_named(handle)
            .ok_or_else(|| at(format!("there is no party `{handle}`; register it first or take the line out")))?;
        if let Some(first) = seen.insert(party.id, number) {
            return Err(at(format!("party `{handle}` stands on line {first} already")));
        }
        parties.push(party.id);
        if parties.len() > MAX_ROWS {
            return Err(at(format!("a list holds at most {MAX_ROWS} parties")));
        }
    }
    Ok(ListRows { list: file.name.clone(), digest: Digest::of(file.text.as_bytes()), parties })
}
