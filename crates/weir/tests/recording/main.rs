//! Exchanges of the real process, from a caller's request to a sealed Parquet
//! file: what is kept of them and that no text is; that `weir detect` reads
//! both; that files and records hold each exchange once, across a kill; and that
//! what somebody changed or took away is named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../process/call.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod call;
mod clients;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use weir_exchange::LoggedExchange;
use weir_exchange::read::{Inputs, Progress, ReadOptions, read_in_order};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use program::Weir;
use server::{Server, seed};

/// Files are made of what has waited a second.
const CONFIG: &str = "listen = \"127.0.0.1:0\"\n[records]\nroll_seconds = 1\n";

struct House {
    server: Server,
    key: String,
    _upstream: StandInHandle,
}

impl House {
    fn new() -> House {
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let server = Server::start(Weir::new(), Path::new("data"), CONFIG);
        let key = seed(&server, &upstream.base_url(), &[("fable-5", "general"), ("mythos-5", "listed")]);
        House { server, key, _upstream: upstream }
    }

    fn ask(&self, path: &str, body: &Value) {
        let url = format!("http://{}{path}", self.server.address());
        let asked = ureq::post(&url).header("authorization", format!("Bearer {}", self.key));
        let asked = asked.header("user-agent", "sdk/1").send_json(body);
        asked.unwrap().body_mut().read_to_string().unwrap();
    }

    fn chat(&self, text: &str) {
        let messages = json!([{"role": "system", "content": "Answer as the harbour master."}, {"role": "user", "content": text}]);
        self.ask("/v1/chat/completions", &json!({"model": "fable-5", "temperature": 0.25, "logprobs": true, "messages": messages}));
    }

    fn data(&self) -> PathBuf {
        self.server.data()
    }

    /// Ends the server by a signal and starts it again on the same folder.
    fn again(self, signal: &str, meanwhile: impl FnOnce(&Path)) -> House {
        House { server: self.server.again(signal, CONFIG, meanwhile), ..self }
    }

    /// The acts that sealed files of exchanges, once the last of them holds
    /// exchange `until`.
    fn seals(&self, until: u64) -> Vec<Value> {
        loop {
            let acts = self.server.acts("exchanges.seal").into_iter();
            let seals: Vec<Value> = acts.map(|mut entry| entry["public"].take()).collect();
            if seals.last().is_some_and(|seal| seal["last"].as_u64().unwrap() >= until) {
                return seals;
            }
            std::thread::yield_now();
        }
    }
}

/// Exchanges in files that `weir detect` reads.
fn read(paths: &[PathBuf]) -> Vec<LoggedExchange> {
    let mut found = Vec::new();
    let inputs = Inputs::find(paths).unwrap();
    let take = |some: &[LoggedExchange]| found.extend_from_slice(some);
    read_in_order(&inputs, &ReadOptions::default(), &Progress::default(), take).unwrap();
    found
}

