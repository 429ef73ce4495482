//! A gateway in its house: a stand-in behind it, and a world of three parties
//! and six models that a test changes by acts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus_client::registry::Registry;
use weir_acts::act::{private, public};
use weir_acts::directive::DirectiveText;
use weir_acts::id::{AccountId, KeyId, ModelId, PartyId};
use weir_acts::key::Pepper;
use weir_acts::words::Stage;
use weir_acts::{Act, Clock, Time, Touched, Value};
use weir_gateway::{
    DecisionIds, Gateway, GatewayConfig, GatewayHandle, Made, NoOtherRoutes, Objects, Parts, PersonsConfig, Recorder,
};
use weir_rules::{Enforce as _, Snapshot, Swept, base_rules};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use crate::caller::{Answer, Caller, request};
use crate::recorder::TestRecorder;
use crate::scene::{Scene, parts};

/// What assertions name as their audience.
pub(crate) const AUDIENCE: &str = "weir.example";

/// Of a party verified, and known to be a US person.
pub(crate) const ACME: &str = "sk-acme-7f2d";
/// Of a party known not to be one.
pub(crate) const NORWIND: &str = "sk-norwind-c41b";
/// Of a party of which nothing is known.
pub(crate) const QUIET: &str = "sk-quiet-90aa";
/// What the gateway itself shows its upstream.
pub(crate) const UPSTREAM_SECRET: &str = "sk-upstream-do-not-tell";
/// The condition that names [`NORWIND`] and not [`ACME`].
pub(crate) const FOREIGN: &str = "principal.us_person == false";

pub(crate) struct House {
    pub(crate) stand_in: StandInHandle,
    pub(crate) scene: Scene,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) recorder: Arc<TestRecorder>,
    pub(crate) objects: Arc<TestObjects>,
    pub(crate) gateway: Gateway,
    pub(crate) handle: Option<GatewayHandle>,
    pub(crate) address: SocketAddr,
    pub(crate) registry: Registry,
    pub(crate) accounts: HashMap<&'static str, (PartyId, AccountId, KeyId)>,
    pub(crate) models: HashMap<String, ModelId>,
    touched: Touched,
    credential: String,
    folder: tempfile::TempDir,
}

/// Stands still until a test moves it.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    pub(crate) fn set(&self, now: Time) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

/// Objects in memory.
#[derive(Default)]
pub(crate) struct TestObjects(pub(crate) Mutex<HashMap<String, Made>>);

impl TestObjects {
    pub(crate) fn made_by(&self, id: &str) -> Option<Made> {
        self.made(id)
    }
}

impl Objects for TestObjects {
    fn made(&self, id: &str) -> Option<Made> {
        self.0.lock().unwrap().get(id).cloned()
    }

    fn remember(&self, id: &str, made: Made) {
        self.0.lock().unwrap().insert(id.to_owned(), made);
    }
}

/// A house with the usual limits.
pub(crate) fn house() -> House {
    House::with(|_| {})
}

