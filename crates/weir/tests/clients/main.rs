//! The official clients of both APIs, unmodified, against a whole Weir with the
//! stand-in behind it: what they may do works, and what an order denies raises
//! their own PermissionDeniedError with a reason a person can read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use weir::demo::seed;
use weir::node::{Node, NodeConfig};
use weir_acts::Digest;
use weir_acts::words::PartyKind;
use weir_control::command::{AccountAdd, ClaimAdd, DirectiveDraft, DirectiveEnact, LimitSet, MeasureTake, PartyAdd, UploadedFile};
use weir_sim::population::{self, ModelSeed};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

struct House {
    node: Node,
    upstream: StandInHandle,
    /// Keys of an account that the order spares, of one that it names, of one that
    /// may ask once a day by each API, and of one from which a measure withholds.
    keys: [String; 4],
    _dir: tempfile::TempDir,
}

impl House {
    /// A Weir in which the Friday letter is in force on mythos-5 and fable-5.
    fn new() -> House {
        let dir = tempfile::tempdir().unwrap();
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let node = Node::start(NodeConfig::on_loopback(dir.path()), &|_, _| ()).unwrap();
        let token = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
        let operator = node.control().authenticate(token.trim()).unwrap();
        let by = operator.operator.to_string();
        let model = |id| ModelSeed { id, previous: None, stage: "general" };
        let mut commands = seed::models(&["mythos-5", "fable-5"].map(model), &upstream.base_url()).unwrap();
        commands.push(
            PartyAdd { id: "acme".into(), name: "Acme".into(), kind: PartyKind::Institution, lei: None, ror: None }
                .into(),
        );
        for (account, us_person) in [("acme/keeps", "true"), ("acme/loses", "false"), ("acme/limited", "true"), ("acme/measured", "true")]
        {
            commands.push(AccountAdd { account: account.into() }.into());
            let claim = ClaimAdd {
                subject: account.into(),
                kind: "us_person".into(),
                value: us_person.into(),
                level: 2,
                by: "registry".into(),
                evidence: Digest::of(b"paper"),
                expires: None,
            };
            commands.push(claim.into());
        }
        let limit = LimitSet {
            subject: "acme/limited".into(),
            requests: Some("2/day".into()),
            tokens: None,
            concurrent: None,
            spend: None,
        };
        commands.push(limit.into());
        let withhold = json!({"subject": "acme/measured", "kind": "withhold", "reason": "too much like others"});
        commands.push(serde_json::from_value::<MeasureTake>(withhold).unwrap().into());
        let letter = UploadedFile { name: "friday.toml".into(), text: population::friday_letter_toml().into() };
        commands.push(DirectiveDraft { file: letter, lists: Vec::new() }.into());
        commands.push(DirectiveEnact { id: population::FIRST_LETTER_ID.into() }.into());
        let control = node.control().clone();
        node.runtime().block_on(control.change_all(by.clone(), commands)).unwrap();
        let keys = ["acme/keeps", "acme/loses", "acme/limited", "acme/measured"]
            .map(|account| node.runtime().block_on(seed::issue_key(&control, &by, account)).unwrap());
        House { node, upstream, keys, _dir: dir }
    }

    /// Runs a program of clients to its end.
    fn run(&self, program: &Path, script: &str, more: &[(&str, &Path)]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
        let output = Command::new(program)
            .arg(&script)
            .env("WEIR_BASE", format!("http://{}", self.node.address()))
            .env("WEIR_KEY", &self.keys[0])
            .env("WEIR_DENIED_KEY", &self.keys[1])
            .env("WEIR_LIMITED_KEY", &self.keys[2])
            .env("WEIR_WITHHELD_KEY", &self.keys[3])
            .envs(more.iter().copied())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", program.display()));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {said}{}", script.display(), output.stderr.escape_ascii());
        println!("{said}");
    }
}

/// A tool that `cargo xtask test` installed and named.
fn tool(variable: &str, default: &str) -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools").join(default);
    std::env::var_os(variable).map_or(default, PathBuf::from)
}

#[test]
fn the_python_clients() {
    let house = House::new();
    house.run(&tool("WEIR_TEST_PYTHON", "venv/bin/python"), "clients.py", &[]);
    // The stream that a client closed early was cancelled at the model server.
    let patience = Duration::from_secs(10);
    assert!(
        house.upstream.wait_until(patience, |counts| counts.in_flight == 0).is_some(),
        "an abandoned stream still runs"
    );
    assert!(house.upstream.cancelled() > 0);
}

#[test]
fn the_javascript_clients() {
    let house = House::new();
    let modules = tool("WEIR_TEST_NODE_MODULES", "node/node_modules");
    house.run(&tool("WEIR_TEST_NODE", "node/bin/node"), "clients.mjs", &[("WEIR_MODULES", &modules)]);
}
