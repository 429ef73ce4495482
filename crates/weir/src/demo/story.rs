//! The demo tells what happens as it happens: what the detector finds, what is
//! done, who is left alone, and how to check it. It reads the state like
//! anybody; only which accounts are the campaign's it knows beforehand, so that
//! it can say whether the detector was right.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_acts::campaign::Campaign;
use weir_acts::holder::Measure;
use weir_acts::id::PartyId;
use weir_acts::state::State;
use weir_acts::words::CampaignRole;
use weir_control::Control;
use weir_sim::load::{Crowd, CrowdCounts};

use super::crowd::{EPOCH_SECONDS, Known};
use crate::commands::complain;

/// How often it looks.
const LOOKS: Duration = Duration::from_millis(500);

/// How long members are watched after a measure at most, until one is held back.
const AFTER: Duration = Duration::from_secs(20);

/// What the story is told from.
pub(super) struct Story {
    pub(super) control: Control,
    pub(super) known: Known,
    pub(super) crowd: Arc<Crowd>,
    pub(super) begun: Instant,
    /// How commands of this demo begin: program, token, server.
    pub(super) commands: String,
    /// The public log's address.
    pub(super) log: String,
    pub(super) program: PathBuf,
}

impl Story {
    /// Tells it to its end: a campaign found, a measure in force, the innocent
    /// untouched, the log verified.
    pub(super) async fn tell(self) {
        self.say(&format!(
            "{} further accounts call too, each a party of its own; an hour of theirs takes {EPOCH_SECONDS} seconds here.\n  \
             Somewhere among them {} act as one. The detector does not know which; nobody told it there are any.",
            self.known.len(),
            self.known.campaign.len(),
        ));
        let mut epochs = 0;
        let found = loop {
            tokio::time::sleep(LOOKS).await;
            let detection = self.control.detection();
            if let Some(folded) = detection.folded.filter(|_| epochs == 0) {
                epochs = 1;
                self.say(&format!("the detector folds epoch after epoch (the first ended {folded}); it waits for evidence"));
            }
            if detection.born > 0 && epochs == 1 {
                epochs = 2;
                self.say("a group is under test: what chose it may not judge it, so only what comes from now on counts");
            }
            let published = self.control.published();
            let open = published.state.campaigns.values().find(|campaign| campaign.ended.is_none() && campaign.acted_on() > 0);
            if let Some(campaign) = open.filter(|campaign| !measured(&published.state, campaign).is_empty()) {
                break Arc::clone(campaign);
            }
        };
        self.tell_found(&found);
        self.until_held_back().await;
        self.tell_innocents();
        self.tell_proof().await;
    }

    /// Waits until a member's request was held back.
    async fn until_held_back(&self) {
        let since = Instant::now();
        let is_held_back = || {
            let counts = self.crowd.counts();
            counts.iter().any(|(name, counts)| self.known.holds(name) && counts.by_status.contains_key(&429))
        };
        while !is_held_back() && since.elapsed() < AFTER {
            tokio::time::sleep(LOOKS).await;
        }
    }

    fn say(&self, text: &str) {
        complain(&format!("[{:>3} s] {text}", self.begun.elapsed().as_secs()));
    }

    fn tell_found(&self, campaign: &Campaign) {
        let published = self.control.published();
        let state = &published.state;
        let members = customers(state, campaign, Some(CampaignRole::Member));
        let right = members.iter().filter(|party| self.known.campaign.contains(*party)).count();
        self.say(&format!(
            "FOUND: campaign {} (act {}): {} accounts act as one to harvest outputs,\n  log2 e = {:.1}; {} are members by a test of \
             their own, {right} of them rightly; the truth has {}",
            campaign.id,
            campaign.found.1,
            campaign.accounts,
            campaign.log2_e.get(),
            members.len(),
            self.known.campaign.len(),
        ));
        let measured = measured(state, campaign);
        if let Some((_, measure)) = measured.first() {
            let until = measure.life.to.map_or_else(|| "without an end".to_owned(), |until| format!("until {until}"));
            self.say(&format!(
                "IN FORCE: `{}` on {} of them, {until}, taken by `{}` as far as the rules of authority let it;\n  \
                 each was told why and how to appeal. What would shut them out takes a person.",
                measure.kind,
                measured.len(),
                measure.by,
            ));
        }
    }

