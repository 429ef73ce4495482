//! Invented findings, of any number and size, with hostile text in them.

use weir_acts::Time;
use weir_detect::*;
use weir_report::*;

/// Bytes as a log may hold them: markup, an escape sequence, an override of
/// direction.
pub(crate) const HOSTILE: &str = "<script>document.title='owned';alert(1)</script><img src=http://leak.invalid/beacon onerror=\"document.title='owned'\">\u{202e}\u{1b}[31m]]></style><!--";

/// A generator whose numbers are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }
}

fn at(hours: i64) -> Time {
    Time::from_millis(1_777_593_600_000).plus_millis(hours * 3_600_000)
}

fn weighed(what: &str, bits: f64) -> Weighed {
    Weighed { what: what.to_owned(), bits }
}

/// A run's findings.
pub(crate) struct Run {
    pub(crate) dossiers: Vec<Dossier>,
    pub(crate) members: Vec<MemberLine>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) notes: Vec<String>,
}

impl Run {
    /// So many findings of so many accounts each.
    pub(crate) fn of(findings: usize, accounts: u64) -> Run {
        let mut run = Run {
            dossiers: Vec::new(),
            members: Vec::new(),
            pictures: Vec::new(),
            notes: vec!["3 of 1,204,331 lines could not be read; the first is logs/may.jsonl.gz line 8812: expected value at line 1 column 7.".to_owned()],
        };
        for number in 0..findings {
            run.add(number, accounts);
        }
        run
    }

    pub(crate) fn report(&self) -> Report<'_> {
        Report { dossiers: &self.dossiers, members: &self.members, pictures: &self.pictures, notes: &self.notes }
    }

    fn add(&mut self, number: usize, accounts: u64) {
        let id = format!("k7f{number}-20260503");
        let suspected = number % 3 == 2;
        let mut numbers = Numbers(number as u64 + 7);
        let template = match number % 3 {
            0 => "You are a careful tutor. Solve the task below and write out every step of your reasoning between <steps> tags before the answer.\n\nTask: ⟨…⟩".to_owned(),
            1 => format!("{HOSTILE} ⟨…⟩"),
            _ => "Rate the following answer from 1 to 10 for ⟨…⟩ and reply with JSON only: ⟨…⟩".to_owned(),
        };
        self.dossiers.push(dossier(&id, accounts, suspected, &template));
        for account in 0..accounts {
            let associated = suspected || account % 11 == 10;
            self.members.push(MemberLine {
                campaign: id.clone(),
                account: if account == 3 {
                    format!("a-{number}-{HOSTILE}")
                } else {
                    format!("a-{number}-{account:05}")
                },
                role: if associated { Role::Associated } else { Role::Member },
                bits: 4.0 + numbers.next(200) as f64 / 10.0,
                since: at(numbers.next(300) as i64),
                share_of_own_traffic: numbers.next(101) as f64 / 100.0,
                top: vec![
                    weighed("same template in the same quarter of an hour", 7.1),
                    weighed("fills never repeat", 4.4),
                ],
                against: if account % 4 == 0 {
                    vec![weighed("its own hours differ from the group’s", -1.3)]
                } else {
                    Vec::new()
                },
                smallest_removal: vec!["template family".to_owned()],
            });
        }
        self.pictures.push(picture(&id, accounts, suspected, &mut numbers));
    }
}

