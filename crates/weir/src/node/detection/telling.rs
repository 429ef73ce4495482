//! What the detector says of what it found: acts, and what follows from them
//! by the rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use weir_acts::campaign::{Bits, Seen};
use weir_acts::id::PartyId;
use weir_acts::words::{CampaignRole, CampaignStatus};
use weir_acts::{Digest, Time};
use weir_control::service::{Detection, Finding};
use weir_detect::{Dossier, Findings, MemberLine, Role, State, Status};
use weir_store::durable::write_file_atomically;

use super::demoted::{ActedOn, Due};
use super::{ACCOUNTS_FILE, Following};

/// What an epoch's end has to tell.
pub(super) struct Telling {
    findings: Vec<Finding>,
    /// Whose measures are to be lifted.
    due: Due,
}

impl Following {
    /// Looks at what is found, and for how long who was acted on is not. Comes before
    /// the memory is made durable, of which it is a part; nothing is said or done yet.
    pub(super) fn look(&mut self) -> Result<Telling> {
        let findings = self.findings()?;
        let members = self.members(&findings);
        let published = self.control.published();
        // Those that were ended too: what stands of one rests on what is found all the same.
        let acted_on = published.state.campaigns.keys().map(|id| (id.to_string(), self.control.acted_on_alone(id)));
        let acted_on: ActedOn = acted_on.filter(|(_, acted_on)| !acted_on.is_empty()).collect();
        let epoch_millis = self.epoch_millis();
        let due = match self.folded_until() {
            Some(end) => self.demoted.look(&acted_on, &members, (end, epoch_millis)),
            None => Due::new(),
        };
        Ok(Telling { findings, due })
    }

    /// Tells of every finding, and has done about it what the rules say.
    pub(super) fn tell(&mut self, looked: Result<Telling>) {
        let told = looked.and_then(|telling| self.tell_all(telling));
        let problem = told.err().map(|error| {
            tracing::error!(error = format!("{error:#}"), "the detector could not tell what it found; the next epoch's end tries again");
            format!("what it found could not be told: {error:#}")
        });
        self.say(problem);
    }

    fn tell_all(&self, Telling { findings, due }: Telling) -> Result<()> {
        let found: BTreeSet<String> = findings.iter().map(|finding| finding.id.clone()).collect();
        let told = self.tell_findings(findings);
        let unfound = self.tell_unfound(&found);
        // Nobody waits for it because something else could not be told.
        self.lift(due)?;
        told.and(unfound)
    }

    fn tell_findings(&self, findings: Vec<Finding>) -> Result<()> {
        let health = self.detector.health();
        let proposes = !health.drifted;
        if self.runtime.block_on(self.control.tell_health(proposes, health.ordinary_log2_e))? {
            match proposes {
                true => tracing::info!("ordinary traffic is as it should be again: the detector proposes measures"),
                false => tracing::error!(
                    log2_e = health.ordinary_log2_e,
                    bound = health.bound,
                    "the e-value of ordinary traffic has drifted above one: the detector proposes no measures"
                ),
            }
        }
        let mut any = false;
        for finding in findings {
            let id = finding.id.clone();
            let (members, status) = (finding.members.len(), finding.status);
            if self.runtime.block_on(self.control.tell_campaign(finding))? {
                tracing::warn!(campaign = id, %status, accounts = members, "a campaign: `weir campaign show` has the dossier");
                any = true;
            }
            if proposes {
                self.runtime.block_on(self.control.act_automatically(&id))?;
            }
        }
        if any { self.keep_accounts() } else { Ok(()) }
    }

    /// Tells which campaigns are no longer among those found.
    fn tell_unfound(&self, found: &BTreeSet<String>) -> Result<()> {
        let Some(end) = self.folded_until() else { return Ok(()) };
        for campaign in self.runtime.block_on(self.control.tell_unfound(found, end))? {
            tracing::warn!(campaign, "a campaign is no longer found");
        }
        Ok(())
    }

    /// The customers whom any finding holds for members.
    fn members(&self, findings: &[Finding]) -> BTreeSet<PartyId> {
        let published = self.control.published();
        let seen = findings.iter().flat_map(|finding| &finding.members);
        let members = seen.filter(|seen| seen.role == CampaignRole::Member);
        members.filter_map(|seen| published.state.customer_of(seen.account)).collect()
    }

