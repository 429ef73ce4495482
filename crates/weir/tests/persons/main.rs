//! Persons behind requests: one account, two people, one served and one cut.
//! The assertions are signed by a library that identity providers use and that
//! no one here wrote, right and wrong in each field; key sets are fetched from
//! servers that rotate, hang, redirect, and answer without end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod publisher;
mod recorded;

use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir::demo::{bulk, seed};
use weir::node::{Node, NodeConfig, PersonsOf};
use weir_acts::Digest;
use weir_acts::words::PartyKind;
use weir_control::Command;
use weir_control::command::{
    AccountAdd, ClaimAdd, DirectiveDraft, DirectiveEnact, IssuerAdd, IssuerRemove, PartyAdd, UploadedFile,
};
use weir_sim::population::{self, ModelSeed};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use publisher::{Behaviour, Publisher};

const ISSUER: &str = "https://id.acme.example";

const ORDER: &str = r#"
id = "friday"
authority = "Office of Export"
kind = "order"
received = 2026-06-12T17:21:00-04:00
models = ["mythos-5"]
forbid = 'principal.us_person == false'
unknown = "deny"
"#;

/// What the issuer's own program wrote: key sets and assertions.
struct Issued {
    dir: tempfile::TempDir,
    tokens: Value,
}

impl Issued {
    fn new() -> Issued {
        let dir = tempfile::tempdir().unwrap();
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
        let python = std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/persons/issuer.py");
        let ran = Program::new(&python).arg(script).arg(dir.path()).output();
        let ran = ran.unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", python.display()));
        assert!(ran.status.success(), "{}", ran.stderr.escape_ascii());
        let tokens = serde_json::from_slice(&std::fs::read(dir.path().join("tokens.json")).unwrap()).unwrap();
        Issued { dir, tokens }
    }

    fn file(&self, name: &str) -> UploadedFile {
        let text = std::fs::read_to_string(self.dir.path().join(name)).unwrap();
        UploadedFile { name: name.into(), text }
    }

    fn token(&self, name: &str) -> &str {
        self.tokens[name].as_str().unwrap()
    }
}

/// A Weir with an order in force and one account of `acme`, of which it is not
/// known who its people are.
struct House {
    node: Node,
    key: String,
    operator: String,
    config: NodeConfig,
    _upstream: StandInHandle,
    dir: tempfile::TempDir,
}

impl House {
    fn new(persons: PersonsOf) -> House {
        let dir = tempfile::tempdir().unwrap();
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let persons = PersonsOf { audience: Some("weir.example".into()), ..persons };
        let config = NodeConfig { persons, ..NodeConfig::on_loopback(dir.path()) };
        let node = Node::start(config.clone(), &|_, _| ()).unwrap();
        let token = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
        let operator = node.control().authenticate(token.trim()).unwrap().operator.to_string();
        let model = ModelSeed { id: "mythos-5", previous: None, stage: "general" };
        let mut commands = seed::models(&[model], &upstream.base_url()).unwrap();
        let acme =
            PartyAdd { id: "acme".into(), name: "Acme".into(), kind: PartyKind::Institution, lei: None, ror: None };
        commands.push(acme.into());
        commands.push(AccountAdd { account: "acme/ci".into() }.into());
        let letter = UploadedFile { name: "friday.toml".into(), text: ORDER.into() };
        commands.push(DirectiveDraft { file: letter, lists: Vec::new() }.into());
        commands.push(DirectiveEnact { id: "friday".into() }.into());
        let mut house = House { node, key: String::new(), operator, config, _upstream: upstream, dir };
        for command in commands {
            house.change(command).unwrap();
        }
        let control = house.node.control().clone();
        house.key = house.node.runtime().block_on(seed::issue_key(&control, &house.operator, "acme/ci")).unwrap();
        house
    }

    /// Surrounds `acme` with as many others as `WEIR_SCALE_ACCOUNTS` says, a
    /// party for every fifty.
    fn among_many(&self) {
        let Ok(accounts) = std::env::var("WEIR_SCALE_ACCOUNTS") else { return };
        let accounts: usize = accounts.parse().unwrap();
        let token = std::fs::read_to_string(self.dir.path().join("operator.token")).unwrap();
        let control = self.node.control();
        let caller = control.authenticate(token.trim()).unwrap();
        let people = || population::scaled(accounts / 50, accounts, 17);
        let done = self.node.runtime().block_on(bulk::import(control, caller, people)).unwrap();
        assert_eq!(done.0["accounts"], accounts);
    }

    /// The same folder with another process's life.
    fn again(self) -> House {
        self.node.stop();
        let node = Node::start(self.config.clone(), &|_, _| ()).unwrap();
        House { node, ..self }
    }

