//! Decide: the request goes on the board, and only then the snapshot is
//! loaded. What comes out is a permit with its id, or a refusal that says why.

use std::sync::Arc;
use std::time::Duration;

use weir_acts::Time;
use weir_acts::view::Caller;
use weir_acts::words::Stage;
use weir_exchange::{DecisionId, Ruling};
use weir_rules::{Denial, Effect, Snapshot, Verdict, Withheld};

use crate::answer::Refusal;
use crate::bounds::{self, Bounds};
use crate::client::Client;
use crate::flight::{Flight, NewFlight, Serving, Ticket, permitted_models};
use crate::gateway::Shared;
use crate::measures::{self, WithheldBy};
use crate::metering::Metering;
use crate::persons::KnownPerson;
use crate::phases::accept::{Asked, What, Work};
use crate::phases::identify::Identified;
use crate::phases::record;
use crate::recorder::Place;

/// How long a request waits for the snapshot that a moment calls for before it
/// is refused. The successor is installed by a timer, so it is late only when
/// something is wrong.
const PATIENCE_FOR_SNAPSHOT: Duration = Duration::from_secs(2);

/// A permit.
pub(crate) struct Decided {
    /// The request's place on the board, held until its answer has left.
    pub(crate) ticket: Option<Ticket>,
    pub(crate) flight: Arc<Flight>,
    pub(crate) id: DecisionId,
    pub(crate) caller: Caller,
    pub(crate) tree_size: u64,
    pub(crate) stage: Stage,
    pub(crate) permit: Permit,
    /// Whether the decision was recorded, so that an exchange is owed.
    pub(crate) is_recorded: bool,
    /// The record that must be on the disk before the request goes on.
    pub(crate) awaited: Option<Place>,
}

/// What is permitted.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all are work, and a box would be an allocation a request")]
pub(crate) enum Permit {
    /// A model's work.
    Work(Serve),
    /// To see these models, with the time each was added in seconds.
    See(Arc<[(Arc<str>, i64)]>),
}

/// Which model answers, and where it is.
#[derive(Clone)]
pub(crate) struct Serve {
    pub(crate) model: Arc<str>,
    pub(crate) upstream: Option<Arc<str>>,
    pub(crate) credential: Option<Arc<str>>,
    /// Why it answers in place of the one asked for, where it does.
    pub(crate) fallback: Option<Denial>,
    pub(crate) metering: Metering,
    /// What it is held to.
    pub(crate) bounds: Bounds,
    /// What parts of the answer are withheld.
    pub(crate) withheld: Withheld,
    /// By what, where any are.
    pub(crate) withheld_by: Option<Arc<WithheldBy>>,
    /// For how many milliseconds what was asked is kept, where it is.
    pub(crate) keep_text: Option<i64>,
}

/// A decision under one snapshot.
enum Outcome {
    /// The snapshot may not answer for this moment.
    Stale,
    /// The key opens nothing any more.
    Revoked,
    /// The assertion about the person behind it holds no longer.
    Expired,
    Permit(Caller, Permit, Basis),
    Refuse(Caller, Arc<Verdict>, Arc<str>, Basis, Option<Denial>),
}

/// What a decision stands on, for its record.
#[derive(Clone)]
pub(crate) struct Basis {
    pub(crate) tree_size: u64,
    pub(crate) stage: Stage,
    pub(crate) rules: Vec<Arc<str>>,
    pub(crate) ruling: Ruling,
}

/// Decides a request for the first time.
pub(crate) async fn decide(client: &Arc<Client>, identified: &Identified, asked: &Asked) -> Result<Decided, Refusal> {
    let shared = client.shared();
    let flight = Flight::new(
        NewFlight {
            number: shared.next_flight(),
            key: identified.key,
            caller: identified.caller,
            person: identified.person.clone(),
            api: asked.api,
            model: asked.model().cloned(),
            nested: asked.nested().into(),
            since: asked.time,
        },
        Arc::clone(&client.gate),
    );
    let ticket = Ticket::enter(&shared.board, client.worker.index, flight);
    if let Some(person) = &identified.person {
        shared.persons.in_flight(person);
    }
    let id = shared.ids.next();
    let person = identified.person.as_deref();
    match settle(shared, ticket.flight(), asked).await? {
        Outcome::Permit(caller, permit, basis) => {
            let place = record::decision(shared, asked, id, &caller, person, Some(&permit), &basis)?;
            let Basis { tree_size, stage, .. } = basis;
            let is_recorded = place.is_some() && shared.config.exchanges;
            let awaited = record::awaited(place, person, Some(&permit), stage);
            let flight = Arc::clone(ticket.flight());
            Ok(Decided { ticket: Some(ticket), flight, id, caller, tree_size, stage, permit, is_recorded, awaited })
        }
        Outcome::Refuse(caller, verdict, model, basis, denial) => {
            let place = record::decision(shared, asked, id, &caller, person, None, &basis)?;
            if let Some(place) = record::awaited(place, person, None, basis.stage) {
                let kept = shared.recorder.until_durable(place).await;
                kept.map_err(|unavailable| record::refuse(basis.stage, &unavailable))?;
            }
            Err(refuse(shared, &verdict, &model, denial).decided_as(id))
        }
        Outcome::Expired => Err(crate::persons::expired()),
        Outcome::Revoked | Outcome::Stale => Err(revoked()),
    }
}

