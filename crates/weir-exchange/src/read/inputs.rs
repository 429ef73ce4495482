//! What is to be read, out of what a person typed: files, folders, patterns
//! and `-` for standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Endings of files that are taken from a folder; compressed ones too.
const ENDINGS: &[&str] = &["jsonl", "ndjson", "json", "parquet"];

/// What may stand behind an ending.
const PACKED: &[&str] = &["gz", "zst", "zstd"];

/// Names that Weir gives to files which lie beside logs and are none
/// (contracts, section 6). They are passed over in a folder, not when named.
const BESIDE_LOGS: &[&str] =
    &["accounts", "truth", "exchange-truth", "scenario", "campaigns", "members", "pictures", "tombstones"];

/// How deep folders are gone into.
const DEPTH: usize = 16;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input: bytes that can be read once only.
    Stdin,
}

/// Everything to read, each file once, in a fixed order: as named, and by name
/// within a folder or a pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    inputs: Vec<Input>,
    bytes: u64,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum InputsError {
    /// No such file, and nothing fits it as a pattern.
    #[error("{name}: no such file or folder, and no file fits it as a pattern")]
    Missing {
        /// As typed.
        name: String,
    },
    /// A pattern that is none.
    #[error("{name}: not a pattern: {reason}")]
    Pattern {
        /// As typed.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder without logs.
    #[error(
        "{name}: the folder holds no logs; files are taken that end in .jsonl, .ndjson, .json (also with .gz or .zst) or .parquet"
    )]
    EmptyFolder {
        /// As typed.
        name: String,
    },
    /// The system would not say.
    #[error("{name}: {source}")]
    System {
        /// As typed, or a file found below it.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Inputs {
    /// Finds what is meant by each of `names`: `-`, a file, a folder (gone
    /// into; hidden files and Weir's own lists that are no logs are passed
    /// over) or a pattern with `*`, `?`, `[…]` and `**`. A file that is named
    /// twice is read once: its exchanges happened once.
    ///
    /// # Errors
    /// When a name means nothing, or the system refuses to list a folder.
    pub fn find<N: AsRef<OsStr>>(names: impl IntoIterator<Item = N>) -> Result<Inputs, InputsError> {
        let mut found = Finding::default();
        for name in names {
            found.name(name.as_ref())?;
        }
        let size = |input: &Input| match input {
            Input::File(path) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Input::Stdin => 0,
        };
        let bytes = found.inputs.iter().map(size).sum();
        Ok(Inputs { inputs: found.inputs, bytes })
    }

    /// The things to read, in order.
    #[must_use]
    pub fn list(&self) -> &[Input] {
        &self.inputs
    }

    /// Bytes in all files, as they lie; standard input counts as none.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether everything can be read a second time.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        !self.inputs.contains(&Input::Stdin)
    }
}

#[derive(Default)]
struct Finding {
    inputs: Vec<Input>,
    seen: HashSet<PathBuf>,
}

