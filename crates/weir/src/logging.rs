//! The program's own log, on standard error: what an operator greps at night.

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::{Format, Logging};

/// Starts it; once a process.
pub(crate) fn start(logging: &Logging) -> Result<()> {
    let filter = EnvFilter::try_new(&logging.level).with_context(|| {
        format!("logging.level `{}` is not a filter such as info or info,weir_gateway=debug", logging.level)
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    match logging.format {
        Format::Text => builder.with_ansi(is_terminal).with_target(false).init(),
        Format::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