    fn tell_innocents(&self) {
        let published = self.control.published();
        let state = &published.state;
        let counts = self.crowd.counts();
        let of = |names: &BTreeSet<String>| -> CrowdCounts {
            let mut sum = CrowdCounts::default();
            for counts in counts.iter().filter(|(name, _)| names.contains(&name.to_ascii_lowercase())).map(|(_, counts)| counts) {
                for (status, count) in &counts.by_status {
                    *sum.by_status.entry(*status).or_default() += count;
                }
                sum.last_refusal = sum.last_refusal.or_else(|| counts.last_refusal.clone());
            }
            sum
        };
        let campaign = of(&self.known.campaign);
        let refused: u64 = campaign.by_status.iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum();
        if let Some(text) = campaign.last_refusal {
            let text: String = weir_report::plain(&message_of(&text)).chars().take(420).collect();
            self.say(&format!("members had {refused} requests held back so far; the last was told:\n  {text}"));
        }
        let look_alikes = of(&self.known.look_alikes);
        let others: u64 = look_alikes.by_status.iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum();
        let wrong = touched_innocents(state, &self.known.campaign);
        self.say(&format!(
            "UNTOUCHED: {} users of one document tool send one template too: {} of their requests answered, {others} refused;\n  \
             of all who are not the campaign's, {wrong} have a measure",
            self.known.look_alikes.len(),
            look_alikes.by_status.get(&200).copied().unwrap_or(0),
        ));
    }

    /// Has a stranger's check of the log run, as anybody can.
    async fn tell_proof(&self) {
        let (program, log) = (self.program.clone(), self.log.clone());
        let checked = tokio::task::spawn_blocking(move || Command::new(program).args(["log", "verify", &log]).output()).await;
        let told = match checked {
            Ok(Ok(output)) if output.status.success() => {
                format!("the log that proves it was verified from outside:\n  {}", first_line(&output.stdout))
            }
            Ok(Ok(output)) => format!("THE LOG DOES NOT VERIFY: {}", first_line(&output.stdout)),
            _ => "the log could not be checked from here".to_owned(),
        };
        self.say(&told);
        let (commands, log) = (&self.commands, &self.log);
        complain(&format!(
            "\nLook for yourself, in another terminal:\n\n     {commands} campaign list\n     {commands} campaign show ID\n     \
             {commands} log list\n     {} log verify {log}\n",
            self.program.display(),
        ));
    }
}

/// The first line that a program said.
fn first_line(said: &[u8]) -> String {
    let line = said.split(|byte| *byte == b'\n').next().unwrap_or_default();
    weir_report::plain(std::str::from_utf8(line).unwrap_or("what it said is no text")).to_string()
}

/// What an answer's error says to a person; the whole of an answer of another shape.
fn message_of(answer: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    let message = parsed.as_ref().and_then(|answer| answer.pointer("/error/message")?.as_str());
    message.unwrap_or(answer).to_owned()
}

/// The parties of a campaign in a role, by the names of the crowd.
fn customers(state: &State, campaign: &Campaign, role: Option<CampaignRole>) -> BTreeSet<String> {
    let seen = campaign.accounts().filter(|seen| role.is_none_or(|role| seen.role == role));
    seen.filter_map(|seen| state.customer_of(seen.account)).map(|party| state.party_label(party)).collect()
}

/// Measures that rest on a campaign, and on whom they are.
fn measured<'s>(state: &'s State, campaign: &Campaign) -> Vec<(PartyId, &'s Measure)> {
    let parties = state.parties.iter().map(|(_, party)| &**party);
    parties
        .flat_map(|party| party.measures.iter().map(|measure| (party.id, measure)))
        .filter(|(_, measure)| campaign.measures.contains_key(&measure.id))
        .collect()
}

/// How many parties beside these have a measure.
fn touched_innocents(state: &State, campaign: &BTreeSet<String>) -> usize {
    let parties = state.parties.iter().map(|(_, party)| &**party);
    parties.filter(|party| !party.measures.is_empty() && !campaign.contains(&state.party_label(party.id))).count()
}
