//! `weir campaign export` and `import`, and indicators as `weir detect` takes
//! them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use weir_acts::Time;
use weir_detect::{Detector, Dossier, MemberLine, Related, Role};
use weir_exchange::LoggedAccount;
use weir_exchange::read::{ReadLimits, accounts};
use weir_report::plain;
use weir_stix::{Export, Feed, IdentifierKey, IdentifierKind, Tlp};

use super::{complain, print, segment};
use crate::cli::Remote;
use crate::client::{Client, Who};

/// How long a finding is shared for, unless said: a quarter of a year.
const SHARED_FOR_MILLIS: i64 = 90 * 86_400_000;

/// What is exported, and how.
pub(super) struct Asked<'a> {
    pub(super) id: &'a str,
    pub(super) campaign: Option<&'a str>,
    pub(super) accounts: Option<&'a Path>,
    pub(super) out: &'a Path,
    pub(super) tlp: Tlp,
    pub(super) expires: Option<Time>,
    pub(super) from: &'a str,
    pub(super) key_file: &'a Path,
    pub(super) share_key: bool,
}

pub(super) fn export(remote: &Remote, asked: &Asked<'_>) -> Result<ExitCode> {
    let (dossier, members) = match Path::new(asked.id).is_file() {
        true => of_file(Path::new(asked.id), asked.campaign)?,
        false => of_log(remote, asked.id)?,
    };
    let known = asked.accounts.map(read_accounts).transpose()?.unwrap_or_default();
    let meant: BTreeSet<&str> = members.iter().map(String::as_str).collect();
    let mut named: Vec<(IdentifierKind, &str)> = meant.iter().map(|name| (IdentifierKind::Account, *name)).collect();
    let paying = known.iter().filter(|account| meant.contains(account.account.as_str()));
    named.extend(paying.filter_map(|account| Some((IdentifierKind::Payment, account.payment.as_deref()?))));
    named.extend(dossier.families.iter().map(|family| (IdentifierKind::Template, family.template.as_str())));
    let expires = asked.expires.unwrap_or_else(|| Time::from_millis(dossier.last.millis() + SHARED_FOR_MILLIS));
    if expires <= dossier.first {
        bail!("the bundle would be out of date before the campaign began: --expires {expires}");
    }
    let key = identifier_key(asked.key_file)?;
    let bundle = weir_stix::bundle(&Export {
        dossier: &dossier,
        named: named.clone(),
        from: asked.from,
        tlp: asked.tlp,
        expires,
        key: &key,
        with_key: asked.share_key,
    });
    let objects = bundle["objects"].as_array().map_or(0, Vec::len);
    std::fs::write(asked.out, serde_json::to_vec_pretty(&bundle)?)
        .with_context(|| format!("cannot write {}", asked.out.display()))?;
    let told = json!({
        "campaign": dossier.id, "out": asked.out, "objects": objects, "identifiers": named.len(),
        "key_id": key.id(), "tlp": asked.tlp.as_str(), "expires": expires,
    });
    print(remote.json, &told, || {
        format!(
            "{}: {objects} objects, {} identifiers under key {}, TLP:{}, until {expires}\n",
            asked.out.display(),
            named.len(),
            key.id(),
            asked.tlp.as_str().to_ascii_uppercase()
        )
    })
}

/// A finding of `weir detect`, with the members that lie beside it.
fn of_file(path: &Path, campaign: Option<&str>) -> Result<(Dossier, Vec<String>)> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let dossiers: Vec<Dossier> =
        serde_json::from_slice(&text).with_context(|| format!("{} is no campaigns.json", path.display()))?;
    let ids = || dossiers.iter().map(|dossier| dossier.id.clone()).collect::<Vec<_>>().join(", ");
    let found = match (campaign, dossiers.as_slice()) {
        (Some(id), _) => dossiers.iter().find(|dossier| dossier.id == id),
        (None, [only]) => Some(only),
        (None, []) => bail!("{} holds no campaign", path.display()),
        (None, _) => bail!("{} holds several campaigns; name one with --campaign: {}", path.display(), ids()),
    };
    let dossier = found.with_context(|| format!("{} holds no such campaign; it has {}", path.display(), ids()))?;
    let beside = path.with_file_name("members.jsonl");
    let lines = std::fs::read_to_string(&beside).with_context(|| format!("cannot read {}", beside.display()))?;
    let mut members = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let member: MemberLine =
            serde_json::from_str(line).with_context(|| format!("{} line {}", beside.display(), number + 1))?;
        if member.campaign == dossier.id && member.role == Role::Member {
            members.push(member.account);
        }
    }
    Ok((dossier.clone(), members))
}

