//! A gateway to be measured: everything on (API key, decision, record), in
//! front of an upstream of the caller's choice.
//!
//! `proxy_cost UPSTREAM-BASE-URL [WORKERS] [LISTEN]` prints its address and its
//! key on one line and serves `atlas-5` until it is ended. Records are made and
//! queued as in the program, and written as lines to nowhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench")]

#[path = "../../weir-rules/src/scene.rs"]
mod scene;

use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::registry::Registry;
use scene::{Scene, parts};
use weir_acts::act::{private, public};
use weir_acts::id::ModelId;
use weir_acts::key::Pepper;
use weir_acts::words::Stage;
use weir_acts::{Act, Clock, Time};
use weir_gateway::{
    DecisionIds, Gateway, GatewayConfig, NoObjects, NoOtherRoutes, Parts, PersonsConfig, RecordQueue, Recorder, Taken,
};
use weir_rules::{Snapshot, base_rules};

const KEY: &str = "sk-bench-1";

/// Runs on from the moment of the world.
struct RunningClock(Instant, Time);

impl Clock for RunningClock {
    fn now(&self) -> Time {
        self.1.plus_millis(i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let upstream = arguments.next().expect("usage: proxy_cost UPSTREAM-BASE-URL [WORKERS] [LISTEN]");
    let workers = arguments.next().map_or(1, |workers| workers.parse().expect("a number of workers"));
    let listen = arguments.next().map_or(([127, 0, 0, 1], 0).into(), |listen| listen.parse().expect("an address"));
    let pepper = Pepper::new(&[3; 32]);
    let scene = world(&upstream, &pepper);
    let queue = Arc::new(RecordQueue::new(1 << 20));
    let parts = Parts {
        config: GatewayConfig { listen, workers, ..GatewayConfig::default() },
        snapshot: Arc::new(Snapshot::of(&scene.world).unwrap()),
        clock: Arc::new(RunningClock(Instant::now(), scene.now)),
        pepper,
        ids: Arc::new(DecisionIds::new(1)),
        recorder: Arc::clone(&queue) as Arc<dyn Recorder>,
        objects: Arc::new(NoObjects),
        other: Arc::new(NoOtherRoutes),
        persons: PersonsConfig {
            used: Vec::new(),
            audience: "weir.example".to_owned(),
            freshness: Arc::default(),
            names: Arc::new(|id| id.to_string()),
        },
    };
    let gateway = Gateway::new(parts, &mut Registry::default()).unwrap();
    let handle = gateway.start().unwrap();
    println!("http://{} {KEY}", handle.local_addr());
    let mut lines = Vec::new();
    while let Some(Taken { records, before, .. }) = queue.take(Duration::from_secs(3600)) {
        lines.clear();
        for record in &records {
            record.write_line(&mut lines).unwrap();
        }
        queue.written(before);
        // The program's writer pauses between batches in the same way.
        queue.gather(Duration::from_millis(20));
    }
}

fn world(upstream: &str, pepper: &Pepper) -> Scene {
    let mut scene = Scene::new(base_rules());
    let party = scene.party("acme");
    let account = scene.account(party, "main");
    scene.key(account, pepper.digest(KEY.as_bytes()).0);
    let model = ModelId::from_bytes([9; 10]);
    let public = public::ModelAdd { model: "atlas-5".into(), previous: None, weights: None, max_output: None };
    let private = private::ModelAdd { upstream: upstream.to_owned(), credential: None };
    scene.act(&model.to_string(), Act::ModelAdd(parts(public, private)));
    scene.stage(model, Stage::General, &[]);
    scene
}
