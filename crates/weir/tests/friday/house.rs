//! A whole Weir in a temporary folder, with a stand-in behind it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use weir::demo::{bulk, seed};
use weir::node::{Node, NodeConfig};
use weir_control::Command;
use weir_control::service::{Caller, Control};
use weir_rules::Preview;
use weir_sim::population::{ModelSeed, PartySeed};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

pub(crate) struct House {
    node: Node,
    operator: Caller,
    upstream: StandInHandle,
    dir: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> House {
        let dir = tempfile::tempdir().unwrap();
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let origin = Some("log.example.org/friday".into());
        let config = NodeConfig { origin, ..NodeConfig::on_loopback(dir.path()) };
        let node = Node::start(config, &|_, _| ()).unwrap();
        let token = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
        let operator = node.control().authenticate(token.trim()).unwrap();
        House { node, operator, upstream, dir }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.node.address()
    }

    fn control(&self) -> Control {
        self.node.control().clone()
    }

    /// Imports the population, and registers two models that the letter names
    /// and one that it does not, open to all.
    pub(crate) fn seed<P: Iterator<Item = PartySeed>>(&mut self, people: impl Fn() -> P) {
        let started = Instant::now();
        let by = self.operator.operator.to_string();
        let model = |id| ModelSeed { id, previous: None, stage: "general" };
        let models = seed::models(&["fable-4", "fable-5", "mythos-5"].map(model), &self.upstream.base_url()).unwrap();
        self.node.runtime().block_on(self.control().change_all(by, models)).unwrap();
        let done = self.node.runtime().block_on(bulk::import(&self.control(), self.operator, people)).unwrap();
        println!("{} rows imported in {:?}", done.0["rows"], started.elapsed());
    }

    pub(crate) fn change(&self, command: Command) {
        self.node.runtime().block_on(self.control().change(self.operator, command, None)).unwrap();
    }

    pub(crate) fn draft(&self, letter: &str, appendix: Option<String>) {
        self.change(crate::draft(letter, appendix).into());
    }

    pub(crate) fn preview(&self, id: &str) -> Preview {
        self.node.runtime().block_on(self.control().preview(self.operator, id.to_owned())).unwrap()
    }

    pub(crate) fn issue_key(&self, account: &str) -> String {
        let by = self.operator.operator.to_string();
        self.node.runtime().block_on(seed::issue_key(&self.control(), &by, account)).unwrap()
    }

    pub(crate) fn who_can(&self, model: &str) -> BTreeSet<String> {
        let published = self.control().published();
        weir_rules::who_can(&published.snapshot, model).map(|id| published.state.account_label(id)).collect()
    }

    /// Stops it, and gives back the folder.
    pub(crate) fn stop(self) -> tempfile::TempDir {
        self.node.stop();
        self.dir
    }
}
