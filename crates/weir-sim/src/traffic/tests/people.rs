//! People are alike to themselves, tasks dealt out are not; and no text tells
//! by itself which of the two it is.

use std::path::PathBuf;

use super::*;

/// The share of a value's variance that the account explains (the one-way
/// intra-class correlation of groups of unequal size).
fn within_account(values: &BTreeMap<String, Vec<f64>>) -> f64 {
    let groups: Vec<&Vec<f64>> = values.values().filter(|values| values.len() >= 4).collect();
    let n: f64 = groups.iter().map(|group| group.len() as f64).sum();
    let k = groups.len() as f64;
    let mean = groups.iter().flat_map(|group| group.iter()).sum::<f64>() / n;
    let (mut between, mut within) = (0.0, 0.0);
    for group in &groups {
        let own = group.iter().sum::<f64>() / group.len() as f64;
        between += group.len() as f64 * (own - mean).powi(2);
        within += group.iter().map(|value| (value - own).powi(2)).sum::<f64>();
    }
    let size = (n - groups.iter().map(|group| (group.len() as f64).powi(2)).sum::<f64>() / n) / (k - 1.0);
    let (between, within) = (between / (k - 1.0), within / (n - k));
    (between - within) / (between + (size - 1.0) * within)
}

/// By account: the logarithm of the text's length, whether it is about the
/// topic asked for, whether it is not in English, and the hour as a point on a
/// circle; of the first messages that `pick` takes.
struct Traits {
    length: BTreeMap<String, Vec<f64>>,
    topic: BTreeMap<String, Vec<f64>>,
    foreign: BTreeMap<String, Vec<f64>>,
    hour: BTreeMap<String, Vec<f64>>,
}

fn traits(world: &World, pick: impl Fn(&str, bool) -> bool) -> Traits {
    let mut seen =
        Traits { length: BTreeMap::new(), topic: BTreeMap::new(), foreign: BTreeMap::new(), hour: BTreeMap::new() };
    for (exchange, campaign) in world.stream() {
        let turns = exchange.messages.iter().filter(|message| message.role == "user").count();
        if turns != 1 || !pick(&exchange.account, campaign.is_some()) {
            continue;
        }
        let text = user_text(&exchange).to_lowercase();
        let account = exchange.account;
        let cooking = [
            "recipe", "soup", "bread", "oven", "garlic", "sauce", "cake", "dinner", "rice", "spice", "butter",
            "cheese", "salad", "stew",
        ];
        let hour = exchange.time.millis().rem_euclid(86_400_000) as f64 / 86_400_000.0;
        let add = |values: &mut BTreeMap<String, Vec<f64>>, value: f64| {
            values.entry(account.clone()).or_default().push(value)
        };
        add(&mut seen.length, (text.len() as f64).ln());
        add(&mut seen.topic, f64::from(u8::from(cooking.iter().any(|word| text.contains(word)))));
        add(&mut seen.foreign, f64::from(u8::from(!text.is_ascii())));
        add(&mut seen.hour, (hour * std::f64::consts::TAU).sin());
    }
    seen
}

#[test]
fn users_of_a_framework_and_of_a_document_tool_are_alike_to_themselves() {
    for name in ["plain", "B2", "document-tool"] {
        let mut scenario = small(name, 3_000, 10);
        for look_alikes in &mut scenario.look_alikes {
            look_alikes.accounts = Some((400, 400));
        }
        let world = world(&scenario);
        let kind: Kind = name.parse().unwrap_or(Kind::Benign);
        let of_kind: BTreeSet<String> =
            world.truth().filter(|truth| truth.kind == kind).map(|truth| truth.account).collect();
        let seen = traits(&world, |account, _| of_kind.contains(account));
        for (what, values, least) in [
            ("length", &seen.length, 0.1),
            ("topic", &seen.topic, 0.15),
            ("foreign", &seen.foreign, 0.3),
            ("hour", &seen.hour, 0.15),
        ] {
            let explained = within_account(values);
            assert!(explained > least, "{name} {what}: {explained}");
        }
    }
}

#[test]
fn tasks_dealt_out_by_one_operator_are_interchangeable() {
    let mut scenario = small("A11", 400, 8);
    scenario.campaigns[0].with.start = 1.0;
    scenario.innocents = Innocents::default();
    let world = world(&scenario);
    let seen = traits(&world, |_, in_campaign| in_campaign);
    for (what, values) in
        [("length", &seen.length), ("topic", &seen.topic), ("foreign", &seen.foreign), ("hour", &seen.hour)]
    {
        let explained = within_account(values);
        assert!(explained.abs() < 0.02, "{what}: {explained}");
    }
    scenario.campaigns[0].with.languages = 1;
    scenario.campaigns[0].with.shard_by_topic = true;
    let sharded = traits(&super::world(&scenario), |_, in_campaign| in_campaign);
    assert!(within_account(&sharded.topic) > 0.15);
}