/// Decides a request again before it is sent again. The decision keeps its id;
/// what it stands on may have changed.
pub(crate) async fn decide_again(shared: &Shared, asked: &Asked, decided: &mut Decided) -> Result<(), Refusal> {
    match settle(shared, &decided.flight, asked).await? {
        Outcome::Permit(caller, permit, basis) => {
            decided.caller = caller;
            decided.permit = permit;
            decided.tree_size = basis.tree_size;
            decided.stage = basis.stage;
            check_references(shared, asked, decided)
        }
        Outcome::Refuse(_, verdict, model, _, denial) => Err(refuse(shared, &verdict, &model, denial)),
        Outcome::Expired => Err(crate::persons::expired()),
        Outcome::Revoked | Outcome::Stale => Err(revoked()),
    }
}

/// Decides on the snapshot in force, waiting for the one that this moment
/// calls for. Never [`Outcome::Stale`].
async fn settle(shared: &Shared, flight: &Flight, asked: &Asked) -> Result<Outcome, Refusal> {
    if let Some(outcome) = look(shared, flight, asked) {
        return Ok(outcome);
    }
    let wait = async {
        loop {
            let mut installed = std::pin::pin!(shared.installed.notified());
            // Enlisted before the look, so an install in between is not missed.
            installed.as_mut().enable();
            if let Some(outcome) = look(shared, flight, asked) {
                return outcome;
            }
            installed.await;
        }
    };
    // Rare, and large for every request's own state.
    Box::pin(tokio::time::timeout(PATIENCE_FOR_SNAPSHOT, wait)).await.map_err(|_| {
        tracing::error!("the rules for this moment were not installed in time; requests are refused");
        Refusal::new(503, "rules_unavailable", "The rules in force at this moment are not at hand; try again")
            .retry_after(1)
    })
}

fn look(shared: &Shared, flight: &Flight, asked: &Asked) -> Option<Outcome> {
    let now = shared.clock.now();
    let outcome = shared.board.settle(|snapshot| {
        let outcome = judge(snapshot, now, flight, asked);
        flight.publish(outcome.serving());
        outcome
    });
    if matches!(outcome, Outcome::Stale) { None } else { Some(outcome) }
}

impl Outcome {
    fn serving(&self) -> Serving {
        match self {
            Outcome::Permit(_, Permit::Work(serve), _) => {
                Serving::Model(Arc::clone(&serve.model), serve.withheld)
            }
            Outcome::Permit(_, Permit::See(models), _) => {
                Serving::Listing(models.iter().map(|(name, _)| Arc::clone(name)).collect())
            }
            Outcome::Stale | Outcome::Revoked | Outcome::Expired | Outcome::Refuse(..) => Serving::Undecided,
        }
    }
}

/// The decision: a function of the snapshot, the account and the model.
fn judge(snapshot: &Snapshot, now: Time, flight: &Flight, asked: &Asked) -> Outcome {
    if !snapshot.covers(now) {
        return Outcome::Stale;
    }
    let Some(caller) = flight.caller(snapshot) else {
        return Outcome::Revoked;
    };
    if flight.person.as_ref().is_some_and(|person| person.expires <= now) {
        return Outcome::Expired;
    }
    let basis = |verdict: &Verdict, ruling| Basis {
        tree_size: snapshot.tree_size(),
        stage: verdict.stage,
        rules: verdict.rules.clone(),
        ruling,
    };
    let refuse = |verdict: Arc<Verdict>, model: &Arc<str>| {
        let ruling = if verdict.effect == Effect::Missing { Ruling::Missing } else { Ruling::Deny };
        let basis = basis(&verdict, ruling);
        let denial = verdict.denial.as_ref();
        let denial = denial.map(|denial| measures::tell(snapshot, &caller, flight.person.as_deref(), denial.clone()));
        Outcome::Refuse(caller, verdict, Arc::clone(model), basis, denial)
    };
    let model = match &asked.what {
        What::List => return list(snapshot, caller),
        What::Describe(model) => model,
        What::Work(work) => &work.model,
    };
    // A tool that runs a model of its own is a use of that model.
    let mut verdicts = Vec::new();
    for nested in asked.nested() {
        let verdict = snapshot.decide(caller.class, nested);
        if !verdict.permits() {
            return refuse(verdict, nested);
        }
        verdicts.push(verdict);
    }
    let verdict = snapshot.decide(caller.class, model);
    if !verdict.permits() {
        return match fall_back(snapshot, &caller, flight.person.as_deref(), &verdict, model, verdicts)
            .filter(|_| matches!(asked.what, What::Work(_)))
        {
            Some(serve) => {
                let basis = basis(&verdict, Ruling::Fallback);
                Outcome::Permit(caller, Permit::Work(serve), basis)
            }
            None => refuse(verdict, model),
        };
    }
    let basis = basis(&verdict, Ruling::Permit);
    let permit = match &asked.what {
        What::Describe(_) => Permit::See([listed(snapshot, Arc::clone(model))].into()),
        _ => {
            verdicts.push(verdict);
            Permit::Work(serve(snapshot, &caller, flight.person.as_deref(), model, &verdicts))
        }
    };
    Outcome::Permit(caller, permit, basis)
}

