//! Folders that are not as Weir left them: each is refused with one sentence
//! that names what is wrong, and nothing is repaired in silence.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use weir_acts::Touched;
use weir_control::boot;
use weir_control::command::PartyAdd;
use weir_control::service::{Control, Running};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

/// Starts on `dir`, or says why not, as the program would.
fn start(dir: &Path) -> Result<(Control, Running), String> {
    let booted = boot::open(dir, FolderKind::Serve, None, &|_, _| {}).map_err(|error| error.to_string())?;
    let (control, starter) = Control::new(booted).map_err(|error| error.to_string())?;
    Ok((control, starter.start(Arc::new(Nobody)).unwrap()))
}

fn refusal(dir: &Path) -> String {
    match start(dir) {
        Ok((_, running)) => {
            running.stop();
            panic!("the folder was taken");
        }
        Err(why) => why,
    }
}

/// A folder with a log of some acts, stopped.
fn folder(parties: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), parties);
    dir
}

fn add(dir: &Path, parties: &[&str]) {
    let (control, running) = start(dir).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for party in parties {
        let kind = weir_acts::words::PartyKind::Institution;
        let add = PartyAdd { id: (*party).into(), name: "X".into(), kind, lei: None, ror: None };
        runtime.block_on(control.change_all("weir".into(), vec![add.into()])).unwrap();
    }
    running.stop();
}

#[test]
fn a_secret_that_is_gone_is_named_and_never_made_anew() {
    for file in [boot::PEPPER_FILE, boot::LOG_KEY_FILE] {
        let dir = folder(&["acme"]);
        fs::remove_file(dir.path().join(file)).unwrap();
        let why = refusal(dir.path());
        assert!(why.contains(file) && why.contains("restore"), "{why}");
        assert!(!dir.path().join(file).is_file());
    }
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = folder(&["acme"]);
    fs::set_permissions(dir.path().join(boot::PEPPER_FILE), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(dir.path()).contains(boot::PEPPER_FILE));
}

#[test]
fn an_older_copy_of_the_database_never_signs() {
    let dir = folder(&["acme"]);
    let older = fs::read(dir.path().join(boot::DATABASE_FILE)).unwrap();
    add(dir.path(), &["borealis"]);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("weir.db") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::write(dir.path().join(boot::DATABASE_FILE), older).unwrap();
    let checkpoint = fs::read(dir.path().join("log/checkpoint")).unwrap();
    let why = refusal(dir.path());
    assert!(why.contains("a checkpoint of") && why.contains("older copy"), "{why}");
    assert_eq!(fs::read(dir.path().join("log/checkpoint")).unwrap(), checkpoint);
}

#[test]
fn another_log_under_the_same_key_never_signs() {
    let dir = folder(&["acme", "borealis"]);
    // Another history of the same length, begun under the same key.
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("weir.db") {
            fs::remove_file(path).unwrap();
        }
    }
    let signed = dir.path().join("signed-checkpoint");
    let kept = fs::read(&signed).unwrap();
    fs::remove_file(&signed).unwrap();
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    add(dir.path(), &["corvid", "dunlin", "ember"]);
    fs::write(&signed, kept).unwrap();
    fs::set_permissions(&signed, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let why = refusal(dir.path());
    assert!(why.contains("fork"), "{why}");
}

#[test]
fn one_process_a_folder_and_each_folder_its_kind() {
    let dir = folder(&["acme"]);
    let (_control, running) = start(dir.path()).unwrap();
    let why = refusal(dir.path());
    assert!(why.contains("in use by process"), "{why}");
    running.stop();
    let demo = boot::open(dir.path(), FolderKind::Demo, None, &|_, _| {});
    assert!(demo.err().unwrap().to_string().contains("weir serve"));
    let other = boot::open(dir.path(), FolderKind::Serve, Some("log.example.org/other"), &|_, _| {});
    assert!(other.err().unwrap().to_string().contains("a log keeps its name"));
}

#[test]
fn a_name_that_no_log_can_have_leaves_nothing_behind_but_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let booted = boot::open(dir.path(), FolderKind::Serve, Some("two words"), &|_, _| {});
    assert!(booted.err().unwrap().to_string().contains("cannot name a log"));
    add(dir.path(), &["acme"]);
}

/// The first start may be cut off anywhere before its one transaction; the
/// next makes a log all the same, and its token works.
#[test]
fn a_first_start_cut_off_before_its_acts_begins_again() {
    let dir = folder(&[]);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("weir.db") || name == "signed-checkpoint" {
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    let (control, running) = start(dir.path()).unwrap();
    let token = fs::read_to_string(dir.path().join(boot::TOKEN_FILE)).unwrap();
    assert!(control.authenticate(token.trim()).is_ok());
    running.stop();
}
