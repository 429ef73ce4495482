//! The program under test, `weir serve` with everything on, set up by its own
//! commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::process::{Process, free_address};
use super::proxy::Proxy;
use super::rig::Rig;

/// Weir with everything on.
pub(super) const WEIR: &str = "weir";

/// The same without records of exchanges, for what those cost.
pub(super) const UNRECORDED: &str = "weir-unrecorded";

/// One worker, as every proxy here has. Decisions are always recorded.
const CONFIGURATION: &str =
    "[gateway]\nworkers = 1\n\n[persons]\naudience = \"weir.example\"\n\n[logging]\nlevel = \"warn\"\n";

/// The audience that assertions about persons name.
const AUDIENCE: &str = "weir.example";

/// Limits that count everything and refuse nothing, over a short and a long
/// window.
const WIDE: &[&str] = &[
    "--requests",
    "1000000000/min,1000000000/day",
    "--tokens",
    "1000000000000/min,1000000000000/day",
    "--concurrent",
    "100000",
    "--spend",
    "1000000000000000/day",
];

/// Starts a Weir on a new folder, with one model open to one account that is
/// limited, as its party and the stage are, in everything there is, and whose
/// requests carry an assertion about a person.
pub(super) fn start(rig: &Rig<'_>, program: &Path, is_recorded: bool) -> Result<Proxy> {
    let folder = new_folder(&rig.programs.scratch)?;
    let (config, data) = (folder.join("weir.toml"), folder.join("data"));
    fs::write(&config, format!("{CONFIGURATION}\n[records]\nexchanges = {is_recorded}\n"))?;
    let address = free_address()?;
    let mut command = rig.proxy(program);
    command.arg("serve").arg("--config").arg(&config).arg("--data").arg(&data);
    command.args(["--listen", &address.to_string()]);
    let name = if is_recorded { WEIR } else { UNRECORDED };
    let mut proxy = Proxy::new(name, address, Process::start(name, &mut command, &rig.programs.scratch)?);
    let server = format!("http://{address}");
    let token = data.join("operator.token");
    wait_for_commands(&mut proxy, program, &server, &token)?;
    let upstream = format!("http://{}", rig.upstream);
    for words in [
        &["model", "add", "atlas-5", "--upstream", &upstream, "--max-output", "4096", "--weight", "3"][..],
        &["stage", "set", "atlas-5", "general"],
        &["party", "add", "acme", "--name", "Acme"],
        &["account", "add", "acme/bench"],
    ] {
        command_of(program, &server, &token, words)?;
    }
    let issued = command_of(program, &server, &token, &["key", "issue", "acme/bench"])?;
    let key = issued["key"].as_str().context("`weir key issue` printed no key")?;
    proxy.headers.push(format!("authorization: Bearer {key}"));
    for subject in ["acme/bench", "acme", "stage:general"] {
        let words: Vec<&str> = ["limit", "set", subject].iter().chain(WIDE).copied().collect();
        command_of(program, &server, &token, &words)?;
    }
    proxy.headers.push(format!("weir-person: {}", person(rig, program, &server, &token, &folder)?));
    rig.wait_for(&mut proxy, Duration::from_secs(10))?;
    Ok(proxy)
}

/// Registers an issuer for the account's party, and has it assert a person.
fn person(rig: &Rig<'_>, program: &Path, server: &str, token: &Path, folder: &Path) -> Result<String> {
    let issuer = rig.programs.examples.join("person_cost");
    let issued = Command::new(&issuer).arg("issue").arg(folder).arg(AUDIENCE).output();
    let issued = issued.with_context(|| format!("cannot run {}", issuer.display()))?;
    if !issued.status.success() {
        bail!("{} issued nothing: {}", issuer.display(), issued.stderr.escape_ascii());
    }
    let keys = folder.join("keys.json").display().to_string();
    let words = ["issuer", "add", "acme", &keys, "--kinds", "us_person,nationalities", "--max-level", "2"];
    let words: Vec<&str> = words.into_iter().chain(["--name", "https://id.example"]).collect();
    command_of(program, server, token, &words)?;
    Ok(String::from_utf8(issued.stdout)?.trim().to_owned())
}

/// A folder that no other start of this run has.
fn new_folder(scratch: &Path) -> Result<std::path::PathBuf> {
    for number in 1_u32.. {
        let folder = scratch.join(format!("weir-{number}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
        }
    }
    bail!("no folder left for Weir's data")
}

fn wait_for_commands(proxy: &mut Proxy, program: &Path, server: &str, token: &Path) -> Result<()> {
    let by = Instant::now() + Duration::from_secs(30);
    loop {
        let answered = command_of(program, server, token, &["model", "list"]);
        let Err(error) = answered else { return Ok(()) };
        proxy.still_runs()?;
        if Instant::now() > by {
            return Err(error.context("weir serve takes no commands"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What a command of the program answers; null where it lists nothing.
fn command_of(program: &Path, server: &str, token: &Path, words: &[&str]) -> Result<Value> {
    let mut command = Command::new(program);
    command.args(words).args(["--json", "--server", server, "--token-file"]).arg(token);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("weir {}: {}", words.join(" "), String::from_utf8(output.stderr).unwrap_or_default().trim());
    }
    let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&output.stdout)
        .or_else(|_| serde_json::from_slice(first))
        .with_context(|| format!("weir {} printed no JSON", words.join(" ")))
}
