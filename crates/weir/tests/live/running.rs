//! The thread of a running node, over files of records that were there before it: far
//! behind at first, it comes to what the batch finds.

use std::os::unix::fs::OpenOptionsExt as _;
use std::io::Write as _;

use prometheus_client::registry::Registry;
use weir::node::{Following, Node, NodeConfig};
use weir_control::{Control, boot};
use weir_store::kind::FolderKind;
use weir_store::segment::SegmentWriter;

use crate::{House, KEY};

impl House {
    /// Writes the log as records, in many small files.
    fn write_records(&self) {
        let mut segments = SegmentWriter::open(self.dir.path(), 1 << 20, &self.control.sealed_segments()).unwrap();
        for some in self.log.chunks(500) {
            let mut lines = Vec::new();
            for exchange in some {
                lines.extend(br#"{"record":"exchange","#);
                lines.extend(&serde_json::to_vec(exchange).unwrap()[1..]);
                lines.push(b'\n');
            }
            segments.append(&lines).unwrap();
        }
        drop(segments.close());
        let key = self.dir.path().join("detect.key");
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(key).unwrap();
        writeln!(file, "{:032x}", u128::from_be_bytes(KEY)).unwrap();
    }
}

#[test]
fn the_thread_that_begins_far_behind_comes_to_what_the_batch_finds() {
    // Ids are drawn anew in each log, and in a few of them nothing is found.
    let draw = |_| {
        let house = House::new(22);
        let batch = house.batch_until(|mut intake| intake.rest().collect());
        (house, batch)
    };
    let (house, batch) = (0..8).map(draw).find(|(_, batch)| !batch.dossiers.is_empty()).unwrap();
    assert!(house.log.len() > 4_096, "it must be behind by more than it takes at once: {}", house.log.len());
    house.write_records();
    let (last, config) = (house.log.iter().map(|exchange| exchange.time).max().unwrap(), house.config.clone());
    let House { runtime, control, running, dir, .. } = house;
    running.stop();
    drop((control, runtime));

    let of = |dir: &std::path::Path| NodeConfig {
        kind: FolderKind::Demo,
        detect: config.clone(),
        ..NodeConfig::on_loopback(dir)
    };
    let node = Node::start(of(dir.path()), &|_, _| ()).unwrap();
    while node.control().detection().folded.is_none_or(|folded| folded <= last) {
        std::thread::yield_now();
    }
    assert!(!node.control().published().state.campaigns.is_empty(), "what was found is told");
    node.stop();

    // What it remembers, as the next start has it.
    let booted = boot::open(dir.path(), FolderKind::Demo, None, &|_, _| {}).unwrap();
    let (control, _starter) = Control::new(booted).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let next = Following::prepare(config, KEY, control, handle, &mut Registry::default()).unwrap().unwrap();
    assert_eq!(next.detector().findings(), batch);
}