    /// Lifts what was taken on who has long been no member.
    fn lift(&self, due: Due) -> Result<()> {
        for (campaign, due) in due {
            let customers = due.len();
            if self.runtime.block_on(self.control.lift_automatically(&campaign, due))? {
                tracing::info!(campaign, customers, "measures lifted: these are no longer found to be members");
            }
        }
        Ok(())
    }

    /// The end of the last epoch folded.
    fn folded_until(&self) -> Option<Time> {
        self.detector.folded().map(|epoch| Time::from_millis((epoch + 1).saturating_mul(self.epoch_millis())))
    }

    fn findings(&self) -> Result<Vec<Finding>> {
        let Findings { dossiers, members, .. } = self.detector.findings();
        let mut of: BTreeMap<&str, Vec<&MemberLine>> = BTreeMap::new();
        members.iter().for_each(|line| of.entry(&line.campaign).or_default().push(line));
        let inputs = self.inputs();
        dossiers
            .into_iter()
            .map(|mut dossier| {
                dossier.provenance.command = self.command();
                dossier.provenance.inputs.clone_from(&inputs);
                dossier.related.extend(self.indicators.relate(&dossier, self.control.now()));
                let lines = of.get(dossier.id.as_str()).map_or(&[][..], Vec::as_slice);
                finding(&dossier, lines)
            })
            .collect()
    }

    /// The digest of the digests of all files of records sealed so far.
    fn inputs(&self) -> Vec<String> {
        let published = self.control.published();
        let digests: Vec<&[u8]> = published.state.segments.values().map(|sealed| &sealed.digest.0[..]).collect();
        vec![Digest::of_parts(&digests).to_string()]
    }

    /// What comes to the same over the folder's records.
    fn command(&self) -> String {
        let settings = &self.settings;
        format!(
            "weir detect decisions --accounts {ACCOUNTS_FILE} --key-file {} --epoch {}s --alpha {} --memory {}",
            super::super::DETECTOR_KEY_FILE,
            settings.epoch_seconds,
            settings.alpha,
            settings.memory
        )
    }

    /// Keeps the accounts as the finding knew them.
    fn keep_accounts(&self) -> Result<()> {
        let mut lines = Vec::new();
        for row in self.accounts.rows() {
            serde_json::to_writer(&mut lines, &row)?;
            lines.push(b'\n');
        }
        let path = self.control.dir().join(ACCOUNTS_FILE);
        write_file_atomically(&path, &lines, 0o600).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Says how the detector fares.
    pub(super) fn say(&mut self, problem: Option<String>) {
        let health = self.detector.health();
        let drift = health.drifted.then(|| {
            format!(
                "the e-value of ordinary traffic reached 2^{:.1} in the last day of epochs and is 2^{:.1} now, so what the \
                 guarantee supposes does not hold",
                health.bound, health.ordinary_log2_e
            )
        });
        self.metrics.fares(self.detector.born(), health, !health.drifted);
        self.control.set_detection(Detection {
            on: true,
            epoch_seconds: self.settings.epoch_seconds,
            folded: self.folded_until(),
            lag_ms: self.control.detection().lag_ms,
            born: self.detector.born(),
            ordinary_log2_e: health.ordinary_log2_e,
            proposes: !health.drifted,
            problem: drift.or(problem),
        });
    }
}

fn finding(dossier: &Dossier, lines: &[&MemberLine]) -> Result<Finding> {
    Ok(Finding {
        id: dossier.id.clone(),
        status: match dossier.status {
            Status::Campaign => CampaignStatus::Campaign,
            Status::Suspected => CampaignStatus::Suspected,
        },
        log2_e: dossier.log2_e,
        alarm: dossier.alarm,
        accounts: dossier.accounts,
        exchanges: dossier.exchanges,
        growing: dossier.state == State::Growing,
        dossier: serde_json::to_string(dossier)?,
        members: lines.iter().filter_map(|line| seen(line)).collect(),
    })
}

/// None of an account that is not one of this log's.
fn seen(line: &MemberLine) -> Option<Seen> {
    let role = match line.role {
        Role::Member => CampaignRole::Member,
        Role::Associated => CampaignRole::Associated,
    };
    let account = line.account.parse().ok()?;
    Some(Seen { account, role, bits: Bits::of(line.bits), since: line.since, line: serde_json::to_string(line).ok()? })
}
