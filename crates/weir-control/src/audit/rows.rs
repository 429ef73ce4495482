//! Rows of an import as an auditor is given them: each held against the root
//! in the act, by its proof or, where all are given, by all of them.

use std::collections::BTreeMap;

use weir_acts::act::public;
use weir_acts::hex;
use weir_acts::row::Row;
use weir_tlog::proof::check_inclusion;
use weir_tlog::{Frontier, Hash, leaf_hash};

use crate::imports::RowReceipt;

/// The rows given, in their order.
pub(super) fn checked(
    public: &public::PartyImport,
    given: Option<&BTreeMap<u64, RowReceipt>>,
) -> Result<Vec<Row>, String> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let are_all = given.len() as u64 == public.rows;
    if are_all {
        let leaves: Frontier = given.values().map(|row| leaf_hash(row.bytes.as_bytes())).collect();
        if leaves.root().0 != public.root.0 {
            return Err("the rows given do not make the tree that the act holds the root of".into());
        }
    }
    given.iter().map(|(place, row)| checked_one(public, *place, row, are_all)).collect()
}

fn checked_one(public: &public::PartyImport, place: u64, row: &RowReceipt, is_proved: bool) -> Result<Row, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("row {place} of it: {why}");
    if !is_proved {
        let proof = row.proof.as_deref().ok_or_else(|| wrong(&"it comes without a proof"))?;
        let hashes: Option<Vec<Hash>> = proof.iter().map(|hash| Hash::from_base64(hash)).collect();
        let hashes = hashes.ok_or_else(|| wrong(&"its proof is not in base64"))?;
        let leaf = leaf_hash(row.bytes.as_bytes());
        check_inclusion(leaf, place, public.rows, Hash(public.root.0), &hashes).map_err(|error| wrong(&error))?;
    }
    let salt =
        row.salt.as_deref().map(|salt| hex::decode::<32>(salt).ok_or_else(|| wrong(&"its salt is not 64 hex digits")));
    let private = salt.transpose()?.zip(row.private.as_deref());
    let private = private.as_ref().map(|(salt, private)| (salt, private.as_bytes()));
    Row::read(row.bytes.as_bytes(), private).map_err(|error| wrong(&error))
}
