//! A score as people read it.

use std::fmt;

use super::{Counted, Score, Share};

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.share {
            None => write!(out, "none of none"),
            Some(share) => write!(
                out,
                "{} of {} ({:.2} %, 95 %: {:.2} to {:.2})",
                self.count,
                self.of,
                100.0 * share,
                100.0 * self.low,
                100.0 * self.high
            ),
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for campaign in &self.campaigns {
            let verdict = match (&campaign.dossier, campaign.confirmed) {
                (Some(_), true) => "found",
                (Some(_), false) => "suspected",
                (None, _) => "missed",
            };
            writeln!(out, "{} ({}): {verdict}", campaign.campaign, campaign.kind)?;
            writeln!(out, "  accounts    {}", campaign.recall)?;
            writeln!(out, "  of dossier  {}", campaign.precision)?;
            let leaked = Share::new(campaign.leaked, campaign.exchanges);
            write!(
                out,
                "  leaked      {} of {} exchanges ({:.2} %)",
                leaked.count,
                leaked.of,
                100.0 * leaked.share.unwrap_or(0.0)
            )?;
            match campaign.hours_to_alarm {
                Some(hours) => writeln!(out, ", alarm after {hours:.1} h")?,
                None => writeln!(out, ", no alarm")?,
            }
        }
        part(out, "Campaigns confirmed", &self.confirmed)?;
        part(out, "Campaigns suspected only", &self.suspected)
    }
}

fn part(out: &mut fmt::Formatter<'_>, title: &str, counted: &Counted) -> fmt::Result {
    writeln!(out, "{title}: {}", counted.recall)?;
    writeln!(out, "  dossiers          {}, of which {} found no campaign", counted.dossiers, counted.false_dossiers)?;
    writeln!(out, "  account recall    {}", counted.account_recall)?;
    writeln!(out, "  account precision {}", counted.account_precision)?;
    writeln!(out, "  benign flagged    {}", counted.benign_flagged)?;
    for (kind, share) in &counted.flagged_by_kind {
        writeln!(out, "    {kind}: {share}")?;
    }
    Ok(())
}
