//! What is written is what is streamed, and can be scored.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use weir_exchange::LoggedAccount;

use super::*;

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_folder_holds_the_stream_the_truth_and_the_scenario_and_scores_as_perfect() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = first();
    let made = world(&scenario);
    let (one, same) = (folder.path().join("one"), folder.path().join("same"));
    let (written, realism) = write::write(&made, &one, write::Form::JsonLines).unwrap();
    write::write(&made, &same, write::Form::JsonLines).unwrap();
    // Writing over an earlier simulation leaves nothing of it.
    write::write(&made, &same, write::Form::JsonLines).unwrap();
    for name in ["exchanges-0000.jsonl.gz", "accounts.jsonl", "truth.jsonl", "exchange-truth.jsonl", "scenario.json"] {
        assert!(fs::read(one.join(name)).unwrap() == fs::read(same.join(name)).unwrap(), "{name}");
    }
    let log = unpacked(&one.join("exchanges-0000.jsonl.gz"));
    let read: Vec<LoggedExchange> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, made.stream().map(|(exchange, _)| exchange).collect::<Vec<_>>());
    assert_eq!((written.exchanges, written.accounts), (read.len() as u64, 430));
    let accounts = fs::read_to_string(one.join("accounts.jsonl")).unwrap();
    assert_eq!(accounts.lines().filter(|line| serde_json::from_str::<LoggedAccount>(line).is_ok()).count(), 430);
    assert!(realism.repeated.0 < 0.1 && realism.beside[0].simulated.len() == 5, "{realism}");
    let found = folder.path().join("found");
    fs::create_dir(&found).unwrap();
    fs::write(found.join("campaigns.json"), r#"[{"id":"k","status":"campaign","alarm":"2026-05-08T00:00:00Z"}]"#)
        .unwrap();
    let members: String = made
        .truth()
        .filter(|truth| !truth.campaigns.is_empty())
        .map(|truth| format!("{{\"campaign\":\"k\",\"account\":\"{}\",\"role\":\"member\"}}\n", truth.account))
        .collect();
    fs::write(found.join("members.jsonl"), members).unwrap();
    let score = crate::score::score(&found, &one).unwrap();
    assert_eq!((score.confirmed.recall.share, score.confirmed.account_precision.share), (Some(1.0), Some(1.0)));
    assert_eq!((score.campaigns[0].exchanges, score.confirmed.benign_flagged.count), (written.campaign_exchanges, 0));
    assert!(0 < score.campaigns[0].leaked && score.campaigns[0].leaked < written.campaign_exchanges);
    let occupied = folder.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join("letter.txt"), "kept").unwrap();
    assert!(matches!(write::write(&made, &occupied, write::Form::JsonLines), Err(write::WriteError::Occupied { .. })));
    assert_eq!(fs::read_to_string(occupied.join("letter.txt")).unwrap(), "kept");
}

/// A file of one line, packed.
fn packed(path: &Path, line: &str) {
    let mut packer = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, line.as_bytes()).unwrap();
    packer.finish().unwrap();
}

#[test]
fn a_file_of_prompts_or_arrivals_is_left_out_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lentils", "barley"] {
        packed(&folder.path().join(format!("{name}.jsonl.gz")), r#"{"text":"How long are they boiled?"}"#);
    }
    let without = ["lentils".to_owned()];
    let origin = |without: &[String]| Corpus::from_prompts(folder.path(), without).map(|all| all.origin().to_owned());
    assert_eq!(origin(&[]).unwrap(), "2 prompts of barley, lentils");
    assert_eq!(origin(&without).unwrap(), "1 prompts of barley");
    let all = ["lentils".to_owned(), "barley".to_owned()];
    assert!(matches!(origin(&all), Err(DataError::Empty { .. })));

    let arrivals = tempfile::tempdir().unwrap();
    let answers: String = (0..101).map(|tokens| format!("now,1,{tokens}\n")).collect();
    packed(&arrivals.path().join("azure-conv.csv.gz"), &format!("at,in,out\n{answers}"));
    let from = |without: &[String]| Arrivals::from_folder(arrivals.path(), without).unwrap().origin().to_owned();
    assert_eq!(from(&[]), "101 answers of azure-conv");
    assert_eq!(from(&["azure-conv".to_owned()]), "built-in");
}
