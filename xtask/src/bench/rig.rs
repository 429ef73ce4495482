//! The model server and the load that every proxy is measured between.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Programs;
use super::process::{Part, Placement, Process};
use super::proxy::Proxy;

/// One kind of call.
pub(super) struct Shape {
    /// Its name in rows.
    pub(super) name: &'static str,
    /// Whether it is streamed.
    is_stream: bool,
    /// What the stand-in answers with.
    steering: &'static [&'static str],
    /// Keep-alive connections of the closed loop, one call at a time on each.
    pub(super) connections: usize,
    /// Whether the bar against nginx is for it.
    pub(super) has_bar: bool,
    /// The least bytes a whole answer has, whatever a proxy rewrites.
    least_body: u64,
}

/// A question and an answer of 1 KiB each.
pub(super) const UNARY: Shape = Shape {
    name: "1 KiB unary",
    is_stream: false,
    steering: &["x-stand-in-bytes=1024"],
    connections: 16,
    has_bar: true,
    least_body: 1024,
};

/// 200 deltas with a pause between them, so that each is relayed by itself: a
/// proxy that falls behind would otherwise read many at once, and look cheap.
const STREAM: Shape = Shape {
    name: "200-chunk stream",
    is_stream: true,
    steering: &["x-stand-in-chunks=200", "x-stand-in-gap-ms=5"],
    connections: 64,
    has_bar: true,
    least_body: 20_000,
};

/// The same as fast as it goes, for completeness.
const BURST: Shape = Shape {
    name: "200-chunk stream, unpaced",
    is_stream: true,
    steering: &["x-stand-in-chunks=200"],
    connections: 16,
    has_bar: false,
    least_body: 20_000,
};

/// The shapes of the CPU rows.
pub(super) const SHAPES: &[&Shape] = &[&UNARY, &STREAM, &BURST];

/// What a run of the load program sends.
pub(super) enum Loop {
    /// So many requests, as fast as the answers come.
    Closed(u64),
    /// So many a second, for so many seconds.
    Open { rate: u64, seconds: u64, connections: usize },
}

/// A model server for one shape of call, and the load program.
pub(super) struct Rig<'programs> {
    pub(super) programs: &'programs Programs,
    pub(super) shape: &'static Shape,
    /// Where everything runs.
    placement: Placement,
    /// Where the model server listens.
    pub(super) upstream: SocketAddr,
    _stand_in: Process,
}

impl<'programs> Rig<'programs> {
    /// Starts the model server.
    pub(super) fn start(
        programs: &'programs Programs,
        shape: &'static Shape,
        placement: Placement,
    ) -> Result<Rig<'programs>> {
        let mut command = placement.command(Part::Rest, &programs.examples.join("stand_in"));
        command.args(["127.0.0.1:0", "0"]).args(shape.steering).stdout(Stdio::piped());
        let mut stand_in = Process::spawn("stand-in", &mut command)?;
        let stdout = stand_in.child().stdout.take().context("the stand-in has no standard output")?;
        let mut url = String::new();
        BufReader::new(stdout).read_line(&mut url)?;
        let address = url.trim().strip_prefix("http://").context("the stand-in did not start")?;
        Ok(Rig { programs, shape, placement, upstream: address.parse()?, _stand_in: stand_in })
    }

    /// A command of a proxy, to be run where proxies run.
    pub(super) fn proxy(&self, program: &Path) -> Command {
        self.placement.command(Part::Proxy, program)
    }

    /// The model server itself, as the proxy that is none.
    pub(super) fn direct(&self) -> Proxy {
        Proxy::direct(self.upstream)
    }

    /// One run of the load program.
    ///
    /// # Errors
    /// When a single request failed or was answered otherwise than asked: such
    /// a run measures something else.
    pub(super) fn load(&self, proxy: &Proxy, how: &Loop) -> Result<Value> {
        let shape = if self.shape.is_stream { "stream" } else { "unary" };
        let mut command = self.placement.command(Part::Rest, &self.programs.examples.join("load"));
        command.args([
            "--to",
            &proxy.address.to_string(),
            "--shape",
            shape,
            "--path",
            &proxy.path,
            "--model",
            "atlas-5",
        ]);
        let connections = match how {
            Loop::Closed(requests) => {
                command.args(["--requests", &requests.to_string()]);
                self.shape.connections
            }
            Loop::Open { rate, seconds, connections } => {
                command.args(["--rate", &rate.to_string(), "--seconds", &seconds.to_string()]);
                *connections
            }
        };
        command.args(["--connections", &connections.to_string()]);
        for header in &proxy.headers {
            command.args(["--header", header]);
        }
        let output = command.stderr(Stdio::inherit()).output().context("cannot run the load program")?;
        if !output.status.success() {
            bail!("no load on {}: the load program ended with {}", proxy.name, output.status);
        }
        let measured: Value = serde_json::from_slice(&output.stdout).context("the load program printed no JSON")?;
        let number = |name: &str| measured[name].as_u64().unwrap_or(0);
        let whole = number("ok") > 0 && number("failed") == 0 && number("unsent") == 0;
        if !whole || !measured["other_status"].is_null() || number("least_body_bytes") < self.shape.least_body {
            bail!(
                "not every request through {} was answered in full: {} answered, {} failed {}, {} unsent, another status {}, least body {}",
                proxy.name,
                number("ok"),
                number("failed"),
                measured["failures"],
                number("unsent"),
                measured["other_status"],
                number("least_body_bytes")
            );
        }
        Ok(measured)
    }

    /// Waits until a proxy answers as it should.
    pub(super) fn wait_for(&self, proxy: &mut Proxy, longest: Duration) -> Result<()> {
        let by = Instant::now() + longest;
        loop {
            let answered = std::net::TcpStream::connect(proxy.address)
                .map_err(anyhow::Error::from)
                .and_then(|_| self.load(proxy, &Loop::Closed(1)));
            let Err(error) = answered else { return Ok(()) };
            proxy.still_runs()?;
            if Instant::now() > by {
                return Err(error.context(format!("{} does not answer after {longest:?}", proxy.name)));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
