//! `weir detect`.

use std::path::PathBuf;

use clap::Args;

/// What to judge, and how.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  weir detect exchanges.jsonl.gz --accounts accounts.jsonl --out found
  weir detect logs/ --epoch 1h --alpha 0.001
  grep a-17 found/members.jsonl > doubted.jsonl && weir detect logs/ --leave-out doubted.jsonl --out without

The log is one exchange a line: time, account, messages and whatever else is known. No server is asked.
Every run under one --key-file gives the same findings for the same log.")]
pub(crate) struct Detect {
    /// Logs: files, folders, patterns, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What sign-up and billing know of the accounts; without it nothing is shown to be concealed
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// How the log is written: weir, litellm or otel
    #[arg(long, default_value = "weir", value_name = "F")]
    pub(crate) format: String,
    /// Where campaigns.json, members.jsonl and report.html go
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The chance, at most, that this run ever confirms a false candidate
    #[arg(long, default_value_t = 0.01, value_parser = alpha)]
    pub(crate) alpha: f64,
    /// The length of an epoch: what chose a candidate never judges it, so judging waits one
    #[arg(long, default_value = "1h", value_parser = epoch, value_name = "TIME")]
    pub(crate) epoch: u32,
    /// Memory for accounts and what they have in common; where it is short, the oldest and least telling go first
    #[arg(long, default_value = "8GiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) memory: u64,
    /// Threads that read
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Bundles of indicators that others share: one capped piece of evidence, never a verdict
    #[arg(long, value_name = "FILE")]
    pub(crate) indicators: Vec<PathBuf>,
    /// The key that their identifiers are under, 64 hexadecimal digits; where it is not in the bundle
    #[arg(long, value_name = "FILE", requires = "indicators")]
    pub(crate) indicator_key_file: Option<PathBuf>,
    /// Lines of an earlier run's members.jsonl: each named account's smallest_removal is left out of the evidence on it,
    /// to see that it is no member then. A handful at a time, or the group is another
    #[arg(long, value_name = "FILE")]
    pub(crate) leave_out: Option<PathBuf>,
    /// The deployment's key for samples and buckets, 32 hexadecimal digits; made on first use
    #[arg(long, env = "WEIR_DETECT_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

fn alpha(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(alpha) if alpha > 0.0 && alpha < 1.0 => Ok(alpha),
        _ => Err("a chance lies between 0 and 1, for example 0.01".to_owned()),
    }
}

/// Whole seconds of `90s`, `15m`, `1h` or `1d`; between ten seconds and a week.
fn epoch(text: &str) -> Result<u32, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("write a number and s, m, h or d, for example 1h".to_owned()),
    };
    let total = number.parse::<u32>().ok().and_then(|number| number.checked_mul(seconds));
    total.filter(|total| (1..=7 * 86_400).contains(total)).ok_or_else(|| "between 1s and 7d".to_owned())
}

/// Bytes of `512MiB`, `8GiB`, `8G` or a plain number.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" | "kb" => 1 << 10,
        "m" | "mib" | "mb" => 1 << 20,
        "g" | "gib" | "gb" => 1 << 30,
        _ => return Err("write a number and KiB, MiB or GiB, for example 8GiB".to_owned()),
    };
    let total = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    total.filter(|total| *total >= 1 << 20).ok_or_else(|| "at least 1MiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_as_people_write_them() {
        assert_eq!(epoch("1h"), Ok(3600));
        assert_eq!(epoch("15m"), Ok(900));
        assert!(epoch("1").is_err() && epoch("0s").is_err() && epoch("99999999h").is_err() && epoch("h").is_err());
        assert_eq!(bytes("8GiB"), Ok(8 << 30));
        assert!(bytes("x").is_err() && bytes("1k").is_err() && bytes("99999999999GiB").is_err());
        assert!(alpha("0").is_err() && alpha("NaN").is_err() && alpha("0.01").is_ok());
    }
}
