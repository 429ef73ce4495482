//! How the real process ends on a signal: what is under way finishes, nothing
//! new is taken, a second signal ends it at once, and a limit of nothing cuts.
//! However it ends by the first signal, the folder it leaves is whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../process/call.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod call;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/records.rs"]
mod records;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use call::{Call, ask};
use program::Weir;
use records::Records;
use server::{PATIENCE, Server, log_is_good, seed};

const WHOLE: &str = "stopped; every answer came to its end";
const BROKEN: &str = "stopped; some answers were broken off";

/// Some seconds long, whoever else uses the machine.
const SLOW: &str = "x-stand-in-chunks: 40\r\nx-stand-in-gap-ms: 50\r\n";

/// Longer than any test.
const ENDLESS: &str = "x-stand-in-chunks: 9000\r\nx-stand-in-gap-ms: 100\r\n";

/// A server with a stand-in behind it, and a caller's key.
struct House {
    server: Server,
    key: String,
    upstream: StandInHandle,
}

impl House {
    fn new(drain_seconds: u64) -> House {
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let config = format!("listen = \"127.0.0.1:0\"\ndrain_seconds = {drain_seconds}\n");
        let server = Server::start(Weir::new(), Path::new("data"), &config);
        let key = seed(&server, &upstream.base_url(), &[("fable-5", "general")]);
        House { server, key, upstream }
    }

    /// A stream whose first words came.
    fn stream(&self, steering: &str) -> Call {
        let mut call = Call::send(self.server.address(), &self.key, "fable-5", true, steering).unwrap();
        call.wait_for("data: ");
        call
    }

    /// Sends the first signal and waits until it is heard, with so many
    /// requests under way.
    fn stop(&mut self, signal: &str, in_flight: usize) {
        self.server.signal(signal);
        let line = self.server.wait_for("stopping: letting requests finish");
        assert!(line.contains(&format!("in_flight={in_flight}")), "{line}");
    }

    /// Waits until nobody takes a connection. Until then each is taken and
    /// answered, or told that it is not.
    fn takes_nothing_new(&self) {
        let started = Instant::now();
        loop {
            match ask(self.server.address(), &self.key, "fable-5") {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return,
                // One that waited to be accepted when the listener closed.
                Err(_) => {}
                Ok(answer) => assert!([200, 503].contains(&answer.status), "{}", answer.text),
            }
            assert!(started.elapsed() < PATIENCE, "a server that is stopping takes more and more");
        }
    }
}

#[test]
fn a_stream_under_way_finishes_and_nothing_new_is_taken() {
    for signal in ["TERM", "INT"] {
        let mut house = House::new(600);
        let stream = house.stream(SLOW);
        house.stop(signal, 1);
        house.takes_nothing_new();
        let answer = stream.rest().unwrap();
        let (text, decision) = (&answer.text, answer.header("weir-decision"));
        assert!(text.contains("data: [DONE]") && text.ends_with("\r\n0\r\n\r\n"), "{text}");
        let House { server, upstream, .. } = house;
        let data = server.data();
        let (ended, weir) = server.end();
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert!(ended.said.contains(WHOLE), "{}", ended.said);
        assert_eq!(upstream.cancelled(), 0);
        log_is_good(&weir, &data);
        assert_eq!(Records::read(&data).of(decision), (1, 1), "decision and exchange are on disk");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT"), ("INT", "TERM")] {
        let mut house = House::new(600);
        let stream = house.stream(ENDLESS);
        house.stop(first, 1);
        house.server.signal(second);
        let data = house.server.data();
        let (ended, weir) = house.server.end();
        assert_eq!(ended.code, 1, "{first}, {second}: {}", ended.said);
        assert!(ended.said.contains("stopped at once"), "{first}, {second}: {}", ended.said);
        assert!(!stream.rest().unwrap().text.contains("[DONE]"));
        log_is_good(&weir, &data);
    }
}

#[test]
fn a_limit_of_nothing_cuts_at_once() {
    let mut house = House::new(0);
    let stream = house.stream(ENDLESS);
    house.stop("TERM", 1);
    let answer = stream.rest().unwrap();
    let (text, decision) = (&answer.text, answer.header("weir-decision"));
    assert!(!text.contains("[DONE]") && !text.ends_with("\r\n0\r\n\r\n"), "a cut stream must not look whole: {text}");
    let House { server, upstream, .. } = house;
    let data = server.data();
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains(BROKEN), "{}", ended.said);
    assert!(upstream.wait_until(PATIENCE, |counts| counts.in_flight == 0).is_some(), "the model goes on for nobody");
    log_is_good(&weir, &data);
    assert_eq!(Records::read(&data).of(decision), (1, 1), "what was cut is on record too");
}

#[test]
fn a_limit_of_nothing_breaks_nothing_where_nothing_is_under_way() {
    let mut house = House::new(0);
    assert_eq!(ask(house.server.address(), &house.key, "fable-5").unwrap().status, 200);
    // A connection with an answer behind it and half a head begun is there too:
    // nothing on it is broken off.
    let mut idle = TcpStream::connect(house.server.address()).unwrap();
    idle.set_read_timeout(Some(PATIENCE)).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: weir\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost:").unwrap();
    house.stop("TERM", 0);
    let (ended, _weir) = house.server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains(WHOLE), "{}", ended.said);
}

/// Whoever reads that it serves may end it: the first signal drains, however
/// soon it comes.
#[test]
fn a_signal_the_moment_it_serves_drains_it() {
    for _ in 0..5 {
        let server = Server::start(Weir::new(), Path::new("data"), "listen = \"127.0.0.1:0\"\n");
        server.signal("TERM");
        let (ended, _) = server.end();
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert!(ended.said.contains(WHOLE), "{}", ended.said);
    }
}