fn files(data: &Path, folder: &str, extension: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(data.join(folder)).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = listed.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

fn by_seq(exchanges: Vec<LoggedExchange>) -> BTreeMap<u64, LoggedExchange> {
    let count = exchanges.len();
    let by_seq: BTreeMap<_, _> = exchanges.into_iter().map(|exchange| (exchange.seq.unwrap(), exchange)).collect();
    assert_eq!(by_seq.len(), count, "a number is there twice");
    by_seq
}

fn detected(weir: &Weir, key: &Path, of: &[PathBuf]) -> Vec<String> {
    let mut words = vec!["detect".to_owned(), "--key-file".into(), key.display().to_string()];
    words.extend(of.iter().map(|path| path.display().to_string()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = weir.run(&words).done();
    ran.err.lines().map(str::to_owned).collect()
}

#[test]
fn what_callers_ask_is_kept_without_its_text_filed_sealed_and_read_by_the_detector() {
    let house = House::new();
    house.chat("Which lantern burns brightest over the granite pier?");
    house.ask("/v1/responses", &json!({"model": "fable-5", "input": "And the saffron one?"}));
    house.ask("/v1/messages", &json!({"model": "fable-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}));
    let seals = house.seals(3);
    let data = house.data();
    let (lines, parquet) = (files(&data, "decisions", "jsonl"), files(&data, "exchanges", "parquet"));
    let (recorded, filed) = (by_seq(read(&lines)), by_seq(read(&parquet)));
    assert_eq!(recorded, filed, "a file holds what the records hold");
    let exchanges: Vec<_> = filed.values().collect();
    assert_eq!(exchanges.len(), 3);
    let [chat, response, message] = exchanges[..] else { panic!("{exchanges:?}") };
    assert_eq!((chat.params.temperature, chat.params.logprobs, chat.params.stream), (Some(0.25), Some(true), Some(false)));
    assert_eq!((chat.client.ip.as_deref(), chat.client.user_agent.as_deref()), (Some("127.0.0.1"), Some("sdk/1")));
    assert_eq!((chat.outcome.status, chat.outcome.refusal), (Some(200), Some(false)));
    assert!(chat.usage.output_tokens.is_some() && chat.messages.is_empty());
    assert_eq!(response.api.as_deref(), Some("openai.responses"));
    assert_eq!(message.api.as_deref(), Some("anthropic.messages"));
    let sketches: Vec<_> = exchanges.iter().map(|exchange| exchange.sketch.clone().unwrap()).collect();
    assert!(sketches[0] != sketches[1] && sketches[1] != sketches[2]);
    // No word of a text is anywhere in the folder.
    for path in lines.iter().chain(&parquet).chain([&data.join("weir.db"), &data.join("weir.db-wal")]) {
        let bytes = std::fs::read(path).unwrap_or_default();
        for word in ["lantern", "harbour", "saffron"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word} in {}", path.display());
        }
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(data.join("detect.key")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let seal = seals.last().unwrap();
    assert_eq!(seal["bytes"].as_u64(), Some(std::fs::metadata(parquet.last().unwrap()).unwrap().len()));
    assert_eq!(seals.iter().map(|seal| seal["rows"].as_u64().unwrap()).sum::<u64>(), 3);
    // The detector reads the files with the folder's key, and says where the key is another.
    let weir = house.server.weir();
    assert!(!detected(weir, &data.join("detect.key"), &parquet).iter().any(|line| line.contains("another key")));
    std::fs::write(data.join("other.key"), format!("{:032x}\n", 7)).unwrap();
    std::fs::set_permissions(data.join("other.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(detected(weir, &data.join("other.key"), &parquet).iter().any(|line| line.contains("3 exchanges were sketched under another key")));
}

#[test]
fn files_and_records_hold_each_exchange_once_across_kills_and_what_is_changed_is_named() {
    let mut house = House::new();
    for round in 1..=3 {
        for asked in 0..5 {
            house.chat(&format!("question {round} {asked}"));
        }
        if round == 2 {
            house.seals(6);
        }
        house = house.again("KILL", |data| {
            std::fs::create_dir_all(data.join("exchanges")).unwrap();
            std::fs::write(data.join("exchanges/.2026-06-12T03-0000000000000900.parquet.part"), "torn").unwrap();
            // One that was named and not sealed before the end.
            std::fs::write(data.join("exchanges/2026-06-12T03-0000000000000900.parquet"), "unsealed").unwrap();
        });
    }
    house.seals(15);
    let data = house.data();
    let parquet = files(&data, "exchanges", "parquet");
    assert_eq!(by_seq(read(&parquet)).into_keys().collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
    assert_eq!(by_seq(read(&files(&data, "decisions", "jsonl"))).len(), 15);
    assert!(!std::fs::read_dir(data.join("exchanges")).unwrap().any(|file| file.unwrap().file_name().to_str().unwrap().starts_with('.')));
    let House { server, .. } = house;
    server.signal("TERM");
    let (_, weir) = server.end();
    let verify = || weir.run(&["log", "verify", &data.display().to_string()]);
    let good = verify();
    assert!(good.code == 0 && good.out.contains("files of exchanges at hand are what was sealed"), "{}{}", good.out, good.err);
    let wrong = |what: &str| {
        let ran = verify();
        assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("WRONG") && ran.out.contains(what), "{}", ran.out);
    };
    let name = parquet[0].file_name().unwrap().to_str().unwrap();
    let whole = std::fs::read(&parquet[0]).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&parquet[0], &changed).unwrap();
    wrong(&format!("exchanges {name}: its SHA-256"));
    std::fs::write(&parquet[0], &whole[..whole.len() - 1]).unwrap();
    wrong(&format!("exchanges {name}: it has"));
    std::fs::remove_file(&parquet[0]).unwrap();
    wrong(name);
}