    fn change(&self, command: impl Into<Command>) -> Result<Value, String> {
        let change = self.node.control().change_all(self.operator.clone(), vec![command.into()]);
        let mut accepted = self.node.runtime().block_on(change).map_err(|refusal| refusal.message)?;
        Ok(Value::Object(accepted.remove(0).0))
    }

    fn issuer(&self, name: &str, set: UploadedFile, single_use: bool) -> Result<Value, String> {
        self.change(IssuerAdd {
            party: "acme".into(),
            name: Some(name.into()),
            url: None,
            set: Some(set),
            kinds: vec!["us_person".into(), "nationalities".into()],
            max_level: 2,
            single_use,
        })
    }

    /// Asks mythos-5, and gives status, error code and message.
    fn ask(&self, token: Option<&str>) -> (u16, Value) {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut request = ureq::Agent::from(config)
            .post(format!("http://{}/v1/chat/completions", self.node.address()))
            .header("authorization", format!("Bearer {}", self.key));
        if let Some(token) = token {
            request = request.header("weir-person", token);
        }
        let body = json!({"model": "mythos-5", "messages": [{"role": "user", "content": "hello"}]});
        let mut response = request.send_json(&body).unwrap();
        let status = response.status().as_u16();
        (status, response.body_mut().read_json().unwrap())
    }
}

#[test]
fn one_account_two_people_by_every_signature() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    house.among_many();
    let (status, denied) = house.ask(None);
    assert_eq!((status, denied["error"]["code"].as_str()), (403, Some("release_denied")), "{denied}");
    let (status, stranger) = house.ask(Some(issued.tokens["good"]["EdDSA-yes"].as_str().unwrap()));
    assert_eq!(status, 401, "{stranger}");
    assert!(stranger["error"]["message"].as_str().unwrap().contains("no issuer registered"), "{stranger}");

    let issuer = house.issuer(ISSUER, issued.file("keys.json"), false).unwrap();
    for (name, token) in issued.tokens["good"].as_object().unwrap() {
        let expected = if name.ends_with("yes") { 200 } else { 403 };
        // Once verified, once from what was verified.
        for _ in 0..2 {
            let (status, answer) = house.ask(token.as_str());
            assert_eq!(status, expected, "{name}: {answer}");
        }
    }
    assert_eq!(house.ask(Some(issued.token("hinted"))).0, 200);
    assert_eq!(house.ask(Some(issued.token("bound"))).0, 200);
    for (name, token) in issued.tokens["wrong"].as_object().unwrap() {
        let (status, answer) = house.ask(token.as_str());
        assert_eq!((status, answer["error"]["code"].as_str()), (401, Some("person_refused")), "{name}: {answer}");
        let field = name.split(' ').next().unwrap();
        let message = answer["error"]["message"].as_str().unwrap();
        let names_it = !name.ends_with("missing") || message.contains(&format!("`{field}`"));
        assert!(names_it, "{name}: {message}");
    }
    // A removed issuer speaks for nobody, verified before or not.
    let id = issuer["id"].as_str().unwrap().parse().unwrap();
    house.change(IssuerRemove { id }).unwrap();
    assert_eq!(house.ask(issued.tokens["good"]["EdDSA-yes"].as_str()).0, 401);
}

#[test]
fn the_persons_claims_replace_the_accounts() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    house.issuer(ISSUER, issued.file("keys.json"), false).unwrap();
    let claim = ClaimAdd {
        subject: "acme/ci".into(),
        kind: "us_person".into(),
        value: "true".into(),
        level: 4,
        by: "registry".into(),
        evidence: Digest::of(b"paper"),
        expires: None,
    };
    house.change(claim).unwrap();
    assert_eq!(house.ask(None).0, 200, "without a person the account's claim speaks for everyone behind it");
    assert_eq!(house.ask(issued.tokens["good"]["ES256-no"].as_str()).0, 403);
    assert_eq!(house.ask(issued.tokens["good"]["ES256-yes"].as_str()).0, 200);
}

#[test]
fn single_use_assertions_hold_once() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    house.issuer("https://once.acme.example", issued.file("keys.json"), true).unwrap();
    let (status, answer) = house.ask(Some(issued.token("once")));
    assert_eq!(status, 200, "{answer}");
    let (status, again) = house.ask(Some(issued.token("once")));
    assert_eq!(status, 401);
    assert!(again["error"]["message"].as_str().unwrap().contains("used before"), "{again}");
    let (_, without) = house.ask(Some(issued.token("no jti")));
    assert!(without["error"]["message"].as_str().unwrap().contains("`jti`"), "{without}");
}

