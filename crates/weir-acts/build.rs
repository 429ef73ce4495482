//! Names this version of the fold: whatever changes in its sources may change
//! what a log folds to, and then a fold kept by an older program is worth
//! nothing.

#![allow(clippy::print_stdout, reason = "cargo is spoken to this way")]

use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(file.as_os_str().as_encoded_bytes());
        hasher.write(&[0]);
        hasher.write(&std::fs::read(&file)?);
        hasher.write(&[0]);
    }
    println!("cargo::rustc-env=WEIR_FOLD={:016x}", hasher.finish());
    Ok(())
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
