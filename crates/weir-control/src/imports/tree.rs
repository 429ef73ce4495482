//! The tree of an import's rows, whole in memory, for proofs of many of them.

use weir_tlog::proof::prove_inclusion;
use weir_tlog::{Hash, HashSource, HashSourceError, ProofError, node_hash};

/// Every complete node, level by level from the leaves: 64 bytes a row.
pub(crate) struct RowTree(Vec<Vec<Hash>>);

impl RowTree {
    pub(crate) fn new(leaves: Vec<Hash>) -> RowTree {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let level = below.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(*left, *right)).collect();
            levels.push(level);
        }
        RowTree(levels)
    }

    /// How many rows.
    pub(crate) fn size(&self) -> u64 {
        self.0.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// That row `index` is in the tree.
    pub(crate) fn prove(&self, index: u64) -> Result<Vec<Hash>, ProofError> {
        prove_inclusion(self, index, self.size())
    }
}

impl HashSource for RowTree {
    fn node(&self, level: u32, index: u64) -> Result<Hash, HashSourceError> {
        let found = usize::try_from(level).ok().and_then(|level| self.0.get(level)).zip(usize::try_from(index).ok());
        let found = found.and_then(|(level, index)| level.get(index).copied());
        found.ok_or_else(|| HashSourceError { level, index, source: "the import has no such rows".into() })
    }
}

#[cfg(test)]
mod tests {
    use weir_tlog::proof::check_inclusion;
    use weir_tlog::{Frontier, leaf_hash};

    use super::*;

    #[test]
    fn every_row_is_proved_in_trees_of_every_size() {
        for size in 1..70_u64 {
            let leaves: Vec<Hash> = (0..size).map(|row| leaf_hash(&row.to_be_bytes())).collect();
            let root = leaves.iter().copied().collect::<Frontier>().root();
            let tree = RowTree::new(leaves.clone());
            for row in 0..size {
                let proof = tree.prove(row).unwrap();
                let leaf = leaves[usize::try_from(row).unwrap()];
                check_inclusion(leaf, row, size, root, &proof).unwrap();
            }
            assert!(tree.prove(size).is_err());
        }
    }
}