impl Finding {
    fn name(&mut self, name: &OsStr) -> Result<(), InputsError> {
        let typed = || Path::new(name).display().to_string();
        if name == "-" {
            if !self.inputs.contains(&Input::Stdin) {
                self.inputs.push(Input::Stdin);
            }
            return Ok(());
        }
        let path = Path::new(name);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let before = self.seen.len();
                self.folder(path, DEPTH)?;
                if self.seen.len() == before {
                    return Err(InputsError::EmptyFolder { name: typed() });
                }
                Ok(())
            }
            Ok(_) => self.file(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.pattern(name),
            Err(source) => Err(InputsError::System { name: typed(), source }),
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), InputsError> {
        let real = fs::canonicalize(path).map_err(|source| system(path, source))?;
        if self.seen.insert(real) {
            self.inputs.push(Input::File(path.to_owned()));
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), InputsError> {
        // A folder counts as seen too, so that links in a circle end.
        let real = fs::canonicalize(folder).map_err(|source| system(folder, source))?;
        if depth == 0 || self.seen.contains(&real) {
            return Ok(());
        }
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut paths: Vec<PathBuf> =
            entries.map_err(|source| system(folder, source))?.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        let before = self.seen.len();
        for path in paths {
            let Some(name) = path.file_name().and_then(OsStr::to_str) else { continue };
            if name.starts_with(['.', '_']) {
                continue;
            }
            if path.is_dir() {
                self.folder(&path, depth - 1)?;
            } else if is_log(name) {
                self.file(&path)?;
            }
        }
        if self.seen.len() > before {
            self.seen.insert(real);
        }
        Ok(())
    }

    fn pattern(&mut self, name: &OsStr) -> Result<(), InputsError> {
        let typed = || Path::new(name).display().to_string();
        let Some(text) = name.to_str().filter(|text| text.contains(['*', '?', '['])) else {
            return Err(InputsError::Missing { name: typed() });
        };
        let paths =
            glob::glob(text).map_err(|error| InputsError::Pattern { name: typed(), reason: error.to_string() })?;
        let mut any = false;
        for path in paths {
            let path = path.map_err(|error| system(error.path(), io::Error::other(error.to_string())))?;
            if path.is_dir() {
                continue;
            }
            any = true;
            self.file(&path)?;
        }
        if any { Ok(()) } else { Err(InputsError::Missing { name: typed() }) }
    }
}

fn system(path: &Path, source: io::Error) -> InputsError {
    InputsError::System { name: path.display().to_string(), source }
}

/// Whether a file in a folder is taken for a log.
fn is_log(name: &str) -> bool {
    let unpacked = PACKED.iter().find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.')).unwrap_or(name);
    let Some((stem, ending)) = unpacked.rsplit_once('.') else { return false };
    ENDINGS.contains(&ending) && !BESIDE_LOGS.contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inputs: &Inputs, below: &Path) -> Vec<String> {
        let name = |input: &Input| match input {
            Input::File(path) => path.strip_prefix(below).unwrap().display().to_string(),
            Input::Stdin => "-".to_owned(),
        };
        inputs.list().iter().map(name).collect()
    }

    #[test]
    fn folders_patterns_files_and_standard_input_each_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        for name in
            ["b/2.jsonl.gz", "b/1.parquet", "b/c/3.ndjson.zst", "b/.hidden.jsonl", "b/notes.txt", "b/accounts.jsonl"]
        {
            fs::write(at(name), "x").unwrap();
        }
        fs::write(at("a.log"), "xyz").unwrap();
        let typed = [at("a.log"), at("b"), PathBuf::from("-"), at("b/*.parquet"), at("a.*"), PathBuf::from("-")];
        let inputs = Inputs::find(&typed).unwrap();
        assert_eq!(names(&inputs, folder.path()), ["a.log", "b/1.parquet", "b/2.jsonl.gz", "b/c/3.ndjson.zst", "-"]);
        assert_eq!(inputs.bytes(), 6);
        assert!(!inputs.can_be_read_again());
        let named = Inputs::find([at("b/accounts.jsonl")]).unwrap();
        assert_eq!(named.list().len(), 1, "a list is read where it is named");
        let deep = Inputs::find([folder.path().join("**/*.zst")]).unwrap();
        assert_eq!(names(&deep, folder.path()), ["b/c/3.ndjson.zst"]);
    }

    #[test]
    fn what_means_nothing_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let fails = |name: PathBuf| Inputs::find([name]).unwrap_err();
        assert!(matches!(fails(folder.path().join("none")), InputsError::Missing { name } if name.ends_with("none")));
        assert!(matches!(fails(folder.path().join("*.jsonl")), InputsError::Missing { .. }));
        assert!(matches!(fails(folder.path().join("[")), InputsError::Pattern { .. }));
        assert!(matches!(fails(folder.path().to_owned()), InputsError::EmptyFolder { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.jsonl"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
        assert_eq!(Inputs::find([folder.path()]).unwrap().list().len(), 1);
    }
}
