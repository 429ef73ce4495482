//! Previews: what a draft would do, counted against the state of the moment,
//! and remembered so that enacting can record what was shown and say what has
//! moved since.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use weir_acts::directive::DirectiveText;
use weir_acts::world::World;
use weir_acts::{Clock as _, Time, Touched};
use weir_rules::policies::Policies;
use weir_rules::{Condition, Preview, Snapshot};

use super::Control;
use super::authority::Caller;
use crate::command::{Command, DirectiveEnact};
use crate::plan::{Counts, LastPreview, Planner};
use crate::refusal::Refusal;
use crate::writer::Published;

impl Control {
    /// Previews the draft `name` and remembers what was shown.
    ///
    /// # Errors
    /// When there is no such draft, or it could not be enacted as it stands.
    pub async fn preview(&self, caller: Caller, name: String) -> Result<Preview, Refusal> {
        let control = self.clone();
        let previewed = tokio::task::spawn_blocking(move || {
            let preview = control.compute(caller, &name)?;
            control.remember(&name, &preview);
            Ok(preview)
        });
        previewed.await.map_err(|error| Refusal::unavailable(format!("the preview broke off: {error}")))?
    }

    fn compute(&self, caller: Caller, name: &str) -> Result<Preview, Refusal> {
        let started = Instant::now();
        let published = self.published();
        let at = self.inner.clock.now().max(published.state.last);
        let by = caller.operator.to_string();
        let planner = Planner {
            state: &published.state,
            at,
            by: &by,
            pepper: &self.inner.pepper,
            approvals: &[],
            last_preview: None,
            erasing: None,
        };
        let plan = planner.plan(&DirectiveEnact { id: name.to_owned() }.into())?;
        let mut trial = published.state.clone();
        let mut touched = Touched::default();
        for entry in &plan.entries {
            touched.merge(trial.apply(entry).map_err(|error| Refusal::conflict(error.problem.to_string()))?);
        }
        let directive =
            trial.directive_named(name).ok_or_else(|| Refusal::not_found(format!("there is no directive `{name}`")))?;
        let text: Arc<DirectiveText> =
            directive.text.clone().ok_or_else(|| Refusal::conflict(format!("the text of `{name}` was erased")))?;
        let effective = directive.life.map_or(at, |life| life.from());
        let condition = Condition::parse(&text.forbid, &trial.kinds)
            .map_err(|error| Refusal::invalid(format!("forbid: {error}")))?;
        let before = just_before(&published, at, effective)?;
        let after = Policies::compile_like(before.policies(), &trial, effective);
        let after = Arc::new(after.map_err(|error| Refusal::invalid(error.to_string()))?);
        // With the exceptions, too, that take effect with it.
        let after = Snapshot::new(before.view().foreseen(&trial, &touched, effective), after);
        let label = |party| published.state.party_label(party);
        let mut preview = weir_rules::preview(&before, &after, &text, &condition, label)
            .map_err(|error| Refusal::unavailable(format!("the preview cannot be written: {error}")))?;
        preview.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(preview)
    }

    fn remember(&self, name: &str, preview: &Preview) {
        let shown = LastPreview { digest: preview.digest, tree_size: preview.tree_size, counts: counts(preview) };
        self.inner.previews.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), shown);
    }

    /// What was last shown of the directive that `command` enacts.
    pub(super) fn last_preview_of(&self, command: &Command) -> Option<LastPreview> {
        let Command::DirectiveEnact(enact) = command else { return None };
        self.inner.previews.lock().unwrap_or_else(PoisonError::into_inner).get(&enact.id).cloned()
    }

    /// Sentences on how the counts of the directive that `command` enacts have
    /// moved since it was last previewed.
    pub(super) async fn moved_since_preview(&self, command: &Command, caller: Caller) -> Result<Vec<String>, Refusal> {
        let Command::DirectiveEnact(enact) = command else { return Ok(Vec::new()) };
        let Some(shown) = self.last_preview_of(command) else { return Ok(Vec::new()) };
        if shown.tree_size == self.published().state.size {
            return Ok(Vec::new());
        }
        let (control, name) = (self.clone(), enact.id.clone());
        let computed = tokio::task::spawn_blocking(move || control.compute(caller, &name));
        let now = computed.await.map_err(|error| Refusal::unavailable(format!("the preview broke off: {error}")))??;
        Ok(moved(&shown.counts, &counts(&now)))
    }
}

/// What is in force just before `effective`.
fn just_before(published: &Published, at: Time, effective: Time) -> Result<Snapshot, Refusal> {
    let covers = effective <= at && published.snapshot.covers(at);
    if covers {
        return Ok(Snapshot::clone(&published.snapshot));
    }
    let world = World::new(published.state.clone(), effective);
    Snapshot::of(&world).map_err(|error| Refusal::unavailable(error.to_string()))
}

fn counts(preview: &Preview) -> Counts {
    Counts {
        keep: preview.tally.keep,
        lose: preview.tally.lose,
        unknown: preview.tally.unknown,
        without_access: preview.without_access,
    }
}

fn moved(shown: &Counts, now: &Counts) -> Vec<String> {
    let pairs = [
        ("keep", shown.keep, now.keep),
        ("lose", shown.lose, now.lose),
        ("unknown", shown.unknown, now.unknown),
        ("without_access", shown.without_access, now.without_access),
    ];
    let moved: Vec<String> = pairs
        .iter()
        .filter(|(_, shown, now)| shown != now)
        .map(|(what, shown, now)| format!("{what} {shown} → {now}"))
        .collect();
    if moved.is_empty() {
        return Vec::new();
    }
    vec![format!("the counts have moved since the preview: {}", moved.join(", "))]
}
