//! `weir demo`: everything in one process. A stand-in model server, a dozen
//! fictional parties that call it through the gateway, a crowd with a campaign
//! in it, and an order waiting to be enacted.

pub mod bulk;
pub mod crowd;
pub mod seed;
mod story;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use weir_control::service::{Caller as OperatorCaller, Control};
use weir_sim::load::{Caller, Live, LiveConfig};
use weir_sim::population;
use weir_sim::stand_in::{Pace, StandIn, StandInConfig, StandInHandle};
use weir_store::durable::{create_private_folder, write_file_atomically};
use weir_store::kind::FolderKind;

use crate::cli::Running;
use crate::commands::complain;
use crate::node::Node;
use crate::serve;

/// Runs the demo until it is stopped.
pub(crate) fn run(running: &Running) -> Result<ExitCode> {
    let mut config = serve::configured(running, "./weir-demo")?;
    // The demo's own story is on the screen; the program's log is not.
    if config.logging == crate::config::Logging::default() {
        config.logging.level = "error".to_owned();
    }
    crate::logging::start(&config.logging)?;
    let known = crowd::Known::new()?;
    if config.detect == crate::config::Detect::default() {
        config.detect.epoch_seconds = crowd::EPOCH_SECONDS;
        config.detect.memory_bytes = 64 << 20;
    }
    // The crowd calls from everywhere, by the word of a proxy on this machine.
    if config.gateway.trusted_peers.is_empty() {
        config.gateway.trusted_peers = vec!["127.0.0.0/8".to_owned()];
    }
    if config.detect.accounts.is_none() {
        create_private_folder(&config.data)?;
        let now = weir_acts::Time::from_millis(jiff::Timestamp::now().as_millisecond());
        config.detect.accounts = Some(known.write_accounts(&config.data, now)?);
    }
    let node = serve::start(&config, FolderKind::Demo)?;
    let upstream = stand_in(&node)?;
    let control = node.control().clone();
    let callers = node.runtime().block_on(population_of(&control, &upstream))?;
    let letters = write_letters(&config.data)?;
    let live = Live::new(&format!("http://{}", node.address()), callers, LiveConfig::default())?;
    let calling = node.runtime().spawn(Arc::clone(&live).run(std::future::pending()));
    let signals = node.runtime().block_on(async { serve::Signals::listen() })?;
    serve::tell(&node, &config);
    tell(&node, &config.data, &letters, &upstream);
    let story = tell_of_crowd(&node, known, &config.data)?;
    let ended = serve::until_stopped(node, signals, move || {
        calling.abort();
        story.into_iter().for_each(|task| task.abort());
    });
    drop(upstream);
    sum_up(&live);
    ended
}

/// Registers the crowd on a first start, has it call, and tells what comes of
/// it.
fn tell_of_crowd(node: &Node, known: crowd::Known, data: &Path) -> Result<[tokio::task::JoinHandle<()>; 2]> {
    let control = node.control().clone();
    let by = OperatorCaller { operator: first_operator(&control)?.parse()? };
    let is_there = known.campaign.first().is_some_and(|party| control.published().state.party_named(party).is_some());
    if !is_there {
        node.runtime().block_on(known.register(&control, by))?;
    }
    let address = format!("http://{}", node.address());
    let (crowd, calling) = known.calling(&address)?;
    let story = story::Story {
        control,
        known,
        crowd,
        begun: std::time::Instant::now(),
        commands: format!("{} --token-file {} --server {address}", program(), data.join("operator.token").display()),
        log: format!("{address}/log"),
        program: std::env::current_exe().context("where this program is")?,
    };
    Ok([node.runtime().spawn(calling), node.runtime().spawn(story.tell())])
}