impl House {
    /// A house whose gateway is configured by `configure`.
    pub(crate) fn with(configure: impl FnOnce(&mut GatewayConfig)) -> House {
        let stand_in = StandIn::start(StandInConfig::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let credential = private_file(&folder, "upstream", UPSTREAM_SECRET);
        let mut world = Peopled::new(&stand_in.base_url(), &format!("file:{credential}"));
        world.people();
        let Peopled { scene, accounts, models, .. } = world;
        let mut config = GatewayConfig { listen: ([127, 0, 0, 1], 0).into(), workers: 2, ..GatewayConfig::default() };
        config.access_url = Some("https://weir.example".into());
        configure(&mut config);
        let clock = Arc::new(TestClock(AtomicI64::new(scene.now.millis())));
        let recorder = Arc::new(TestRecorder::new());
        let objects = Arc::new(TestObjects::default());
        let mut registry = Registry::default();
        let parts = Parts {
            config,
            snapshot: Arc::new(Snapshot::of(&scene.world).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            pepper: pepper(),
            ids: Arc::new(DecisionIds::new(7)),
            recorder: Arc::clone(&recorder) as Arc<dyn Recorder>,
            objects: Arc::clone(&objects) as Arc<dyn Objects>,
            other: Arc::new(NoOtherRoutes),
            persons: PersonsConfig {
                used: Vec::new(),
                audience: AUDIENCE.to_owned(),
                freshness: Arc::default(),
                names: Arc::new(|id| id.to_string()),
            },
        };
        let gateway = Gateway::new(parts, &mut registry).unwrap();
        let handle = gateway.start().unwrap();
        House {
            stand_in,
            scene,
            clock,
            recorder,
            objects,
            gateway,
            address: handle.local_addr(),
            handle: Some(handle),
            registry,
            accounts,
            models,
            touched: Touched::default(),
            credential,
            folder,
        }
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::new(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, key: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.caller().ask(&request("POST", path, Some(key), headers, body.as_bytes()))
    }

    /// A chat with `model`.
    pub(crate) fn chat(&self, key: &str, model: &str) -> Answer {
        self.ask(key, "/v1/chat/completions", &[], &chat(model))
    }

    /// Changes the world and puts the change in force.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Scene)) -> Swept {
        change(&mut self.scene);
        self.install()
    }

    pub(crate) fn install(&self) -> Swept {
        self.gateway.install(Arc::new(Snapshot::of(&self.scene.world).unwrap()), &self.touched)
    }

    /// Puts an order in force.
    pub(crate) fn enact(&mut self, text: DirectiveText) -> Swept {
        self.change(|scene| {
            scene.enact(text, vec![], None);
        })
    }

    /// Serves `model` from another upstream, to everyone.
    pub(crate) fn serve_from(&mut self, model: &str, upstream: &str) {
        let credential = format!("file:{}", self.credential);
        let mut peopled = Peopled {
            scene: self.scene.clone(),
            accounts: HashMap::new(),
            models: HashMap::new(),
            upstream: upstream.to_owned(),
            credential,
        };
        peopled.model(model, None, Stage::General);
        self.scene = peopled.scene;
        self.models.extend(peopled.models);
        self.install();
    }

    /// Serves a model that is restricted to the verified, of whom ACME is one.
    pub(crate) fn serve_restricted_from(&mut self, model: &str, upstream: &str) {
        self.serve_from(model, upstream);
        let id = self.models[model];
        self.change(|scene| scene.stage(id, Stage::Verified, &[]));
    }

    /// Shows upstreams that are added from now on another credential.
    pub(crate) fn use_credential(&mut self, secret: &str) {
        self.credential = private_file(&self.folder, "another", secret);
    }

    pub(crate) fn clock_now(&self) -> Time {
        self.clock.now()
    }

    /// Waits until every answer has left; the last byte is flushed a moment
    /// after the exchange is recorded.
    pub(crate) fn until_nothing_is_in_flight(&self) {
        for _ in 0..20_000 {
            if self.gateway.in_flight().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("still in flight: {:?}", self.gateway.in_flight());
    }

    /// What the counter `name` stands at.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

fn private_file(folder: &tempfile::TempDir, name: &str, content: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn pepper() -> Pepper {
    Pepper::new(&[3; 32])
}

/// The smallest chat with `model`.
pub(crate) fn chat(model: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]}}"#)
}

/// The same, streamed.
pub(crate) fn streamed_chat(model: &str) -> String {
    format!(r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"hello"}}]}}"#)
}

/// A world being filled.
struct Peopled {
    scene: Scene,
    accounts: HashMap<&'static str, (PartyId, AccountId, KeyId)>,
    models: HashMap<String, ModelId>,
    upstream: String,
    credential: String,
}

impl Peopled {
    fn new(upstream: &str, credential: &str) -> Peopled {
        Peopled {
            scene: Scene::new(base_rules()),
            accounts: HashMap::new(),
            models: HashMap::new(),
            upstream: upstream.to_owned(),
            credential: credential.to_owned(),
        }
    }

    fn people(&mut self) {
        let acme = self.account("acme", ACME);
        let norwind = self.account("norwind", NORWIND);
        self.account("quiet", QUIET);
        for (party, is_us) in [(acme, true), (norwind, false)] {
            self.scene.claim(&party.to_string(), "us_person", Value::Bool(is_us), 2, None);
        }
        self.scene.claim(&acme.to_string(), "kyb_level", Value::Long(2), 2, None);
        self.model("fable-4", None, Stage::General);
        self.model("fable-5", Some("fable-4"), Stage::General);
        self.model("atlas-5", None, Stage::General);
        self.model("mythos-5", None, Stage::Verified);
        self.model("hidden-6", None, Stage::Sealed);
        let listed = self.model("listed-5", None, Stage::Sealed);
        self.scene.stage(listed, Stage::Listed, &[acme]);
    }

    fn account(&mut self, handle: &str, key: &'static str) -> PartyId {
        let party = self.scene.party(handle);
        let account = self.scene.account(party, "main");
        let issued = self.scene.key(account, pepper().digest(key.as_bytes()).0);
        self.accounts.insert(key, (party, account, issued));
        party
    }

    fn model(&mut self, name: &str, previous: Option<&str>, stage: Stage) -> ModelId {
        let mut bytes = [0xee; 10];
        bytes[..8].copy_from_slice(&self.scene.world.state().size.to_be_bytes());
        let id = ModelId::from_bytes(bytes);
        let public = public::ModelAdd {
            model: name.into(),
            previous: previous.map(Into::into),
            weights: None,
            max_output: None,
        };
        let private = private::ModelAdd { upstream: self.upstream.clone(), credential: Some(self.credential.clone()) };
        self.scene.act(&id.to_string(), Act::ModelAdd(parts(public, private)));
        if stage != Stage::Sealed {
            self.scene.stage(id, stage, &[]);
        }
        self.models.insert(name.to_owned(), id);
        id
    }
}
