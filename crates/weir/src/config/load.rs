//! Reading the file and what the environment overrides in it.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;

/// What variables that override a key begin with; two underscores stand for
/// the dot of a section.
const PREFIX: &str = "WEIR__";

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}:{line}: {message}", path = path.display())]
    File { path: PathBuf, line: usize, message: String },
    #[error("{name}: {message}; the keys are those of weir.example.toml, with __ for each dot")]
    Variable { name: String, message: String },
    #[error("[{section}] has {has} but not {lacks}: set both or neither")]
    Pair { section: &'static str, has: &'static str, lacks: &'static str },
    #[error("{key}: {message}")]
    Value { key: &'static str, message: String },
}

/// Reads `path`, or the defaults where there is none, and lets the variables
/// override.
pub(crate) fn load(
    path: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut table = Table::new();
    if let Some(path) = path {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let in_file = |error: toml::de::Error| in_file(path, &text, &error);
        toml::from_str::<Config>(&text).map_err(in_file)?;
        table = text.parse::<Table>().map_err(in_file)?;
    }
    let mut overrides: Vec<(String, String)> = variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    overrides.sort();
    for (name, text) in overrides {
        // One at a time, so that an error is blamed on the right one.
        set(&mut table, &name, &text)?;
        table
            .clone()
            .try_into::<Config>()
            .map_err(|error| ConfigError::Variable { name: name.clone(), message: error.message().to_owned() })?;
    }
    table.try_into().map_err(|error| ConfigError::Variable { name: PREFIX.into(), message: error.message().into() })
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    ConfigError::File {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        message: error.message().lines().collect::<Vec<_>>().join(" "),
    }
}

fn set(table: &mut Table, name: &str, text: &str) -> Result<(), ConfigError> {
    let lowered = name.trim_start_matches(PREFIX).to_ascii_lowercase();
    let keys: Vec<&str> = lowered.split("__").collect();
    let Some((key, sections)) = keys.split_last() else { return Ok(()) };
    let mut within = table;
    for section in sections {
        let held = within.entry((*section).to_owned()).or_insert_with(|| Value::Table(Table::new()));
        within = held.as_table_mut().ok_or_else(|| ConfigError::Variable {
            name: name.to_owned(),
            message: format!("`{section}` is a key, not a section"),
        })?;
    }
    within.insert((*key).to_owned(), value(text));
    Ok(())
}

/// The text as a TOML value where it is one, else as a string.
fn value(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}