/// The stand-in model server; on the port the log knows, after a first start.
fn stand_in(node: &Node) -> Result<StandInHandle> {
    let known = node.control().published().state.models.values().find_map(|model| model.upstream.clone());
    let listen = match &known {
        Some(base) => base.trim_start_matches("http://").parse().context("the demo's model server has no address")?,
        None => std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let config = StandInConfig { listen, pace: Some(Pace::realistic()), ..StandInConfig::default() };
    StandIn::start(config).context("cannot start the stand-in model server; remove the demo's folder to begin anew")
}

/// Seeds the population on a first start; gives every account a key for this
/// run, since keys are never kept.
async fn population_of(control: &Control, upstream: &StandInHandle) -> Result<Vec<Caller>> {
    let by = first_operator(control)?;
    let parties = population::parties();
    if control.published().state.parties.iter().next().is_none() {
        let mut commands = seed::models(&population::models(), &upstream.base_url())?;
        for party in &parties {
            commands.extend(seed::party(party)?);
        }
        control.change_all(by.clone(), commands).await?;
    }
    let mut callers = Vec::new();
    for party in &parties {
        for account in &party.accounts {
            let label = party.label(account);
            let key = seed::issue_key(control, &by, &label).await?;
            let model = seed::favourite(party, callers.len());
            callers.push(Caller { label, key, model: model.to_owned() });
        }
    }
    Ok(callers)
}

/// The operator in whose name the demo acts.
pub fn first_operator(control: &Control) -> Result<String> {
    let published = control.published();
    let operator = published.state.operators.values().find(|operator| operator.name.as_deref() == Some("bootstrap"));
    Ok(operator.context("the log has no operator bootstrap")?.id.to_string())
}

/// The letters as files, where a person can read and draft them.
fn write_letters(data: &Path) -> Result<PathBuf> {
    let folder = data.join("letters");
    create_private_folder(&folder)?;
    let appendix = population::appendix_list(population::appendix());
    let files = [
        ("friday.toml", population::friday_letter_toml()),
        ("second.toml", population::second_letter_toml()),
        (population::APPENDIX_FILE, appendix.as_str()),
    ];
    for (name, text) in files {
        write_file_atomically(&folder.join(name), text.as_bytes(), 0o600)?;
    }
    Ok(folder)
}

fn tell(node: &Node, data: &Path, letters: &Path, upstream: &StandInHandle) {
    let published = node.control().published();
    let state = &published.state;
    complain(&format!(
        "a stand-in model server answers at {}; {} accounts of {} fictional parties are calling",
        upstream.base_url(),
        state.accounts.iter().count(),
        state.parties.iter().count(),
    ));
    let weir = program();
    let to = format!("--token-file {} --server http://{}", data.join("operator.token").display(), node.address());
    let letters = letters.display();
    complain(&format!(
        "\nTry next, in another terminal:\n\n\
         1. Who can use mythos-5, and why one account can:\n     \
         {weir} {to} who-can mythos-5\n     \
         {weir} {to} explain borealis-university/physics mythos-5\n\n\
         2. The Friday letter: draft it, see who is named, put it in force, readmit, lift:\n     \
         {weir} {to} directive draft {letters}/friday.toml\n     \
         {weir} {to} directive preview 2026-06-12-order\n     \
         {weir} {to} directive enact 2026-06-12-order\n     \
         {weir} {to} directive draft {letters}/second.toml\n     \
         {weir} {to} directive enact 2026-06-26-readmission\n     \
         {weir} {to} directive lift 2026-06-26-readmission --by \"Office of Release Supervision\"\n\n\
         3. Check the whole log as a stranger would:\n     \
         {weir} log verify http://{}/log\n\n\
         Ctrl-C stops it; the folder {} stays, and the demo goes on from it.",
        node.address(),
        data.display(),
    ));
}

/// How the person at the terminal started this program.
fn program() -> String {
    let here = std::env::current_dir().ok();
    let exe = std::env::current_exe().ok();
    let within = exe.zip(here).and_then(|(exe, here)| exe.strip_prefix(here).ok().map(Path::to_path_buf));
    within.map_or_else(|| "weir".to_owned(), |path| path.display().to_string())
}

fn sum_up(live: &Live) {
    let counts = live.counts();
    let of = |status: u16| counts.iter().filter_map(|caller| caller.by_status.get(&status)).sum::<u64>();
    let cut: u64 = counts.iter().map(|caller| caller.cut).sum();
    complain(&format!("while it ran: {} answers served, {} denied, {cut} cut off in mid-stream", of(200), of(403)));
}
