//! Writes pages of invented findings into a folder, to look at:
//! `cargo run -p weir-report --example pages -- FOLDER`.

#[path = "../tests/invented/findings.rs"]
mod fixtures;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    for (name, findings, accounts) in [("none", 0, 0), ("one", 1, 120), ("twelve", 12, 60), ("large", 1, 5_000)] {
        let run = fixtures::Run::of(findings, accounts);
        std::fs::write(folder.join(format!("{name}.html")), weir_report::page(&run.report()))?;
        std::fs::write(folder.join(format!("{name}.txt")), weir_report::table(&run.dossiers))?;
    }
    Ok(())
}