/// The previous model, decided afresh: one hop.
fn fall_back(
    snapshot: &Snapshot,
    caller: &Caller,
    person: Option<&KnownPerson>,
    verdict: &Verdict,
    model: &str,
    mut verdicts: Vec<Arc<Verdict>>,
) -> Option<Serve> {
    let (previous, afresh) = snapshot.fall_back(caller.class, model, verdict)?;
    verdicts.push(afresh);
    let fallback = verdict.denial.clone().map(|denial| measures::tell(snapshot, caller, person, denial));
    Some(Serve { fallback, ..serve(snapshot, caller, person, &previous, &verdicts) })
}

/// How `model` is served to `caller` whom `verdicts` permit.
fn serve(
    snapshot: &Snapshot,
    caller: &Caller,
    person: Option<&KnownPerson>,
    model: &Arc<str>,
    verdicts: &[Arc<Verdict>],
) -> Serve {
    let at = snapshot.at();
    let known = snapshot.view().model(model);
    let meter = known.and_then(|known| known.meter(at));
    let stage = known.map_or(Stage::Sealed, |known| known.stage(at));
    Serve {
        metering: Metering {
            weight: meter.and_then(|meter| meter.weight).unwrap_or(1),
            max_input: meter.and_then(|meter| meter.max_input),
            max_output: known.and_then(|known| known.max_output),
        },
        bounds: bounds::bounds(snapshot, caller, stage, verdicts),
        model: Arc::clone(model),
        upstream: known.and_then(|known| known.upstream.clone()),
        credential: known.and_then(|known| known.credential.clone()),
        fallback: None,
        keep_text: verdicts.iter().filter_map(|verdict| verdict.keep_text).max(),
        withheld: verdicts.iter().fold(Withheld::default(), |all, verdict| all.and(verdict.withheld())),
        withheld_by: measures::withholding(verdicts.iter().flat_map(|verdict| &verdict.withhold)).map(|by| {
            let denial = measures::tell(snapshot, caller, person, by.denial);
            Arc::new(WithheldBy { denial, ..by })
        }),
    }
}

fn list(snapshot: &Snapshot, caller: Caller) -> Outcome {
    let models = permitted_models(snapshot, caller).map(|model| listed(snapshot, model)).collect();
    let basis =
        Basis { tree_size: snapshot.tree_size(), stage: Stage::General, rules: Vec::new(), ruling: Ruling::Permit };
    Outcome::Permit(caller, Permit::See(models), basis)
}

fn listed(snapshot: &Snapshot, model: Arc<str>) -> (Arc<str>, i64) {
    let added = snapshot.view().model(&model).map_or(Time::EPOCH, |known| known.life.from());
    (model, added.millis().div_euclid(1000))
}

fn refuse(shared: &Shared, verdict: &Verdict, model: &str, denial: Option<Denial>) -> Refusal {
    match &denial {
        Some(denial) if verdict.effect == Effect::Deny => Refusal::denied(denial, &shared.appeals),
        _ => Refusal::no_such_model(model),
    }
}

fn revoked() -> Refusal {
    Refusal::unauthenticated("The API key is not valid, or was revoked")
}

/// Refuses a request that leans on objects this Weir does not know to be the
/// caller's own on this model, and one whose answer would be made where no
/// sweep reaches it.
pub(crate) fn check_references(shared: &Shared, asked: &Asked, decided: &Decided) -> Result<(), Refusal> {
    let (What::Work(Work { references, background, .. }), Permit::Work(serve)) = (&asked.what, &decided.permit) else {
        return Ok(());
    };
    if *background {
        let message = "A background answer is made where a later order cannot stop it, so `background` is not served; \
            leave it out";
        return Err(Refusal::new(403, "background_refused", message).about(Some("background")));
    }
    for (field, _, id) in references {
        let made = shared.objects.made(id);
        if made.is_none_or(|made| made.by != decided.caller.account || made.on != serve.model) {
            let message = format!(
                "`{field}` names an object that this account did not make here with `{}`; send its content instead",
                serve.model
            );
            return Err(Refusal::new(403, "unknown_object", message).about(Some(field)));
        }
    }
    Ok(())
}
