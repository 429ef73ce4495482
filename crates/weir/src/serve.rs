//! `weir serve`: a node until it is told to stop.

use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use weir_acts::act::PolicyText;
use weir_gateway::Drained;
use weir_store::kind::FolderKind;

use crate::cli::Running;
use crate::commands::complain;
use crate::config::{self, Config};
use crate::node::Node;

/// What the file, the environment and the flags come to, the flags winning.
pub(crate) fn configured(running: &Running, data: &str) -> Result<Config> {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut config = config::load(running.config.as_deref(), variables)?;
    if config.data == Config::default().data {
        config.data = data.into();
    }
    if let Some(data) = &running.data {
        config.data.clone_from(data);
    }
    if let Some(listen) = running.listen {
        config.listen = listen;
    }
    if let Some(listen) = running.admin_listen {
        config.admin_listen = listen;
    }
    Ok(config)
}

/// Serves until a signal or until the log can no longer be written.
pub(crate) fn run(running: &Running) -> Result<ExitCode> {
    let config = configured(running, "./weir-data")?;
    crate::logging::start(&config.logging)?;
    let (webhooks, allowed) = config.webhooks()?;
    let mut node = start(&config, FolderKind::Serve)?;
    node.notify(webhooks, allowed, config.webhooks.ca_file.as_deref())?;
    // Whoever reads that it serves may end it by a signal.
    let signals = node.runtime().block_on(async { Signals::listen() })?;
    tell(&node, &config);
    until_stopped(node, signals, || ())
}

/// Starts a node, with a bar while a long log is folded.
pub(crate) fn start(config: &Config, kind: FolderKind) -> Result<Node> {
    let bar: Mutex<Option<ProgressBar>> = Mutex::default();
    let progress = |done: u64, of: u64| {
        let mut bar = bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| folding_bar(of));
        bar.set_position(done);
    };
    let started = Node::start(config.node(kind)?, &progress);
    if let Some(bar) = bar.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        bar.finish_and_clear();
    }
    started.with_context(|| format!("cannot start on the folder {}", config.data.display()))
}

/// A bar at a terminal; indicatif draws none elsewhere.
fn folding_bar(of: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("folding the log {bar:30} {pos}/{len} acts")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(of).with_style(style)
}

/// Says where everything is.
pub(crate) fn tell(node: &Node, config: &Config) {
    let control = node.control();
    if let Some(said) = lacking(&weir_rules::upgrade(&control.published().state, control.now()).lacking) {
        complain(&said);
    }
    let scheme = if config.tls.certificate.is_some() { "https" } else { "http" };
    complain(&format!("weir serves {scheme}://{}", node.address()));
    if let Some(admin) = node.admin_address() {
        complain(&format!("operators ask at {admin}"));
    }
    complain(&format!("the log is {}", node.control().vkey().name()));
    if let Some(token) = node.first_token() {
        complain(&format!("first start: the token of operator bootstrap is in {}", token.display()));
    }
}

/// What is said of base rules that the log was begun without.
fn lacking(rules: &[PolicyText]) -> Option<String> {
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    let named = ids.join(", ");
    (!ids.is_empty())
        .then(|| format!("this log was begun without base rules of this version: {named}; see `weir rules upgrade`"))
}

/// Waits for SIGTERM, SIGINT or the writer's end, does what is due `before`
/// stopping, then drains.
pub(crate) fn until_stopped(node: Node, mut signals: Signals, before: impl FnOnce()) -> Result<ExitCode> {
    let handle = node.runtime().handle().clone();
    let failed = handle.block_on(async {
        tokio::select! {
            () = signals.next() => None,
            why = node.failed() => Some(why),
        }
    });
    // By the same listeners: a signal that comes before the task runs counts.
    handle.spawn(async move {
        signals.next().await;
        complain("stopped at once; what was acknowledged is durable");
        crate::exit_now(1);
    });
    before();
    let drained = node.stop();
    if let Some(why) = failed {
        anyhow::bail!("stopped, because acts could no longer be made durable: {why}");
    }
    match drained {
        Drained::Whole => complain("stopped; every answer came to its end"),
        Drained::Broken => complain("stopped; some answers were broken off when the time to drain was over"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The signals that ask the program to end.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Signals { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the next one, whichever it is.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
