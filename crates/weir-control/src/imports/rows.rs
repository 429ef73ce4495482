//! Rows that are in the log, found again and proved one by one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_acts::governed::Imported;
use weir_acts::hex;
use weir_acts::row::Row;
use weir_acts::state::{Holder, State};
use weir_store::{Private, Store, StoredRow};
use weir_tlog::{Hash, leaf_hash};

use super::RowTree;
use crate::refusal::Refusal;

/// How many rows are read at a time.
const ROWS_AT_A_TIME: usize = 4_096;

/// That one row is in an import, and what it says where that is opened. A line
/// of a bundle, and with the last two fields a receipt that stands alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowReceipt {
    /// The act of the import.
    pub act: u64,
    /// The row, from 0.
    pub row: u64,
    /// How many rows the import has.
    pub of: u64,
    /// The row as it is hashed.
    pub bytes: String,
    /// Sibling hashes from the leaf up (RFC 6962), base64; none where every
    /// row of the import is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Vec<String>>,
    /// Salt of its private part, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Its private part as it is committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<String>,
    /// The act as the log holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The act's receipt, a tlog-proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

impl RowReceipt {
    /// As a line of a bundle, without its end.
    pub fn line(&self) -> Value {
        json!({ "row": self })
    }
}

impl std::fmt::Debug for RowReceipt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "RowReceipt(row {} of act {}, the rest hidden)", self.row, self.act)
    }
}

/// Every row about one of `holders`, in the acts of `state`, proved and opened
/// as far as it was not erased.
///
/// # Errors
/// When the rows cannot be read, or do not make the tree of their act.
pub fn rows_about(
    store: &dyn Store,
    state: &State,
    only: Option<u64>,
    holders: &BTreeSet<Holder>,
) -> Result<Vec<RowReceipt>, Refusal> {
    let mut found = Vec::new();
    for imported in state.imports.iter().filter(|imported| only.is_none_or(|act| act == imported.act)) {
        found.extend(rows_of(store, imported, holders)?);
    }
    Ok(found)
}

fn rows_of(store: &dyn Store, imported: &Imported, holders: &BTreeSet<Holder>) -> Result<Vec<RowReceipt>, Refusal> {
    let mut leaves: Vec<Hash> = Vec::new();
    let mut wanted: Vec<StoredRow> = Vec::new();
    loop {
        let rows = store.rows(imported.act, leaves.len() as u64, ROWS_AT_A_TIME).map_err(|error| cannot(&error))?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            leaves.push(leaf_hash(&row.bytes));
            if is_about(&row, holders)? {
                wanted.push(row);
            }
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let tree = RowTree::new(leaves);
    wanted.into_iter().map(|row| proved(imported, row, &tree)).collect()
}

fn is_about(row: &StoredRow, holders: &BTreeSet<Holder>) -> Result<bool, Refusal> {
    let read = Row::read(&row.bytes, None).map_err(|error| cannot(&error))?;
    Ok(holders.contains(&read.subject))
}

fn proved(imported: &Imported, row: StoredRow, tree: &RowTree) -> Result<RowReceipt, Refusal> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|error| cannot(&error));
    let proof = tree.prove(row.row).map_err(|error| cannot(&error))?;
    let (salt, private) = match row.private {
        Private::Kept(part) => (Some(hex::encode(&part.salt)), Some(text(part.bytes)?)),
        Private::None | Private::Erased => (None, None),
    };
    Ok(RowReceipt {
        act: imported.act,
        row: row.row,
        of: imported.rows,
        bytes: text(row.bytes)?,
        proof: Some(proof.into_iter().map(Hash::to_base64).collect()),
        salt,
        private,
        entry: None,
        receipt: None,
    })
}

fn cannot(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the rows of the import cannot be read: {error}"))
}