#[allow(clippy::print_stderr, reason = "whoever reads the test's output shall know")]
fn skipped() {
    eprintln!("skipped: no real prompts here; set WEIR_DATA to the folder that holds `prompts`");
}

/// Real data is used in place, from `WEIR_DATA` or from beside the checkout.
fn real_prompts() -> Option<PathBuf> {
    let usual = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/prompts");
    let folder = std::env::var_os("WEIR_DATA").map_or(usual, |data| PathBuf::from(data).join("prompts"));
    folder.is_dir().then_some(folder)
}

/// How well a detector does that only knows the pool: the chance that a text
/// of a campaign scores higher than a benign one (0.5 is chance), where the
/// score is the share of its sentences that stand in the pool word for word.
fn pool_detector(corpus: Corpus, pool: &BTreeSet<String>) -> f64 {
    let mut scenario = small("A1", 500, 8);
    scenario.campaigns[0].with.start = 0.0;
    // Bare tasks: the template would give the campaign away, the pool shall not.
    scenario.campaigns[0].with.template = false;
    // Topics and lengths are a population's own; what is asked is the pool.
    let world = World::new(&scenario, corpus, Arrivals::built_in()).unwrap();
    let kinds: BTreeMap<String, Kind> = world.truth().map(|truth| (truth.account, truth.kind)).collect();
    let score = |text: &str| {
        let sentences: Vec<&str> = text
            .split_inclusive(['\n', '?', '!'])
            .flat_map(|line| line.split_inclusive(". "))
            .map(str::trim)
            .filter(|sentence| sentence.len() >= 8)
            .collect();
        let known = sentences.iter().filter(|sentence| pool.contains(&sentence.to_lowercase())).count();
        known as f64 / sentences.len().max(1) as f64
    };
    let (mut harvest, mut benign) = (Vec::new(), Vec::new());
    for (exchange, campaign) in world.stream() {
        let first = exchange.messages.iter().filter(|message| message.role == "user").count() == 1;
        let text = user_text(&exchange);
        if !first || !text.is_ascii() || !(60..600).contains(&text.len()) {
            continue;
        }
        if campaign.is_some() {
            harvest.push(score(text));
        } else if matches!(kinds[&exchange.account], Kind::Benign) && !text.contains("<document>") {
            benign.push(score(text));
        }
    }
    assert!(harvest.len() > 500 && benign.len() > 500, "{} {}", harvest.len(), benign.len());
    let mut wins = 0.0;
    for own in &harvest {
        wins += benign
            .iter()
            .map(|other| {
                if own > other {
                    1.0
                } else if own == other {
                    0.5
                } else {
                    0.0
                }
            })
            .sum::<f64>();
    }
    wins / (harvest.len() * benign.len()) as f64
}

#[test]
fn whoever_only_knows_the_pool_is_at_chance() {
    let Some(folder) = real_prompts() else {
        skipped();
        return;
    };
    let mut pool = BTreeSet::new();
    for path in super::super::corpus::files(&folder, ".jsonl.gz").unwrap() {
        super::super::corpus::for_each_line(&path, |_, line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut texts: Vec<&str> = Vec::new();
            texts.extend(["instruction", "input", "text"].iter().filter_map(|field| record[*field].as_str()));
            texts.extend(record["turns"].as_array().into_iter().flatten().filter_map(|turn| turn.as_str()));
            for text in texts {
                for sentence in text.split_inclusive(['\n', '?', '!']).flat_map(|line| line.split_inclusive(". ")) {
                    pool.insert(sentence.trim().to_lowercase());
                }
            }
            Ok(())
        })
        .unwrap();
    }
    let corpus = Corpus::from_prompts(&folder, &[]).unwrap();
    assert!(corpus.origin().contains("gsm8k"), "{}", corpus.origin());
    let chance = pool_detector(corpus, &pool);
    assert!((chance - 0.5).abs() < 0.04, "{chance}");
}

#[test]
fn a_folder_without_prompts_is_told() {
    let error = Corpus::from_prompts(std::path::Path::new("/nonexistent"), &[]).unwrap_err().to_string();
    assert!(error.contains("/nonexistent"), "{error}");
}
