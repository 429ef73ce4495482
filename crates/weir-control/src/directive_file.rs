//! A directive as people write it: TOML (contracts, section 3). Errors point
//! at the line.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::value::Datetime;
use weir_acts::Time;
use weir_acts::directive::{Answer, DirectiveKind, DirectiveText, Disclosure, Exception, Unknown};
use weir_acts::governed::ClaimKind;
use weir_rules::condition::Condition;

use crate::command::UploadedFile;
use crate::names::{check_name, check_text};
use crate::refusal::Refusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    authority: String,
    instrument: Option<String>,
    citation: Option<String>,
    kind: DirectiveKind,
    received: Datetime,
    effective: Option<Datetime>,
    models: Vec<String>,
    forbid: toml::Spanned<String>,
    #[serde(default)]
    except: Vec<WrittenException>,
    #[serde(default)]
    unknown: WrittenUnknown,
    #[serde(default = "one")]
    min_level: u8,
    #[serde(default)]
    answer: Answer,
    #[serde(default)]
    disclosure: WrittenDisclosure,
    notice: Option<String>,
    amends: Option<String>,
}

const fn one() -> u8 {
    1
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenException {
    /// `list:FILE`: for all models of the directive.
    Short(String),
    Long {
        list: String,
        models: Vec<String>,
    },
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenUnknown {
    #[default]
    Deny,
    Allow,
    AllowUntil(Datetime),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenDisclosure {
    #[default]
    Public,
    Sealed,
    SealedUntil(Datetime),
}

/// Reads a directive's file against the declared claim kinds.
///
/// # Errors
/// When the TOML, a field or the condition is wrong; the message gives file
/// and line.
pub fn read(file: &UploadedFile, kinds: &BTreeMap<Arc<str>, ClaimKind>) -> Result<DirectiveText, Refusal> {
    let written: Written = toml::from_str(&file.text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(&file.text, span.start));
        Refusal::invalid(format!("{}:{line}: {}", file.name, error.message()))
    })?;
    let forbid_line = line_of(&file.text, written.forbid.span().start);
    let at = |why: String| Refusal::invalid(format!("{}: {why}", file.name));
    Condition::parse(written.forbid.get_ref(), kinds)
        .map_err(|error| Refusal::invalid(format!("{}:{forbid_line}: forbid: {error}", file.name)))?;
    check_name("a directive's id", &written.id).map_err(|refusal| at(refusal.message))?;
    check_text("authority", &written.authority, 256).map_err(|refusal| at(refusal.message))?;
    if written.models.is_empty() {
        return Err(at("models: name at least one".into()));
    }
    let time = |field: &str, datetime: &Datetime| {
        datetime.to_string().parse::<Time>().map_err(|error| at(format!("{field}: {error}")))
    };
    let except =
        written.except.iter().map(|one| exception(one, &written.models).map_err(at)).collect::<Result<_, _>>()?;
    Ok(DirectiveText {
        except,
        received: time("received", &written.received)?,
        effective: written.effective.as_ref().map(|effective| time("effective", effective)).transpose()?,
        unknown: match &written.unknown {
            WrittenUnknown::Deny => Unknown::Deny,
            WrittenUnknown::Allow => Unknown::Allow,
            WrittenUnknown::AllowUntil(until) => Unknown::AllowUntil(time("unknown.allow_until", until)?),
        },
        disclosure: match &written.disclosure {
            WrittenDisclosure::Public => Disclosure::Public,
            WrittenDisclosure::Sealed => Disclosure::Sealed,
            WrittenDisclosure::SealedUntil(until) => Disclosure::SealedUntil(time("disclosure.sealed_until", until)?),
        },
        id: written.id,
        authority: written.authority,
        instrument: written.instrument,
        citation: written.citation,
        kind: written.kind,
        models: written.models,
        forbid: written.forbid.into_inner(),
        min_level: written.min_level,
        answer: written.answer,
        notice: written.notice,
        amends: written.amends,
    })
}

fn exception(written: &WrittenException, all: &[String]) -> Result<Exception, String> {
    let exception = match written {
        WrittenException::Short(text) => {
            let list = text.strip_prefix("list:").filter(|file| !file.is_empty());
            let list = list.ok_or_else(|| format!("except: `{text}` is not `list:FILE`"))?;
            Exception { list: list.to_owned(), models: all.to_vec() }
        }
        WrittenException::Long { list, models } => Exception { list: list.clone(), models: models.clone() },
    };
    match exception.models.iter().find(|model| !all.contains(model)) {
        Some(stranger) => Err(format!("except: `{stranger}` is not among the directive's models")),
        None if exception.models.is_empty() => Err(format!("except: list `{}` names no model", exception.list)),
        None => Ok(exception),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
