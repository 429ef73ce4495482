//! What is measured: rows, and the runs that each is made of.

mod kinds;

use kinds::{APART, APART_CAMPAIGNS, APART_INNOCENTS, LEFT_OUT};

/// The parts, in the order of the page: limits first.
pub(super) const PARTS: [&str; 15] = [
    "limits",
    "curves",
    "bars",
    "twenty prompts each",
    "bars without the accounts file",
    "larger populations",
    "ablations",
    "m and priors",
    "removal sets",
    "baselines",
    "calibration",
    "benign",
    "held-out",
    "real prompts and arrivals",
    "a generator written apart",
];

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Quick,
    Whole,
}

/// One run of the bench's program.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Job {
    pub(super) part: &'static str,
    pub(super) row: String,
    pub(super) arguments: Vec<String>,
    /// Where it stands on a curve.
    pub(super) at: Option<(Axis, f64)>,
}

impl Job {
    /// How much is played, roughly: accounts, and days for each.
    pub(super) fn account_days(&self) -> u64 {
        let number = |name: &str| {
            let place = self.arguments.iter().position(|argument| argument == name)?;
            self.arguments.get(place + 1)?.parse::<u64>().ok()
        };
        number("--accounts").unwrap_or_default() * number("--days").unwrap_or_default()
    }
}

/// What a curve is drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// The share of cover in a campaign's traffic.
    Cover,
    /// Mebibytes that the detector may take.
    Memory,
    /// Exchanges of the campaign an hour.
    Rate,
    /// Wordings that a campaign takes in turn.
    Variants,
    /// Topics that a campaign's work is cut into, one an account.
    Shards,
}

/// What stands in a job's arguments for the Python that has Splink and for the
/// folder of real prompts, so that a line names them and not where they were.
pub(super) const SPLINK: &str = "splink==5.0.0";
pub(super) const DATA: &str = "FOLDER";

/// The adversaries that are to be found, one evasion at a time.
const BARS: [&str; 12] = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A13"];

/// All runs. Those with real prompts only where there is a folder of them.
pub(super) fn jobs(size: Size, real: bool) -> Vec<Job> {
    let mut plan = Plan { size, jobs: Vec::new() };
    plan.limits();
    plan.curves();
    plan.bars();
    plan.brief();
    plan.ablations();
    plan.removals();
    plan.baselines();
    plan.calibration();
    plan.benign();
    plan.held_out();
    if real {
        plan.real();
    }
    plan.jobs
}

struct Plan {
    size: Size,
    jobs: Vec<Job>,
}

impl Plan {
    fn pick(&self, quick: u64, whole: u64) -> u64 {
        if self.size == Size::Quick { quick } else { whole }
    }

    fn add(&mut self, part: &'static str, row: &str, arguments: &str) {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        self.jobs.push(Job { part, row: row.to_owned(), arguments, at: None });
    }

    /// The same run for several seeds.
    fn seeds(&mut self, part: &'static str, row: &str, arguments: &str, seeds: impl Iterator<Item = u64>) {
        for seed in seeds {
            self.add(part, row, &format!("run {arguments} --seed {seed}"));
        }
    }

    /// The same, as points of a curve.
    fn points(&mut self, at: (Axis, f64), row: &str, arguments: &str, seeds: impl Iterator<Item = u64>) {
        let from = self.jobs.len();
        self.seeds("curves", row, arguments, seeds);
        self.jobs[from..].iter_mut().for_each(|job| job.at = Some(at));
    }

