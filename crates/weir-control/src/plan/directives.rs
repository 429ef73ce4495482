//! Planning acts about directives: draft, enact, lift, drop.

use weir_acts::Digest;
use weir_acts::act::{Act, SealedText, private, public};
use weir_acts::directive::{DirectiveText, Disclosure, ListRows};
use weir_acts::entry::Basis;
use weir_acts::governed::Directive;
use weir_acts::id::DirectiveId;

use super::{Plan, Planner, open, parts};
use crate::command::{DirectiveDraft, DirectiveLift};
use crate::directive_file;
use crate::lists::read_list;
use crate::names::check_text;
use crate::refusal::Refusal;

impl Planner<'_> {
    pub(super) fn directive_draft(&self, command: &DirectiveDraft) -> Result<Plan, Refusal> {
        let text = directive_file::read(&command.file, &self.state.kinds)?;
        self.check_text_fits(&text)?;
        let mut lists: Vec<ListRows> = Vec::new();
        for exception in &text.except {
            if lists.iter().any(|rows| rows.list == exception.list) {
                continue;
            }
            let file = command.lists.iter().find(|file| file.name == exception.list).ok_or_else(|| {
                Refusal::invalid(format!("the list `{}` was not uploaded with the directive", exception.list))
            })?;
            lists.push(read_list(self.state, file)?);
        }
        let id = DirectiveId::random()?;
        let basis = Basis { source: Some(Digest::of(command.file.text.as_bytes())), ..Basis::default() };
        let act = Act::DirectiveDraft(parts(
            public::DirectiveDraft {},
            private::DirectiveDraft { text: text.clone(), lists },
        ));
        Ok(Plan::one(self.entry_on(id, Some(basis), act), &text.id))
    }

    /// What can be told of a directive's text only beside the state.
    fn check_text_fits(&self, text: &DirectiveText) -> Result<(), Refusal> {
        for model in &text.models {
            self.served_model(model)?;
        }
        let taken = self.state.directives.values().any(|directive| {
            directive.dropped.is_none() && directive.text.as_ref().is_some_and(|other| other.id == text.id)
        });
        if taken {
            return Err(Refusal::conflict(format!(
                "there is a directive `{}` already; its rules bear that id, so a new one needs a new id",
                text.id
            )));
        }
        if let Some(amended) = &text.amends {
            self.running(amended)?;
        }
        Ok(())
    }

    pub(super) fn directive_enact(&self, name: &str) -> Result<Plan, Refusal> {
        let directive = self.directive(name)?;
        let (Some(text), Some(lists)) = (&directive.text, &directive.lists) else {
            return Err(Refusal::conflict(format!("the text of `{name}` was erased")));
        };
        if directive.dropped.is_some() || directive.enacted.is_some() {
            let status = directive.status(self.at);
            return Err(Refusal::conflict(format!("`{name}` is {status}; only a draft can be enacted")));
        }
        for model in &text.models {
            self.served_model(model)?;
        }
        let amends = text.amends.as_deref().map(|amended| self.running(amended)).transpose()?;
        let effective = text.effective.unwrap_or(self.at).max(self.at);
        let sealed = match text.disclosure {
            Disclosure::Public => None,
            Disclosure::Sealed | Disclosure::SealedUntil(_) => Some(seal(text)?),
        };
        let public_basis = Basis {
            citation: text.citation.clone(),
            source: directive.source,
            received: Some(text.received),
            effective: Some(effective),
            ..Basis::default()
        };
        let basis = match sealed {
            None => public_basis,
            Some(_) => Basis { effective: Some(effective), ..Basis::default() },
        };
        let act = Act::DirectiveEnact(parts(
            public::DirectiveEnact {
                disclosure: text.disclosure,
                text: sealed.is_none().then(|| (**text).clone()),
                sealed: sealed.as_ref().and_then(SealedText::commitment),
                draft: directive.draft,
                amends: amends.map(|former| former.id),
                preview: self.last_preview.map(|preview| preview.digest),
            },
            private::DirectiveEnact { text: sealed, lists: (**lists).clone() },
        ));
        let mut plan = Plan::one(self.entry_on(directive.id, Some(basis), act), &text.id);
        if self.last_preview.is_none() {
            plan.warnings.push(format!("`{name}` was enacted without a preview"));
        }
        Ok(plan)
    }

    pub(super) fn directive_lift(&self, command: &DirectiveLift) -> Result<Plan, Refusal> {
        check_text("the authority", &command.by, 256)?;
        let directive = self.running(&command.id)?;
        let waits = directive.life.is_some_and(|life| self.at < life.from());
        if waits && directive.enacted.as_ref().is_some_and(|enacted| enacted.amends.is_some()) {
            return Err(Refusal::conflict(format!(
                "`{}` amends another directive and is not in effect yet: lifting it now would leave neither; enact a further amendment instead",
                command.id
            )));
        }
        let act = Act::DirectiveLift(open(public::DirectiveLift { by: command.by.clone() }));
        Ok(Plan::one(self.entry(directive.id, act), &command.id))
    }

    pub(super) fn directive_drop(&self, name: &str) -> Result<Plan, Refusal> {
        let directive = self.directive(name)?;
        if directive.enacted.is_some() {
            return Err(Refusal::conflict(format!("`{name}` was enacted; lift it instead")));
        }
        Ok(Plan::one(self.entry(directive.id, Act::DirectiveDrop(open(public::DirectiveDrop {}))), name))
    }

    fn directive(&self, name: &str) -> Result<&Directive, Refusal> {
        self.state.directive_named(name).ok_or_else(|| Refusal::not_found(format!("there is no directive `{name}`")))
    }

    /// An enacted directive that has not ended.
    fn running(&self, name: &str) -> Result<&Directive, Refusal> {
        let directive = self.directive(name)?;
        match directive.life {
            Some(life) if life.to.is_none_or(|to| self.at < to) => Ok(directive),
            Some(_) => Err(Refusal::conflict(format!("`{name}` has ended already"))),
            None => Err(Refusal::conflict(format!("`{name}` is not enacted"))),
        }
    }
}

fn seal(text: &DirectiveText) -> Result<SealedText, Refusal> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)?;
    SealedText::new(text, salt).map_err(|error| Refusal::unavailable(format!("cannot seal the text: {error}")))
}