#[test]
fn key_sets_that_should_not_be_are_refused_in_one_sentence() {
    let issued = Issued::new();
    let house = House::new(PersonsOf::default());
    let file = |text: &str| UploadedFile { name: "keys.json".into(), text: text.into() };
    for (text, why) in [
        ("nonsense", "keys.json: not a JWK set"),
        (r#"{"keys":[]}"#, "no public key"),
        (r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}]}"#, "private key"),
    ] {
        let refused = house.issuer(ISSUER, file(text), false).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let add = |url: Option<&str>, kinds: &[&str], max_level| {
        house.change(IssuerAdd {
            party: "acme".into(),
            name: None,
            url: url.map(str::to_owned),
            set: if url.is_none() { Some(issued.file("keys.json")) } else { None },
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            max_level,
            single_use: false,
        })
    };
    assert!(add(None, &["us_persn"], 2).unwrap_err().contains("us_person"));
    assert!(add(None, &["kyb_level"], 2).unwrap_err().contains("does not describe persons"));
    assert!(add(None, &[], 2).unwrap_err().contains("at least one"));
    assert!(add(None, &["us_person"], 5).unwrap_err().contains("0 to 4"));
    for url in ["http://id.acme.example/keys", "https://", "https://user@id.example/", "https://id.example/?a#b"] {
        assert!(add(Some(url), &["us_person"], 2).is_err(), "{url}");
    }
    assert_eq!(add(None, &["us_person"], 2).unwrap()["issuer"], "acme");
    assert!(add(None, &["us_person"], 2).unwrap_err().contains("already"));
}

/// Waits until `done`, for as long as a slow machine may need.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what} did not come");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn published_key_sets_are_fetched_in_the_background_and_followed() {
    let issued = Issued::new();
    let keys = issued.file("keys.json").text;
    let publisher = Publisher::start(Behaviour::Serves(keys));
    let loopback = vec!["127.0.0.0/8".parse().unwrap()];
    let ca_file = Some(publisher.ca_file());
    let house = House::new(PersonsOf { allow_networks: loopback, ca_file: ca_file.clone(), ..PersonsOf::default() });
    let add = |house: &House, url: String| {
        house.change(IssuerAdd {
            party: "acme".into(),
            name: Some(ISSUER.into()),
            url: Some(url),
            set: None,
            kinds: vec!["us_person".into()],
            max_level: 2,
            single_use: false,
        })
    };
    let added = add(&house, publisher.url()).unwrap();
    let token = issued.tokens["good"]["PS256-yes"].as_str();
    eventually("the key set", || house.ask(token).0 == 200);
    // Registered anew with another set published, only its keys count.
    publisher.now(Behaviour::Serves(issued.file("rotated.json").text));
    house.change(IssuerRemove { id: added["id"].as_str().unwrap().parse().unwrap() }).unwrap();
    add(&house, publisher.url()).unwrap();
    eventually("the rotated key set", || house.ask(Some(issued.token("spare"))).0 == 200);
    assert_eq!(house.ask(token).0, 401);

    // Loopback is private: without leave it is not asked.
    let strict = House::new(PersonsOf { ca_file, ..PersonsOf::default() });
    let before = publisher.asked();
    add(&strict, publisher.url()).unwrap();
    let size = strict.node.control().published().state.size;
    for behaviour in [Behaviour::Redirects, Behaviour::Endless, Behaviour::Hangs] {
        publisher.now(behaviour);
    }
    assert_eq!(strict.ask(token).0, 401);
    assert_eq!((publisher.asked(), strict.node.control().published().state.size), (before, size));
}

#[test]
fn a_publisher_that_hangs_redirects_or_never_ends_delays_nobody() {
    let issued = Issued::new();
    let token = issued.tokens["good"]["EdDSA-yes"].as_str();
    let publishers = [Behaviour::Hangs, Behaviour::Redirects, Behaviour::Endless].map(Publisher::start);
    for publisher in &publishers {
        let loopback = vec!["127.0.0.0/8".parse().unwrap()];
        let ca_file = Some(publisher.ca_file());
        let house = House::new(PersonsOf { allow_networks: loopback, ca_file, ..PersonsOf::default() });
        house.issuer("https://good.acme.example", issued.file("keys.json"), false).unwrap();
        house
            .change(IssuerAdd {
                party: "acme".into(),
                name: Some(ISSUER.into()),
                url: Some(publisher.url()),
                set: None,
                kinds: vec!["us_person".into()],
                max_level: 2,
                single_use: false,
            })
            .unwrap();
        eventually("the question", || publisher.asked() > 0);
        // Its keys are not known, and everything else goes on.
        let (status, answer) = house.ask(token);
        assert_eq!(status, 401, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("not known yet"), "{answer}");
        assert_eq!(house.ask(None).0, 403);
    }
}