    fn curves(&mut self) {
        let seeds = 1..1 + self.pick(1, 3);
        for cover in [0.0, 0.25, 0.5, 0.75, 0.9, 0.99] {
            let arguments = format!(r#"--scenario A7 --with {{"cover":{cover}}} --accounts 5000 --days 14"#);
            self.points((Axis::Cover, cover), &format!("A7, {:.0} % cover", cover * 100.0), &arguments, seeds.clone());
        }
        for variants in [5_u32, 20, 50, 100, 300, 1_000] {
            let arguments = format!(r#"--scenario A6 --with {{"variants":{variants}}} --accounts 5000 --days 14"#);
            self.points((Axis::Variants, variants.into()), &format!("A6, {variants} variants"), &arguments, seeds.clone());
        }
        for topics in [1_u32, 2, 4, 8, 16] {
            let with = format!(r#"{{"shard-by-topic":true,"topics":{topics}}}"#);
            let arguments = format!("--scenario A1 --with {with} --accounts 5000 --days 14");
            self.points((Axis::Shards, topics.into()), &format!("shards by topic, {topics} topics"), &arguments, seeds.clone());
        }
        // Few and quiet, in twenty wordings: what memory is short of is wordings that few have shown.
        for mebibytes in [1_u32, 2, 4, 8, 16, 64] {
            let arguments = format!(
                r#"--scenario A6 --with {{"per-day":5.5}} --accounts 20000 --days 14 --look-alikes 1 --memory {mebibytes}"#
            );
            self.points(
                (Axis::Memory, mebibytes.into()),
                &format!("--memory {mebibytes}MiB"),
                &arguments,
                seeds.clone(),
            );
        }
        // The least there is, among ten times as many.
        let arguments = r#"--scenario A6 --with {"per-day":5.5} --accounts 200000 --days 14 --look-alikes 1 --memory 1"#;
        self.seeds("curves", "--memory 1MiB among 200,000", arguments, 1..1 + self.pick(0, 2));
        // 3,500 accounts, the bar's at 1,389 an hour; only its beginning is played.
        for an_hour in [100_u32, 300, 1_389, 10_000, 100_000] {
            let (per_day, days) = (f64::from(an_hour) * 24.0 / 3500.0, if an_hour > 5_000 { 4 } else { 5 });
            let arguments = format!(
                r#"--scenario A1 --with {{"per-day":{per_day},"start":3.0}} --campaign-accounts 3500 --accounts 20000 --days {days}"#
            );
            if an_hour <= 10_000 || self.size == Size::Whole {
                let seeds = 1..1 + self.pick(1, 3);
                self.points(
                    (Axis::Rate, an_hour.into()),
                    &format!("leak: {an_hour} an hour from 3,500 accounts"),
                    &arguments,
                    seeds,
                );
            }
        }
    }

    fn limits(&mut self) {
        let seeds = 1..1 + self.pick(1, 3);
        let rows = [
            ("A6, 50 variants", r#"--scenario A6 --with {"variants":50}"#),
            ("A6, 100 variants", r#"--scenario A6 --with {"variants":100}"#),
            ("A6, 1,000 variants, all phrases drawn anew", r#"--scenario A6 --with {"variants":1000,"looseness":1.0}"#),
            ("A9, closures unknown", r#"--scenario A9 --with {"closed-known":false}"#),
            (
                "A11, free translation",
                r#"--scenario A11 --with {"variants":1000,"looseness":1.0,"variant-by":"exchange"}"#,
            ),
            ("A12, rerouted users", "--scenario A12"),
            (
                "A4, A5 and A6 together",
                concat!(
                    r#"--scenario A4 --with {"dispatch":"mimic","jitter-hours":6.0,"variants":20,"#,
                    r#""variant-by":"exchange"}"#
                ),
            ),
            ("A6, a wording an account", r#"--scenario A6 --with {"variant-by":"account"}"#),
            ("A1, the template in a turn before", r#"--scenario A1 --with {"place":"turn"} --look-alikes 1"#),
            (
                "A2, the template in a turn before",
                r#"--scenario A2 --with {"place":"turn"} --look-alikes 1"#,
            ),
            ("A1, each task answered four times", r#"--scenario A1 --with {"samples":4} --look-alikes 1"#),
            ("A1, each task answered eight times", r#"--scenario A1 --with {"samples":8} --look-alikes 1"#),
            ("A7, cover from a public list of 60 prompts", r#"--scenario A7 --with {"cover-list":60}"#),
            (
                "A7, cover asked by hand from a browser",
                r#"--scenario A7 --with {"cover":0.35,"cover-by-hand":true}"#,
            ),
            ("A1, one exit for all", r#"--scenario A1 --no-innocents --with {"exit-count":1}"#),
            ("A1, accounts made over two months", r#"--scenario A1 --with {"birth-spread":60.0,"accounts-per-card":8}"#),
            ("shards by topic, 8 topics", r#"--scenario A1 --with {"shard-by-topic":true,"topics":8}"#),
            (
                "A5, no harness, own address and card",
                concat!(
                    r#"--scenario A5 --with {"harness":false,"exits":"residential","accounts-per-card":1,"#,
                    r#""mail-domains":0}"#
                ),
            ),
        ];
        for (row, arguments) in rows {
            self.seeds("limits", row, &format!("{arguments} --accounts 5000 --days 14"), seeds.clone());
        }
        self.seeds(
            "limits",
            "A13 on shared accounts",
            "--scenario A13 --shared --accounts 5000 --days 14",
            seeds.clone(),
        );
        self.seeds(
            "limits",
            "seven campaigns with one pool of phrases (mix)",
            "--scenario mix --accounts 20000 --days 10",
            1..1 + self.pick(1, 5),
        );
        for point in 0..self.pick(3, 200) {
            let arguments = format!("--scenario A14 --point {point} --accounts 2000 --days 14");
            self.seeds("limits", "A14, points of its space drawn evenly", &arguments, 1..2);
        }
    }

    fn bars(&mut self) {
        let seeds = self.pick(2, 10);
        for name in BARS {
            // A ramp of 30 days and its prompts are sent by the end.
            let days = if name == "A8" { 40 } else { 14 };
            let arguments = format!("--scenario {name} --accounts 5000 --days {days}");
            self.seeds("bars", name, &arguments, 1..1 + seeds);
            let without = format!("{arguments} --without-accounts");
            self.seeds("bars without the accounts file", name, &without, 1..1 + seeds.min(3));
        }
        for name in ["A1", "A4", "A5"] {
            let arguments = format!("--scenario {name} --days 14 --look-alikes 3 --accounts");
            self.seeds(
                "larger populations",
                &format!("{name} among 20,000"),
                &format!("{arguments} 20000"),
                1..1 + self.pick(1, 5),
            );
            if self.size == Size::Whole && name == "A1" {
                let row = format!("{name} among 1,000,000");
                self.seeds("larger populations", &row, &format!("{arguments} 1000000 --memory 6144"), 1..2);
            }
        }
    }

    /// As little as the bars speak of, in a day or in ten, beside busier ones who copied the
    /// template and a group of each look-alike, and looked back at a week later at least.
    fn brief(&mut self) {
        let seeds = 1..1 + self.pick(1, 3);
        for (per_day, days) in [(22.0, 1), (5.5, 4), (2.2, 10)] {
            for name in ["A1", "A4", "A5", "A6", "A7", "A11"] {
                let with = format!(r#"{{"per-day":{per_day:.1},"days":{days}}}"#);
                let row = format!("{name}, {per_day} a day for {days}");
                let arguments = format!("--scenario {name} --with {with} --campaign-accounts 100 --accounts 3000 --days 24 --look-alikes 1");
                self.seeds("twenty prompts each", &row, &arguments, seeds.clone());
            }
        }
    }

    fn ablations(&mut self) {
        let seeds = 1..1 + self.pick(1, 3);
        let scenarios = ["A1", "A4", "A5", "A7"];
        for scenario in scenarios {
            let base = format!("--scenario {scenario} --accounts 5000 --days 14 --look-alikes 1");
            self.seeds("ablations", "Weir as it is", &base, seeds.clone());
            for part in ["text", "time", "negative", "repeats", "interchangeability", "group", "pivot", "quota"] {
                let arguments = format!("{base} --leave-out {part}");
                self.seeds("ablations", &format!("without {part}"), &arguments, seeds.clone());
            }
            for (row, change) in [
                ("m halved", "--m 0.5"),
                ("m doubled", "--m 2"),
                ("priors halved", "--prior 0.5"),
                ("priors doubled", "--prior 2"),
            ] {
                self.seeds("m and priors", row, &format!("{base} {change}"), seeds.clone());
            }
        }
    }

    /// The log again without the pieces that a member's membership is said to rest on.
    fn removals(&mut self) {
        for name in ["A1", "A4", "A5", "A6", "A7", "A9", "A13"] {
            self.add("removal sets", name, &format!("removals --scenario {name} --accounts 2000 --days 9"));
        }
        let beside = "removals --scenario A1 --accounts 3000 --days 9 --look-alikes 2 --seed 8";
        self.add("removal sets", "A1 beside every look-alike", beside);
    }

    fn baselines(&mut self) {
        // Its clustering takes minutes where the others take a second.
        for (scenario, accounts) in [("A1", 3000), ("A4", 3000)] {
            let base = format!(
                "--scenario {scenario} --accounts {accounts} --days 10 --look-alikes 1 --campaign-accounts 100 --seed 1"
            );
            let row = format!("{scenario} among {accounts}");
            self.add("baselines", &row, &format!("run {base}"));
            self.add("baselines", &row, &format!("compare {base} --budget 0,10,100,1000 --splink {SPLINK}"));
        }
        for scenario in ["A1", "A2", "A4", "A5", "A6", "A7"] {
            for seed in 1..1 + self.pick(1, 2) {
                let base = format!("--scenario {scenario} --accounts 5000 --days 14 --look-alikes 1 --seed {seed}");
                self.add("baselines", scenario, &format!("run {base}"));
                self.add("baselines", scenario, &format!("compare {base} --budget 0,10,100"));
            }
        }
    }

    fn calibration(&mut self) {
        let (logs, chunk) = (self.pick(100, 1_000), 50);
        for from in (0..logs).step_by(chunk as usize) {
            self.add("calibration", "as it is", &format!("calibrate --from {from} --logs {chunk}"));
        }
        for from in (0..self.pick(50, 200)).step_by(chunk as usize) {
            self.add("calibration", "broken", &format!("calibrate --from {from} --logs {chunk} --same-epoch"));
        }
    }

    fn benign(&mut self) {
        let (populations, accounts, days) = if self.size == Size::Quick { (3, 5_000, 14) } else { (30, 66_667, 30) };
        let row = format!("{accounts} accounts, {days} days, every look-alike");
        self.seeds(
            "benign",
            &row,
            &format!("--scenario benign --accounts {accounts} --days {days} --memory 2048"),
            1..1 + populations,
        );
        if self.size == Size::Whole {
            let arguments = "--scenario benign --accounts 1000000 --days 30 --memory 6144";
            self.seeds("benign", "1,000,000 accounts, 30 days, every look-alike", arguments, 1..2);
        }
    }

    fn held_out(&mut self) {
        for seed in 1..1 + self.pick(4, 40) {
            let arguments = format!("--held-out {seed} --days 14");
            self.seeds("held-out", "parameters beyond those developed on", &arguments, 1..2);
        }
    }

    fn real(&mut self) {
        let part = "real prompts and arrivals";
        for name in ["A1", "A4", "A5", "A6", "A7"] {
            let arguments = format!("--scenario {name} --accounts 5000 --days 14 --look-alikes 1 --data {DATA}");
            self.seeds(part, name, &arguments, 1..1 + self.pick(1, 2));
        }
        for source in ["alpaca-cot", "arena-hard", "hh-rlhf", "t0-templates"] {
            let arguments = format!("--scenario A1 --accounts 5000 --days 14 --source {source} --data {DATA}");
            self.seeds(part, &format!("A1, benign texts from {source} alone"), &arguments, 1..1 + self.pick(1, 2));
        }
        let arguments = format!("--scenario benign --accounts 5000 --days 14 --data {DATA}");
        self.seeds(part, "every look-alike, no campaign", &arguments, 1..1 + self.pick(1, 2));
        let further = APART_CAMPAIGNS.into_iter().chain(APART_INNOCENTS).map(|kind| (kind, self.pick(1, 2)));
        let apart: Vec<_> = APART.into_iter().map(|kind| (kind, self.pick(2, 4))).chain(further).collect();
        for (kind, seeds) in apart {
            for seed in 1..=seeds {
                self.add("a generator written apart", kind, &format!("apart --data {DATA} --kind {kind} --seed {seed}"));
            }
        }
        for left_out in LEFT_OUT {
            let with = format!("--look-alikes 1 --accounts 5000 --days 14 --data {DATA} --without-file {left_out}");
            for name in ["A1", "A4", "A5"] {
                let arguments = format!("--scenario {name} {with}");
                self.seeds(part, &format!("without {left_out}"), &arguments, 1..2);
            }
        }
    }
}
