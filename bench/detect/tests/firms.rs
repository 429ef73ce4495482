//! Thirty small firms whose keys nobody declared: each firm has a name, a card, an e-mail domain and
//! four lines of its own, and house rules of which others have the like; what their keys are sent
//! is alike. None of them hides, and none is to be flagged.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::fmt::Write as _;

use serde_json::json;
use weir_detect::{Detector, Findings, Intake, Settings, Sketcher};
use weir_exchange::{LoggedAccount, LoggedExchange};
use weir_sim::traffic::{Arrivals, Corpus, Scenario, World};

const DAYS: u64 = 8;

const RULES: [&str; 8] = [
    "Answer in the customer's language.",
    "Never promise that money is returned.",
    "Return JSON with label, confidence and reason.",
    "Keep a warm and friendly tone.",
    "Stay under eighty words in all.",
    "Do not name any competitors.",
    "If unsure, set the label to other.",
    "Cite the number of the ticket.",
];

/// Numbers that follow no pattern, the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Their accounts, and what these send, from the given moment on.
fn firms(from: weir_acts::Time) -> (Vec<LoggedAccount>, Vec<LoggedExchange>) {
    let mut numbers = Numbers(5);
    let (mut accounts, mut exchanges) = (Vec::new(), Vec::new());
    for firm in 0..30 {
        let mut rules: Vec<&str> = RULES.to_vec();
        let mut prompt = format!("You work for Firm{firm}worth. Sort the message that a customer sent.");
        for _ in 0..4 {
            let rule = rules.remove(numbers.below(rules.len() as u64) as usize);
            write!(prompt, " {rule}").unwrap();
        }
        for key in 0..3 + numbers.below(6) {
            let account = format!("firm-{firm}-{key}");
            let created = from.plus_millis(-86_400_000 * (20 + numbers.below(300) as i64));
            accounts.push(
                serde_json::from_value(json!({
                    "account": account, "created": created, "plan": "tier-1", "payment": format!("card-{firm}"),
                    "email_domain": format!("firm{firm}worth.example"), "signup_path": "web",
                }))
                .unwrap(),
            );
            for _ in 0..10 * DAYS {
                let words: Vec<String> = (0..30).map(|_| format!("goods{}ware", letters(numbers.below(900)))).collect();
                let time = from.plus_millis(numbers.below(DAYS * 86_400_000) as i64);
                let line = format!("203.0.{firm}.{}", 1 + numbers.below(4));
                exchanges.push(
                    serde_json::from_value(json!({
                        "time": time, "account": account, "api": "openai.chat", "model": "atlas-5",
                        "messages": [{"role": "system", "content": prompt}, {"role": "user", "content": words.join(" ")}],
                        "client": {"ip": line, "user_agent": "openai-python/1.0"}, "outcome": {"status": 200},
                        "usage": {"input_tokens": 90, "output_tokens": 60},
                    }))
                    .unwrap(),
                );
            }
        }
    }
    exchanges.sort_by_key(|exchange: &LoggedExchange| exchange.time);
    (accounts, exchanges)
}

/// A number in letters: what has a digit in it is a slot.
fn letters(number: u64) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

struct Fold {
    detector: Detector,
    sketcher: Sketcher,
    intake: Intake,
}

impl Fold {
    fn take(&mut self, exchange: &LoggedExchange) {
        self.intake.take(self.sketcher.sketch(exchange));
        while let Some((epoch, profile)) = self.intake.next_over() {
            self.detector.fold(epoch, &profile).unwrap();
        }
    }

    fn end(mut self) -> (Detector, Findings) {
        for (epoch, profile) in self.intake.rest().collect::<Vec<_>>() {
            self.detector.fold(epoch, &profile).unwrap();
        }
        let findings = self.detector.findings();
        (self.detector, findings)
    }
}

#[test]
fn small_firms_whose_prompts_are_alike_hide_nothing() {
    let mut scenario = Scenario::preset("benign").unwrap();
    (scenario.seed, scenario.accounts, scenario.days) = (3, 1500, DAYS as u32);
    let world = World::new(&scenario, Corpus::built_in(), Arrivals::built_in()).unwrap();
    let mut stream = world.stream();
    let mut exchange = LoggedExchange::default();
    stream.next_into(&mut exchange).unwrap();
    let (of_firms, said) = firms(exchange.time);
    let accounts: Vec<LoggedAccount> = world.accounts().chain(of_firms).collect();
    let detector = Detector::new(Settings { key: [7; 16], ..Settings::default() }, &accounts);
    let mut fold = Fold { sketcher: detector.sketcher(), detector, intake: Intake::default() };
    let mut said = said.iter().peekable();
    loop {
        while let Some(earlier) = said.next_if(|next| next.time <= exchange.time) {
            fold.take(earlier);
        }
        fold.take(&exchange);
        if stream.next_into(&mut exchange).is_none() {
            break;
        }
    }
    said.for_each(|rest| fold.take(rest));
    let (detector, findings) = fold.end();
    assert!(detector.confirmed() > 0, "their work is alike, and that is seen");
    assert!(findings.dossiers.is_empty(), "{:?}", findings.dossiers.iter().map(|dossier| &dossier.axes).collect::<Vec<_>>());
}
