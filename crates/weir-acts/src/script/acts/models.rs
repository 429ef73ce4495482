//! Acts about models: how far each is released, and what is ordered of it.

use super::{Made, parts};
use crate::act::{Act, SealedText, private, public};
use crate::digest::Digest;
use crate::directive::{Answer, DirectiveKind, DirectiveText, Disclosure, Exception, ListRows, Unknown};
use crate::id::{DirectiveId, ModelId, PartyId};
use crate::script::{Author, one};
use crate::words::Stage;

pub(super) fn model_add(author: &mut Author, [previous, output, ..]: [u8; 6], _: u64) -> Made {
    let id = ModelId::from_bytes(author.bytes());
    let name = format!("model-{}", author.models.len());
    let previous = one(&author.models, previous).map(|(_, name)| name);
    author.models.push((id, name.clone()));
    let public = public::ModelAdd { model: name, previous, weights: None, max_output: Some(u64::from(output)) };
    let private = private::ModelAdd { upstream: "http://127.0.0.1:9".into(), credential: None };
    Some((id.to_string(), Act::ModelAdd(parts(public, private))))
}

/// Some of the parties; in some lists, one twice.
pub(super) fn rows(author: &Author, list: &str, pick: u8) -> ListRows {
    let some = author.parties.iter().zip(0_u8..).filter(|(_, place)| pick >> (place % 8) & 1 == 1);
    let mut parties: Vec<PartyId> = some.map(|(party, _)| *party).collect();
    parties.extend(parties.first().copied().filter(|_| pick.is_multiple_of(3)));
    ListRows { list: list.to_owned(), digest: Digest::of(&[pick]), parties }
}

pub(super) fn stage_set(author: &mut Author, [model, stage, list, ..]: [u8; 6], _: u64) -> Made {
    let (model, _) = one(&author.models, model)?;
    let stage = one(Stage::ALL, stage)?;
    let list = (list % 2 == 0).then(|| rows(author, "list.csv", list));
    let public = public::StageSet { stage, list: list.as_ref().map(|list| list.parties.len() as u64) };
    Some((model.to_string(), Act::StageSet(parts(public, private::StageSet { list }))))
}

pub(super) fn directive_draft(author: &mut Author, [model, unknown, until, lists, ..]: [u8; 6], size: u64) -> Made {
    let id = DirectiveId::from_bytes(author.bytes());
    let model = one(&author.models, model).map(|(_, name)| name);
    let models: Vec<String> = model.into_iter().collect();
    let exception = |list: &str| Exception { list: list.into(), models: models.clone() };
    let except = ["a.csv", "b.csv"].iter().take(usize::from(lists % 3)).map(|list| exception(list)).collect();
    let unknown = match (unknown % 3, author.after(until)) {
        (0, _) | (_, None) => Unknown::Deny,
        (1, _) => Unknown::Allow,
        (_, Some(until)) => Unknown::AllowUntil(until),
    };
    let text = DirectiveText {
        id: format!("order-{}", author.drawn),
        authority: "an authority".into(),
        instrument: None,
        citation: None,
        kind: DirectiveKind::Order,
        received: author.now,
        effective: None,
        models,
        forbid: "principal.us_person == false".into(),
        except,
        unknown,
        min_level: 1,
        answer: Answer::Deny,
        disclosure: Disclosure::Public,
        notice: None,
        amends: None,
    };
    author.drafts.push((id, size, text.clone()));
    let private = private::DirectiveDraft { text, lists: vec![] };
    Some((id.to_string(), Act::DirectiveDraft(parts(public::DirectiveDraft {}, private))))
}

pub(super) fn sealed(text: &DirectiveText) -> SealedText {
    SealedText::new(text, [5; 32]).unwrap()
}

pub(super) fn directive_enact(author: &mut Author, [directive, amends, seal, lists, ..]: [u8; 6], _: u64) -> Made {
    let (id, draft, text) = one(&author.drafts, directive)?;
    let amends = one(&author.drafts, amends).filter(|_| amends % 3 == 0).map(|(id, ..)| id);
    let lists = text.except.iter().map(|exception| rows(author, &exception.list, lists)).collect();
    let is_sealed = seal % 3 == 0;
    let public = public::DirectiveEnact {
        disclosure: if is_sealed { Disclosure::Sealed } else { Disclosure::Public },
        text: (!is_sealed).then(|| text.clone()),
        sealed: is_sealed.then(|| sealed(&text).commitment().unwrap()),
        draft,
        amends,
        preview: None,
    };
    let private = private::DirectiveEnact { text: is_sealed.then(|| sealed(&text)), lists };
    Some((id.to_string(), Act::DirectiveEnact(parts(public, private))))
}
