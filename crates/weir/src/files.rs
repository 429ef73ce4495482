//! Files the client reads and uploads.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};
use weir_acts::Digest;
use weir_acts::digest::Hasher;
use weir_control::command::UploadedFile;

/// The largest file that is uploaded.
const MOST_BYTES: u64 = 12 << 20;

/// The most lists one directive names.
const MOST_LISTS: usize = 64;

/// SHA-256 and size of a file of any size.
pub(crate) fn digest(path: &Path) -> Result<(Digest, u64)> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut piece).with_context(cannot)?;
        if read == 0 {
            return Ok((hasher.finish(), bytes));
        }
        hasher.update(&piece[..read]);
        bytes += read as u64;
    }
}

/// The text of a file, bounded.
pub(crate) fn text(path: &Path) -> Result<String> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("{shown} is larger than the {} MiB that are uploaded", MOST_BYTES >> 20);
    }
    String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("{shown} is not UTF-8 from byte {} on", error.utf8_error().valid_up_to()))
}

/// A directive's TOML and the lists it names, read beside it.
pub(crate) fn directive(path: &Path) -> Result<(UploadedFile, Vec<UploadedFile>)> {
    let toml = text(path)?;
    let name = path.file_name().map_or_else(|| "directive.toml".into(), |name| name.to_string_lossy());
    let beside = path.parent().unwrap_or_else(|| Path::new("."));
    let mut lists = Vec::new();
    // A file that is not TOML is the server's to refuse, with the place.
    if let Ok(table) = toml.parse::<Table>() {
        for list in lists_named(&table) {
            if lists.len() == MOST_LISTS {
                bail!("{} names more than {MOST_LISTS} lists", path.display());
            }
            lists.push(UploadedFile { name: list.to_owned(), text: text(&beside.join(list))? });
        }
    }
    Ok((UploadedFile { name: name.into_owned(), text: toml }, lists))
}

/// The files that `except` names, each once, in either of its forms.
fn lists_named(table: &Table) -> Vec<&str> {
    let mut named = Vec::new();
    let exceptions: &[Value] = match table.get("except") {
        Some(Value::Array(exceptions)) => exceptions,
        Some(one) => std::slice::from_ref(one),
        None => return named,
    };
    for exception in exceptions {
        let list = match exception {
            Value::String(short) => short.strip_prefix("list:"),
            Value::Table(long) => long.get("list").and_then(Value::as_str),
            _ => None,
        };
        if let Some(list) = list.filter(|list| !named.contains(list)) {
            named.push(list);
        }
    }
    named
}

/// Every `.cedar` file of a folder, in order of name.
pub(crate) fn rules(dir: &Path) -> Result<Vec<UploadedFile>> {
    let shown = dir.display();
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read the folder {shown}"))? {
        let path = entry.with_context(|| format!("cannot read the folder {shown}"))?.path();
        if path.extension().is_some_and(|extension| extension == "cedar") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().map_or_else(|| "rules.cedar".into(), |name| name.to_string_lossy());
        Ok(UploadedFile { name: name.into_owned(), text: text(path)? })
    };
    paths.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_beside_the_directive_in_both_forms() {
        let dir = tempfile::tempdir().unwrap();
        let letter = "except = [{ list = \"a.csv\", models = [\"m\"] }, \"list:b.csv\", { list = \"a.csv\" }]\n";
        std::fs::write(dir.path().join("letter.toml"), letter).unwrap();
        std::fs::write(dir.path().join("a.csv"), "acme\n").unwrap();
        let missing = directive(&dir.path().join("letter.toml")).unwrap_err();
        assert!(format!("{missing:#}").contains("b.csv"), "{missing:#}");
        std::fs::write(dir.path().join("b.csv"), "borealis\n").unwrap();
        let (file, lists) = directive(&dir.path().join("letter.toml")).unwrap();
        assert_eq!((file.name.as_str(), file.text.as_str()), ("letter.toml", letter));
        let names: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
        assert_eq!(names, ["a.csv", "b.csv"]);
        assert_eq!(lists[1].text, "borealis\n");
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, b"ab\xff").unwrap();
        assert!(text(&path).unwrap_err().to_string().contains("byte 2"));
    }
}
