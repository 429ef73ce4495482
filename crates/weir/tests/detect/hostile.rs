//! Logs that nobody should have to read: judged to the end, with a word on what
//! was left out.

use std::fs::File;
use std::io::BufWriter;

use weir_sim::traffic::hostile::{self, Hostile};

use super::Runs;

/// Lines of each log.
const LINES: u64 = 20_000;

#[test]
fn whatever_is_wrong_with_a_log_the_rest_of_it_is_judged_and_what_was_left_out_is_said() {
    let runs = Runs::new();
    for kind in hostile::ALL {
        let name = format!("{kind:?}.jsonl");
        let mut out = BufWriter::new(File::create(runs.at(&name)).unwrap());
        let expected = hostile::write(kind, LINES, 3, &mut out).unwrap();
        drop(out);
        let said = runs.done(&format!("detect {name} --memory 16MiB --out found-{kind:?}"));
        let left_out = expected.broken + expected.ahead;
        let told = format!("{left_out} of {} lines are no exchanges", expected.lines);
        assert_eq!(said.contains(&told), left_out > 0, "{kind:?}: {said}");
        assert_eq!(said.contains("lies in the future"), expected.ahead > 0, "{kind:?}: {said}");
        // Some are early enough for their epoch, most are not.
        let late = said.lines().find_map(|line| line.split_once(" exchanges came after"));
        let late = late.map_or(0, |(count, _)| count.parse::<u64>().unwrap());
        assert_eq!(late > 0, kind == Hostile::OutOfOrder, "{kind:?}: {said}");
        assert!(late <= expected.late, "{kind:?}: {late} of {expected:?}");
        let (dossiers, members) = runs.found(&format!("found-{kind:?}"));
        assert!(dossiers.iter().all(|dossier| dossier["status"] != "campaign"), "{kind:?}: {members}");
    }
}

#[test]
fn what_is_no_log_is_refused_with_the_file_the_line_and_the_reason() {
    let runs = Runs::new();
    std::fs::write(runs.at("letter.jsonl"), "Dear all,\n".repeat(2_000)).unwrap();
    std::fs::write(runs.at("empty.jsonl"), "\n\n").unwrap();
    std::fs::write(runs.at("cut.parquet"), b"PAR1 and nothing else").unwrap();
    for (file, words) in
        [("letter.jsonl", "letter.jsonl"), ("empty.jsonl", "no exchanges"), ("cut.parquet", "cut.parquet")]
    {
        let output = runs.weir(&format!("detect {file}"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && !said.contains("panicked"), "{said}");
    }
}