fn dossier(id: &str, accounts: u64, suspected: bool, template: &str) -> Dossier {
    let evidence = |block: &str, what: &str, bits: f64| Evidence {
        block: block.to_owned(),
        what: what.to_owned(),
        bits,
        accounts: accounts * 9 / 10,
    };
    Dossier {
        id: id.to_owned(),
        status: if suspected { Status::Suspected } else { Status::Campaign },
        log2_e: 41.7,
        alarm: at(55),
        state: if suspected { State::Quiet } else { State::Growing },
        accounts,
        exchanges: accounts * 44,
        first: at(2),
        last: at(330),
        axes: Axes { linkage: 21.4, harvest: 17.9, concealment: (!suspected).then_some(12.2) },
        evidence: vec![
            evidence("text", "one template family that nearly nobody else uses", 9.6),
            evidence("time", "members’ requests fall into the same quarters of hours far more often than their own rhythms allow", 7.3),
            evidence("payment", "virtual cards of one issuer range, seen on 41 other accounts in all", 4.5),
            evidence("network", "proxy exits shared beyond chance", 2.1),
        ],
        against: vec![weighed("client fingerprints differ", -1.2), weighed("one in nine fills repeats", -0.4)],
        families: vec![Family { template: template.to_owned(), share: 0.93 }, Family { template: "Continue the reasoning: ⟨…⟩".to_owned(), share: 0.04 }],
        taken: Taken {
            exchanges: accounts * 44,
            output_tokens: accounts * 31_000,
            by_model: [("atlas-5".to_owned(), 0.97), ("atlas-4-mini".to_owned(), 0.03)].into(),
            by_class: [("reasoning".to_owned(), 0.8), ("judging".to_owned(), 0.15), ("rewriting".to_owned(), 0.004)].into(),
        },
        nearest_lookalike: Lookalike {
            kind: "evaluation harness".to_owned(),
            told_apart_by: "a harness asks the same questions of each account again; here 2 of 14,210 fills repeat where comparable harnesses repeat 3,900".to_owned(),
        },
        samples: vec![Sample { exchange: "x-1041".to_owned(), role: "typical of the joint work".to_owned() }],
        related: vec![Related { campaign: "k7f9-20260503".to_owned(), shared: "proxy exits".to_owned() }],
        innocent_use: InnocentUse { exchanges_outside: 41, oldest_account: Some(at(-9_000)) },
        not_used: vec!["client.ja4 is missing in 31 % of exchanges".to_owned()],
        guarantee: "The chance that any group of independent accounts is ever confirmed as linked is at most 1 %; the thresholds for harvest and concealment are stated, with measured error.".to_owned(),
        provenance: Provenance {
            version: "0.1.0".to_owned(),
            inputs: vec!["sha256:9f2c1f0e5c7d41a8 logs/may.jsonl.gz".to_owned()],
            constants: "sha256:77aa01d2".to_owned(),
            command: "weir detect logs/ --accounts accounts.jsonl --alpha 0.01".to_owned(),
        },
    }
}