/// A campaign of the log. Accounts are named as records name them.
fn of_log(remote: &Remote, id: &str) -> Result<(Dossier, Vec<String>)> {
    let told = Client::new(remote, Who::Operator)?.get(&format!("/admin/v1/campaign/{}", segment(id)), &[])?;
    let dossier = serde_json::from_value(told["dossier"].clone())
        .with_context(|| format!("the dossier of {id} is not at hand, or was erased"))?;
    let members = told["members"].as_array().into_iter().flatten().filter(|member| member["role"] == "member");
    Ok((dossier, members.filter_map(|member| member["subject"].as_str().map(str::to_owned)).collect()))
}

fn read_accounts(path: &Path) -> Result<Vec<LoggedAccount>> {
    Ok(accounts(path, ReadLimits::default())?.collect::<Result<Vec<_>, _>>()?)
}

/// The key of those who share: from its file, which is made on first use.
fn identifier_key(path: &Path) -> Result<IdentifierKey> {
    match std::fs::read_to_string(path) {
        Ok(text) => IdentifierKey::parse(&text)
            .with_context(|| format!("{} holds no key: 64 hexadecimal digits", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
            let told = || format!("cannot make the key {}", path.display());
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut made = options.open(path).with_context(told)?;
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(made, "{digits}").with_context(told)?;
            complain(&format!("made a key for shared identifiers: {}", path.display()));
            Ok(IdentifierKey::new(bytes))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read the key {}", path.display())),
    }
}

fn now() -> Time {
    Time::from_millis(jiff::Timestamp::now().as_millisecond())
}

fn read_feed(path: &Path) -> Result<Feed> {
    Ok(read_bundle(path)?.1)
}

/// A bundle's bytes, and what they say.
fn read_bundle(path: &Path) -> Result<(Vec<u8>, Feed)> {
    let length = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if length > weir_stix::MOST_BYTES as u64 {
        bail!("{}: the bundle has {length} bytes; at most {} are read", path.display(), weir_stix::MOST_BYTES);
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let feed = weir_stix::read(&bytes, now()).with_context(|| path.display().to_string())?;
    Ok((bytes, feed))
}

pub(super) fn import(remote: &Remote, path: &Path, keep_in: Option<&Path>, key_file: Option<&Path>) -> Result<ExitCode> {
    let (bytes, feed) = read_bundle(path)?;
    // All of what may be wrong is found before anything is kept.
    let given = key_file.map(read_key).transpose()?;
    let kept = match (keep_in, key_of(path, &feed, given.as_ref())) {
        (Some(dir), Ok(Some(key))) => Some(crate::indicators::keep(dir, &bytes, &key)?),
        (Some(_), Err(error)) => return Err(error),
        _ => None,
    };
    let count = |kind| feed.of_kind(kind, now()).count();
    let counts: Vec<(&str, usize)> = IdentifierKind::ALL.iter().map(|kind| (kind.as_str(), count(*kind))).collect();
    let told = json!({
        "from": feed.from, "tlp": feed.tlp.map(Tlp::as_str), "key_id": feed.key_id, "key_shared": feed.key.is_some(),
        "identifiers": counts.iter().map(|(kind, count)| ((*kind).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
        "expired": feed.expired, "unread": feed.unread, "said": feed.said, "kept": kept,
    });
    let ran = print(remote.json, &told, || {
        let named = counts.iter().map(|(kind, count)| format!("{count} {kind}s")).collect::<Vec<_>>().join(", ");
        let tlp = feed.tlp.map_or("no TLP label".to_owned(), |tlp| format!("TLP:{}", tlp.as_str().to_ascii_uppercase()));
        let key = match (&feed.key_id, &feed.key) {
            (None, _) => "no key".to_owned(),
            (Some(id), Some(_)) => format!("key {}, which is in it", plain(id)),
            (Some(id), None) => format!("key {}, which you must have: --indicator-key-file", plain(id)),
        };
        let mut text = format!("from {}, {tlp}: {named}; {key}\n", plain(&feed.from));
        if feed.expired + feed.unread > 0 {
            text.push_str(&format!("left out: {} out of date, {} that cannot be read\n", feed.expired, feed.unread));
        }
        feed.said.iter().for_each(|why| text.push_str(&format!("  {}\n", plain(why))));
        kept.iter().for_each(|path| text.push_str(&format!("kept for the detector: {}\n", path.display())));
        text
    })?;
    Ok(if feed.identifiers.is_empty() { ExitCode::FAILURE } else { ran })
}

fn read_key(path: &Path) -> Result<IdentifierKey> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the key {}", path.display()))?;
    IdentifierKey::parse(&text).with_context(|| format!("{} holds no key: 64 hexadecimal digits", path.display()))
}

/// The key that a feed's identifiers are under; none where nothing in it counts.
fn key_of(path: &Path, feed: &Feed, given: Option<&IdentifierKey>) -> Result<Option<IdentifierKey>> {
    let Some(key_id) = &feed.key_id else { return Ok(None) };
    let key = feed.key.as_ref().or(given).with_context(|| {
        format!("{}: its identifiers are under key {}; name it with --indicator-key-file", path.display(), plain(key_id))
    })?;
    if key.id() != *key_id {
        bail!("{}: its identifiers are under key {}, not {}", path.display(), plain(key_id), key.id());
    }
    Ok(Some(key.clone()))
}

/// Feeds with the key that their identifiers are under.
pub(crate) struct Indicators(Vec<(PathBuf, Feed, IdentifierKey)>);

/// Reads bundles of indicators for a run of the detector.
pub(crate) fn feeds(paths: &[PathBuf], key_file: Option<&Path>) -> Result<Indicators> {
    let given = key_file.map(read_key).transpose()?;
    let mut feeds = Vec::new();
    for path in paths {
        let feed = read_feed(path)?;
        let Some(key) = key_of(path, &feed, given.as_ref())? else {
            complain(&format!("{}: nothing in it counts", path.display()));
            continue;
        };
        feeds.push((path.clone(), feed, key));
    }
    Ok(Indicators(feeds))
}

impl Indicators {
    /// Tells the detector whom they name of those it has seen.
    pub(crate) fn mark(&self, detector: &mut Detector, known: &[LoggedAccount]) {
        let now = now();
        for (_, feed, key) in &self.0 {
            let standing = |kind, name: &str| {
                feed.identifiers.get(&(kind, key.identify(kind, name))).is_some_and(|until| now < *until)
            };
            detector.heed(|name| standing(IdentifierKind::Account, name));
            let by_payment = |account: &&LoggedAccount| {
                account.payment.as_deref().is_some_and(|payment| standing(IdentifierKind::Payment, payment))
            };
            known.iter().filter(by_payment).for_each(|account| detector.heed_account(account));
        }
    }

    /// Whose findings have a template in common with this one.
    pub(crate) fn relate(&self, dossier: &Dossier) -> Vec<Related> {
        let shares = |feed: &Feed, key: &IdentifierKey| {
            let mut templates = dossier.families.iter().map(|family| key.identify(IdentifierKind::Template, &family.template));
            templates.any(|template| feed.identifiers.contains_key(&(IdentifierKind::Template, template)))
        };
        let related = self.0.iter().filter(|(_, feed, key)| shares(feed, key));
        related.map(|(_, feed, _)| Related { campaign: plain(&feed.from), shared: "a template that they name".to_owned() }).collect()
    }
}
