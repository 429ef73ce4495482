//! The real process, killed or with an error from the system at each step that
//! makes something durable: a backup is whole or not there, a change of the
//! log's key is finished or was never begun, and an act that the disk did not
//! take is refused while everything acknowledged before it stays.
//!
//! Needs strace and leave to trace; where there is none the tests say so and
//! end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test's helpers fail as tests do")]

#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;
mod strace;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use program::Weir;
use server::{Server, get, log_is_good};
use strace::{Tracer, killed_before, may_trace};

const CONFIG: &str = "listen = \"127.0.0.1:0\"\ndrain_seconds = 0\n";

/// More steps than any of this takes.
const ENOUGH: usize = 200;

fn can_trace() -> bool {
    let able = may_trace();
    if let Err(why) = &able {
        eprintln!("skipped: faults are put in by strace, which may not trace here ({why})");
    }
    able.is_ok()
}

fn start(weir: Weir) -> Server {
    Server::start(weir, Path::new("data"), CONFIG)
}

/// Ends a server by its own leave.
fn ended(server: Server) -> (PathBuf, Weir) {
    let data = server.data();
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    (data, weir)
}

fn parties(server: &Server) -> Vec<String> {
    let ran = server.weir().line("--json party list").done();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    ran.out.lines().map(id).collect()
}

/// Every file below a folder, and how long it is.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    found.push((path.strip_prefix(folder).unwrap().to_owned(), fs::metadata(&path).unwrap().len()))
                }
            }
        }
    }
    found.sort();
    found
}

/// Names beside the data folder that a backup leaves while it is under way.
fn unfinished(weir: &Weir) -> Vec<String> {
    let names = fs::read_dir(weir.dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".copy.")).collect()
}

#[test]
fn a_backup_that_was_killed_at_any_step_is_whole_or_not_there_and_leaves_nothing_for_ever() {
    if !can_trace() {
        return;
    }
    let server = start(Weir::new());
    server.weir().line("party add acme --name Acme").done();
    let (data, weir) = ended(server);
    let data = data.display().to_string();
    weir.run(&["backup", "good", "--data", &data]).done();
    let good = files(&weir.dir().join("good"));
    let copy = weir.dir().join("copy");
    let mut killed = 0;
    let whole = (1..ENOUGH).find(|nth| {
        let mut backup = killed_before(env!("CARGO_BIN_EXE_weir"), *nth);
        let status = backup.current_dir(weir.dir()).args(["backup", "copy", "--data", &data]).output().unwrap().status;
        assert!(unfinished(&weir).len() <= 1, "each run clears away what the one before left");
        if status.success() {
            return true;
        }
        killed += 1;
        if copy.is_dir() {
            // It had its name already; only the last flush was missing.
            assert_eq!(files(&copy), good, "half a backup under its name, killed before step {nth}");
            fs::remove_dir_all(&copy).unwrap();
        }
        false
    });
    assert!(whole.is_some() && killed > 5, "killed at {killed} steps, and none of {ENOUGH} runs ended");
    assert_eq!(files(&copy), good);
    assert_eq!(unfinished(&weir), [""; 0]);

    // What a killed one left is told by the next, which is none the worse for it.
    fs::remove_dir_all(&copy).unwrap();
    let mut backup = killed_before(env!("CARGO_BIN_EXE_weir"), whole.unwrap() / 2);
    backup.current_dir(weir.dir()).args(["backup", "copy", "--data", &data]).output().unwrap();
    let [left] = &unfinished(&weir)[..] else { panic!("{:?}", unfinished(&weir)) };
    let told = weir.run(&["backup", "copy", "--data", &data]).done().err;
    assert!(told.contains("removed") && told.contains(left.as_str()), "{told}");
    assert_eq!(files(&copy), good);
    assert_eq!(unfinished(&weir), [""; 0]);
}

fn waiting_keys(data: &Path) -> Vec<String> {
    let names = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("log.key.next")).collect()
}