fn picture(id: &str, accounts: u64, suspected: bool, numbers: &mut Numbers) -> Picture {
    let drawn = accounts.min(160);
    let steps = 240;
    let busy: Vec<u32> = (0..steps).filter(|_| numbers.next(5) == 0).collect();
    let mut rows = Vec::new();
    for account in 0..drawn {
        let start = account as u32 * 70 / drawn.max(1) as u32;
        let closed = (account % 5 == 4).then_some(150 + numbers.next(40) as u32);
        let mut cells: Vec<Cell> = busy
            .iter()
            .filter(|step| **step >= start && closed.is_none_or(|closed| **step < closed))
            .filter(|_| !numbers.0.is_multiple_of(7))
            .map(|step| Cell { step: *step, joint: 1 + (*step * 7 + account as u32) % 9, other: 0 })
            .collect();
        for _ in 0..numbers.next(9) {
            cells.push(Cell {
                step: numbers.next(u64::from(steps)) as u32,
                joint: 0,
                other: 1 + numbers.next(4) as u32,
            });
        }
        cells.sort_by_key(|cell| cell.step);
        let role = if suspected || account % 11 == 10 { Role::Associated } else { Role::Member };
        rows.push(RasterRow { account: format!("a-{account:05}"), role: Some(role), cells, closed });
    }
    rows.sort_by_key(|row| row.role);
    for ordinary in 0..16 {
        let mut cells: Vec<Cell> = (0..40)
            .map(|_| Cell { step: numbers.next(u64::from(steps)) as u32, joint: 0, other: 1 + numbers.next(6) as u32 })
            .collect();
        cells.sort_by_key(|cell| cell.step);
        rows.push(RasterRow { account: format!("ordinary-{ordinary}"), role: None, cells, closed: None });
    }
    let value = |block: &str, kind: &str, value: &str, inside: u64, outside: u64| SharedValue {
        block: block.to_owned(),
        kind: kind.to_owned(),
        value: value.to_owned(),
        inside,
        outside,
    };
    let network = Network {
        values: vec![
            value("text", "template", "solve, steps between tags", accounts * 9 / 10, 3),
            value("payment", "card range", "fp_9c1e", accounts / 2, 41),
            value("payment", "card range", "fp_77b0", accounts / 3, 12),
            value("network", "ip prefix", "198.51.100.0/24", accounts / 4, 1_204),
            value("network", "ip prefix", "203.0.113.0/24", accounts / 5, 88),
            value("client", "ja4", "t13d1516h2_8daaf6152771_02713d6af862", accounts / 2, 20_411),
            value("life", "e-mail domain", HOSTILE, accounts / 6, 0),
        ],
        accounts: (0..drawn)
            .map(|account| NetworkAccount {
                account: format!("a-{account:05}"),
                role: if suspected || account % 11 == 10 { Role::Associated } else { Role::Member },
                values: [0, 1 + account as u32 % 2, 3 + account as u32 % 3, 6]
                    .into_iter()
                    .filter(|value| account % 6 == 0 || *value != 6)
                    .collect(),
            })
            .collect(),
        left_out: accounts - drawn,
    };
    let pieces = |fill: &str| {
        vec![Piece::Fixed("You are a careful tutor. Solve the task below and write out every step between <steps> tags.\n\nTask: ".to_owned()), Piece::Slot(fill.to_owned())]
    };
    let shown = |account: &str, joint: bool, text: &str| Shown {
        exchange: Some("x-1041".to_owned()),
        account: account.to_owned(),
        time: at(60),
        model: Some("atlas-5".to_owned()),
        output_tokens: Some(840),
        messages: vec![
            ShownMessage { role: "system".to_owned(), text: "You are a careful tutor.".to_owned(), cut: 0 },
            ShownMessage { role: "user".to_owned(), text: text.to_owned(), cut: 912 },
        ],
        joint,
    };
    Picture {
        campaign: id.to_owned(),
        raster: Raster {
            from: at(0),
            step_seconds: 5_040,
            steps,
            rows,
            left_out: accounts - drawn,
            marks: vec![Mark { at: at(230), what: "first accounts closed by the provider".to_owned() }],
        },
        network,
        templates: vec![TemplateTexts {
            pieces: if id.starts_with("k7f1") { Vec::new() } else { pieces("") },
            texts: ["A train leaves at noon…", "Prove that the sum of two odd numbers is even.", HOSTILE]
                .iter()
                .map(|fill| FilledText {
                    exchange: Some("x-7".to_owned()),
                    account: "a-00001".to_owned(),
                    pieces: pieces(fill),
                })
                .collect(),
            inside: accounts * 9 / 10,
            outside: 3,
            fills: 14_210,
            repeats: 2,
            repeats_expected: Some(3_900.0),
        }],
        compared: vec![
            Compared {
                member: shown("a-00001", true, &format!("Solve the task below.\n{HOSTILE}")),
                ordinary: Some(shown(
                    "u-5512",
                    false,
                    "hi, can you look at my cover letter? it sounds stiff\n\nDear …",
                )),
                matched_by: "plan, age and hour of week".to_owned(),
            },
            Compared {
                member: shown("a-00002", true, "Solve the task below."),
                ordinary: None,
                matched_by: "plan".to_owned(),
            },
        ],
        growth: (0..60)
            .map(|point| Growth {
                at: at(point * 5 + 5),
                accounts: accounts * point as u64 / 59,
                exchanges: accounts * 44 * (point * point) as u64 / 3_481,
                output_tokens: accounts * 31_000 * (point * point) as u64 / 3_481,
                log2_e: Some((point as f64 * 1.1 - 3.0).min(41.7)),
            })
            .collect(),
    }
}
