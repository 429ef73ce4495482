//! What texts and calls are made of: invented, or from a folder of real ones.

use std::path::Path;

use anyhow::{Result, ensure};
use weir_sim::traffic::{Arrivals, Corpus};

/// A folder with real prompts and arrivals, all of it or all but some files.
/// Without a folder both are invented.
#[derive(Debug, Clone, Copy, Default)]
pub struct Data<'a> {
    /// The folder, with `prompts` and `arrivals` in it.
    pub folder: Option<&'a Path>,
    /// Names of files that are passed over, without their endings, to see that
    /// nothing hangs on one source of prompts or one family of arrivals.
    pub without: &'a [String],
}

impl Data<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// When the folder cannot be read, or has no file of a name to be passed over.
    pub(crate) fn read(self) -> Result<(Corpus, Arrivals)> {
        let Some(folder) = self.folder else {
            ensure!(self.without.is_empty(), "--without-file says what to pass over in --data, which is not given");
            return Ok((Corpus::built_in(), Arrivals::built_in()));
        };
        let (prompts, arrivals) = (folder.join("prompts"), folder.join("arrivals"));
        for name in self.without {
            let there = [
                prompts.join(format!("{name}.jsonl.gz")),
                arrivals.join(format!("{name}.jsonl.gz")),
                arrivals.join(format!("{name}.csv.gz")),
            ];
            ensure!(
                there.iter().any(|file| file.is_file()),
                "--without-file: there is no {name} in {}",
                folder.display()
            );
        }
        Ok((Corpus::from_prompts(&prompts, self.without)?, Arrivals::from_folder(&arrivals, self.without)?))
    }
}
