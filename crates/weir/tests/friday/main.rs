//! The Friday letter at scale: 50,000 accounts of 1,000 parties, or a million
//! of 20,000 in the soak, brought by an import; streams under
//! way of which half are silent, an order, an amendment that readmits 100
//! institutions, a lifting; and a log that tells it.
//!
//! Who is named is worked out a second time, from the population's own
//! definition and the letter's words, apart from the code that enforces it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod expected;
mod house;
mod streams;

use std::collections::BTreeSet;

use weir::demo::bulk;
use weir_control::audit;
use weir_control::command::{DirectiveDraft, DirectiveEnact, DirectiveLift, UploadedFile};
use weir_sim::population;
use weir_tlog::FolderSource;

use expected::Fate;
use house::House;
use streams::{Stream, probe};

/// Accounts of a party, on average.
const OF_A_PARTY: usize = 50;
const APPENDIX: usize = 100;
/// Accounts that hold a key and a stream.
const CALLERS: usize = 400;

/// How many accounts there are: `WEIR_SCALE_ACCOUNTS`, or fifty thousand.
fn size() -> usize {
    std::env::var("WEIR_SCALE_ACCOUNTS").map_or(50_000, |accounts| accounts.parse().unwrap())
}

#[test]
fn the_friday_letter_on_many_accounts() {
    let accounts = size();
    let parties = accounts / OF_A_PARTY;
    let mut house = House::new();
    house.seed(|| population::scaled(parties, accounts, 17));
    let people: Vec<population::PartySeed> = population::scaled(parties, accounts, 17).collect();
    let appendix: BTreeSet<String> = population::scaled_appendix(parties, APPENDIX).into_iter().collect();
    let all = expected::accounts(&people, &appendix);
    drop(people);
    assert_eq!(all.len(), accounts);
    assert_eq!(house.who_can("mythos-5"), expected::names(&all, |_| true));

    // 400 accounts stream, some by the key they held before; every other stream
    // falls silent.
    let callers: Vec<_> = all.iter().step_by(accounts / CALLERS).collect();
    let mut streams: Vec<Stream> = callers
        .iter()
        .enumerate()
        .map(|(place, account)| {
            let brought = bulk::key_of(&account.label);
            let key = if place % 3 == 0 { brought } else { house.issue_key(&account.label) };
            let model = if place % 4 < 2 { "mythos-5" } else { "fable-5" };
            Stream::open(house.address(), account, key, model, place % 2 == 0)
        })
        .collect();
    streams.iter_mut().for_each(Stream::wait_for_first);

    // The letter. A bystander model is named by nobody.
    house.draft(population::friday_letter_toml(), None);
    let preview = house.preview(population::FIRST_LETTER_ID);
    let count = |fate: Fate| all.iter().filter(|account| account.fate == fate).count() as u64;
    assert_eq!(
        (preview.tally.keep, preview.tally.lose, preview.tally.unknown),
        (count(Fate::Keeps), count(Fate::Named), count(Fate::Unknown))
    );
    house.change(DirectiveEnact { id: population::FIRST_LETTER_ID.into() }.into());
    let keeps = |account: &expected::Account| account.fate == Fate::Keeps;
    let (kept, denied): (Vec<Stream>, Vec<Stream>) = streams.into_iter().partition(|stream| stream.fate == Fate::Keeps);
    assert!(kept.len() > 50 && denied.len() > 50, "the sample must hold both: {} {}", kept.len(), denied.len());
    for stream in denied {
        let tail = stream.wait_for_end();
        assert!(tail.contains("release_denied") && tail.contains("2026-06-12-order/"), "cut without a word: {tail}");
    }
    let mut kept: Vec<Stream> = kept.into_iter().map(Stream::must_go_on).collect();
    assert_eq!(house.who_can("mythos-5"), expected::names(&all, keeps));
    for account in callers.iter().take(60) {
        let key = house.issue_key(&account.label);
        for model in ["mythos-5", "fable-5"] {
            assert_eq!(probe(house.address(), &key, model) == 200, keeps(account), "{}", account.label);
        }
        assert_eq!(probe(house.address(), &key, "fable-4"), 200, "a model that no order names");
    }

    // The second letter, in place of the first: no stream that may go on is
    // touched while one replaces the other.
    let list: Vec<&str> = appendix.iter().map(String::as_str).collect();
    house.draft(population::second_letter_toml(), Some(population::appendix_list(&list)));
    house.change(DirectiveEnact { id: population::SECOND_LETTER_ID.into() }.into());
    kept = kept.into_iter().map(Stream::must_go_on).collect();
    let readmitted = |account: &expected::Account| keeps(account) || account.is_on_appendix;
    assert_eq!(house.who_can("mythos-5"), expected::names(&all, readmitted));
    assert_eq!(house.who_can("fable-5"), expected::names(&all, keeps));

    let lift = DirectiveLift { id: population::SECOND_LETTER_ID.into(), by: "Office of Release Supervision".into() };
    house.change(lift.into());
    assert_eq!(house.who_can("fable-5"), expected::names(&all, |_| true));
    drop(kept.into_iter().map(Stream::must_go_on).collect::<Vec<_>>());

    let dir = house.stop();
    the_log_tells_it(dir.path());
}

/// A stranger with nothing but the published log reads order, amendment and
/// lifting, and finds every hash, author and rule in place.
fn the_log_tells_it(dir: &std::path::Path) {
    let key = std::fs::read_to_string(dir.join("log.vkey")).unwrap();
    let key = weir_tlog::VerifierKey::parse(key.trim()).unwrap();
    let source = FolderSource::new(dir.join("log"));
    let report = audit::verify(&source, &audit::Check::with_key(&key), &mut |_, _| ()).unwrap();
    assert!(report.good && report.refold.stopped.is_none(), "{:?}", report.lines());
    let mut story = Vec::new();
    weir_tlog::verify_log(
        &source,
        &key,
        &mut |_, bytes| {
            let entry: serde_json::Value = serde_json::from_slice(bytes)?;
            let kind = entry["kind"].as_str().unwrap_or_default();
            if kind.starts_with("directive.") && kind != "directive.draft" {
                story.push(format!("{kind} {}", entry["public"]["text"]["id"].as_str().unwrap_or("-")));
            }
            Ok(())
        },
        &mut |_, _| (),
    )
    .unwrap();
    assert_eq!(
        story,
        ["directive.enact 2026-06-12-order", "directive.enact 2026-06-26-readmission", "directive.lift -"]
    );
}

/// The draft of a letter with its appendix.
fn draft(letter: &str, appendix: Option<String>) -> DirectiveDraft {
    let lists =
        appendix.map(|text| UploadedFile { name: population::APPENDIX_FILE.into(), text }).into_iter().collect();
    DirectiveDraft { file: UploadedFile { name: "letter.toml".into(), text: letter.into() }, lists }
}