#[test]
fn a_change_of_the_logs_key_that_was_killed_at_any_step_is_finished_or_was_never_begun() {
    if !can_trace() {
        return;
    }
    let mut weir = Weir::new();
    let mut trusted = None;
    for nth in 1..ENOUGH {
        let server = start(weir);
        let data = server.data();
        // Whoever trusted the first key follows all of this.
        let trusted =
            trusted.get_or_insert_with(|| fs::read_to_string(data.join("log.vkey")).unwrap().trim().to_owned());
        let before = fs::read_to_string(data.join("log.vkey")).unwrap();
        let steps = "rename,renameat,renameat2,unlink,unlinkat,fsync";
        let tracer = Tracer::attach(server.process_id(), &[], &format!("{steps}:signal=KILL:when={nth}"));
        let asked = server.weir().run(&["log", "rotate-key", "--overlap-days", "0", "--json"]);
        let accepted = (asked.code == 0).then(|| asked.json()["vkey"].as_str().unwrap().to_owned());
        let is_alive = accepted.is_some() && published_with(&server, &data, accepted.as_deref().unwrap_or_default());
        if !is_alive {
            server.signal_if_there("KILL");
        }
        drop(tracer);
        // What it writes beside the change may have met the nth step meanwhile.
        server.signal_if_there("TERM");
        let (how, left) = server.end();
        let was_spared = is_alive && how.code == 0;
        weir = left;

        let server = start(weir);
        assert_eq!(waiting_keys(&data), [""; 0], "a key that nobody will ever sign with is kept, killed at step {nth}");
        let after = fs::read_to_string(data.join("log.vkey")).unwrap();
        match &accepted {
            Some(vkey) => assert_eq!(after.trim(), vkey, "an acknowledged change is undone, killed at step {nth}"),
            None => assert!(!after.is_empty()),
        }
        let act = server.weir().line(&format!("party add p{nth} --name Party")).done().json();
        let (_, ended) = ended(server);
        weir = ended;
        let report = log_is_good(&weir, &data);
        assert!(report["size"].as_u64() > act["act"].as_u64(), "{report}");
        let folder = data.display().to_string();
        weir.run(&["log", "verify", &folder, "--key", trusted]).done();
        if was_spared {
            assert!(nth > 3, "it was never killed");
            assert_ne!(before, after);
            return;
        }
    }
    panic!("killed at each of {ENOUGH} steps");
}

/// Whether the server publishes a checkpoint that this key signed, rather than
/// being killed over it.
fn published_with(server: &Server, data: &Path, vkey: &str) -> bool {
    let key = weir_tlog::VerifierKey::parse(vkey).unwrap();
    loop {
        let note = fs::read(data.join("log/checkpoint")).ok().and_then(|text| weir_tlog::SignedNote::parse(&text).ok());
        if note.is_some_and(|note| note.verify(std::slice::from_ref(&key)).is_ok()) {
            return !server.has_ended();
        }
        if server.has_ended() {
            return false;
        }
        std::thread::yield_now();
    }
}

#[test]
fn an_act_that_the_disk_did_not_take_is_refused_and_everything_before_it_stays() {
    if !can_trace() {
        return;
    }
    let server = start(Weir::new());
    let data = server.data();
    server.weir().line("party add before --name Before").done();
    // SQLite makes a commit durable by flushing its log.
    let wal = data.join("weir.db-wal");
    let tracer = Tracer::attach(server.process_id(), &[&wal], "fsync,fdatasync:error=EIO");
    let refused = server.weir().line("party add during --name During").refused();
    assert!(refused.contains("the disk") || refused.contains("could not be"), "{refused}");
    drop(tracer);
    // It goes on, or it stops because it cannot tell what is durable; either
    // way nothing acknowledged is lost and nothing refused is there.
    let server = match server.has_ended() {
        true => start(server.end().1),
        false => server,
    };
    assert_eq!(parties(&server), ["before"]);
    server.weir().line("party add after --name After").done();
    let (data, weir) = ended(server);
    log_is_good(&weir, &data);
    assert_eq!(parties(&start(weir)), ["after", "before"]);
}

#[test]
fn errors_on_tiles_and_checkpoints_hold_up_the_publication_and_no_act() {
    if !can_trace() {
        return;
    }
    let mut server = start(Weir::new());
    let data = server.data();
    let (folder, entries) = (data.join("log"), data.join("log/tile/entries"));
    let first = server.weir().line("party add first --name First").done().json()["act"].as_u64().unwrap();
    let published = |server: &Server| -> u64 {
        let (_, text) = get(server.address(), "/log/checkpoint");
        // There is none before the first.
        text.lines().nth(1).map_or(0, |size| size.parse().unwrap())
    };
    while published(&server) <= first {
        std::thread::yield_now();
    }
    let renames = "rename,renameat,renameat2:error=EIO";
    let flushes = "fsync,fdatasync:error=EIO";
    for (number, (paths, inject)) in [
        // Tiles and checkpoints alike are written beside their place first.
        (vec![], renames),
        (vec![entries.as_path()], flushes),
        (vec![folder.as_path()], flushes),
    ]
    .into_iter()
    .enumerate()
    {
        let before = published(&server);
        let tracer = Tracer::attach(server.process_id(), &paths, inject);
        let act =
            server.weir().line(&format!("party add p{number} --name Party")).done().json()["act"].as_u64().unwrap();
        server.wait_for("the log was not published");
        assert_eq!(published(&server), before, "{paths:?}");
        drop(tracer);
        while published(&server) <= act {
            std::thread::yield_now();
        }
    }
    assert_eq!(parties(&server), ["first", "p0", "p1", "p2"]);
    let (data, weir) = ended(server);
    log_is_good(&weir, &data);
}
