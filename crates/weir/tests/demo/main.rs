//! The demo, played as a newcomer would see it: a campaign hides among ordinary
//! accounts, is found, a measure is in force, the innocent are untouched, and
//! the log proves it. A real OpenAI client is one of the innocent.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// Nothing that the story tells comes later, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

struct Demo {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
    dir: tempfile::TempDir,
    base: String,
}

impl Demo {
    fn start() -> Demo {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.env_clear().current_dir(dir.path()).args(["demo", "--data", "demo", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (line, lines) = channel();
        std::thread::spawn(move || BufReader::new(stderr).lines().map(Result::unwrap).for_each(|said| drop(line.send(said))));
        let mut demo = Demo { child, lines, said: Vec::new(), dir, base: String::new() };
        demo.base = demo.wait_for("weir serves ").split(' ').nth(2).unwrap().to_owned();
        demo
    }

    fn wait_for(&mut self, words: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(why) => panic!("it did not say `{words}` ({why}), only:\n{}", self.said.join("\n")),
            }
        }
    }

    fn weir(&self, args: &[&str]) -> Output {
        let token = self.dir.path().join("demo/operator.token");
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.env_clear().current_dir(self.dir.path()).args(["--server", &self.base, "--token-file"]).arg(token);
        command.args(args).stdin(Stdio::null()).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let output = self.weir(&[&["--json"], args].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The status of one more call by a party of the crowd.
    fn call(&self, party: &str) -> (u16, String) {
        let body = serde_json::json!({"model": "fable-5", "messages": [{"role": "user", "content": "Once more, please."}]});
        let call = ureq::post(format!("{}/v1/chat/completions", self.base))
            .config()
            .http_status_as_error(false)
            .build()
            .header("authorization", format!("Bearer sk-elsewhere-{party}/api"));
        let mut answer = call.send_json(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Parties of the simulated campaign, as the simulator tells it.
fn truth() -> BTreeSet<String> {
    weir::demo::crowd::Known::new().unwrap().campaign
}

#[test]
fn a_hidden_campaign_is_found_and_acted_on_while_the_innocent_go_on() {
    let mut demo = Demo::start();
    demo.wait_for("FOUND: ");
    demo.wait_for("IN FORCE: `throttle`");
    demo.wait_for("UNTOUCHED: ");
    demo.wait_for("verified from outside");
    let campaign = truth();

    // What an analyst sees.
    let list = demo.weir(&["campaign", "list"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("detection is on") && list.contains("campaign"), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let found = demo.json(&["campaign", "list"]);
    assert_eq!(found.len(), 1, "{found:?}");
    let id = found[0]["id"].as_str().unwrap().to_owned();
    let shown = demo.json(&["campaign", "show", &id]).remove(0);
    let party = |account: &Value| account.as_str().unwrap().split('/').next().unwrap().to_owned();
    let members: BTreeSet<String> = shown["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|member| member["role"] == "member")
        .map(|member| party(&member["account"]))
        .collect();
    assert!(members.is_subset(&campaign), "{:?}", members.difference(&campaign));
    assert!(members.len() * 10 >= campaign.len() * 8, "{} of {}", members.len(), campaign.len());
    let bits: Vec<f64> = shown["members"].as_array().unwrap().iter().filter(|m| m["role"] == "member").map(|m| m["bits"].as_f64().unwrap()).collect();
    assert!(bits.is_sorted(), "the weakest first: {bits:?}");
    let text = demo.weir(&["campaign", "show", &id]);
    let text = String::from_utf8(text.stdout).unwrap();
    for part in ["Evidence", "Against", "weakest first", "Measures and appeals", "Provenance", "nearest innocent"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    // Who is measured is a member, and is told so with how to appeal.
    let measured: BTreeSet<String> = shown["measures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|measure| measure["subject"].as_str().unwrap().trim_start_matches("party:").to_owned())
        .collect();
    assert!(members.is_subset(&measured), "{:?}", members.difference(&measured));
    // Who was a member when it was acted on keeps the measure to its end, also where later epochs say less.
    assert!(measured.is_subset(&campaign), "{:?}", measured.difference(&campaign));
    let member = members.first().unwrap();
    let told = (0..20).map(|_| demo.call(member)).find(|(status, _)| *status == 429).expect("a throttled account is held back");
    assert!(told.1.contains("measure/throttle") && told.1.contains("ppeal"), "{}", told.1);

    // The innocent go on, a real client among them.
    let known = weir::demo::crowd::Known::new().unwrap();
    for innocent in known.look_alikes.iter().take(3) {
        assert_eq!(demo.call(innocent).0, 200, "{innocent}");
    }
    let innocent = known.look_alikes.last().unwrap();
    assert_eq!(sdk_answer(&demo, &format!("sk-elsewhere-{innocent}/api")), "200");

    // The files of records, read anew from the start, come to the same campaign.
    let again = demo.weir(&[
        "detect", "demo/decisions", "--accounts", "demo/detect.accounts.jsonl", "--key-file", "demo/detect.key",
        "--epoch", "5s", "--memory", "64MiB", "--out", "again",
    ]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let again: Value = serde_json::from_slice(&std::fs::read(demo.dir.path().join("again/campaigns.json")).unwrap()).unwrap();
    let ids: Vec<&Value> = again.as_array().unwrap().iter().map(|dossier| &dossier["id"]).collect();
    assert_eq!(ids, [&Value::from(id)]);

    // And a stranger can check all of it.
    let verified = demo.weir(&["log", "verify", &format!("{}/log", demo.base)]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// What the OpenAI client for Python makes of an answer.
fn sdk_answer(demo: &Demo, key: &str) -> String {
    let program = "import sys\nfrom openai import OpenAI\nclient = OpenAI(base_url=sys.argv[1] + '/v1', api_key=sys.argv[2], max_retries=0)\n\
        answer = client.chat.completions.create(model='fable-5', messages=[{'role': 'user', 'content': 'Hello.'}])\n\
        print(200 if answer.choices[0].message.content else answer)\n";
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
    let python = std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from);
    let ran = Command::new(python).arg("-c").arg(program).arg(&demo.base).arg(key).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}
