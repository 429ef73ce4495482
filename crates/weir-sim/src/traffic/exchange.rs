//! One exchange, written into a record that is used again and again.

use weir_exchange::{LoggedExchange, LoggedMessage};

use super::actor::Purpose;
use super::campaign::{Place, VariantBy};
use super::corpus::About;
use super::group::{Fills, Group, Prompting};
use super::network::{self, Caller, Network};
use super::persona::{Persona, anyone};
use super::template::{self, Elicitation, Template};
use super::world::{CampaignId, Plan, World, exits};
use super::{emptied, push_code};
use crate::random::{SeededRandom, mix};

/// What is said, by whom.
pub(super) struct Said<'run> {
    pub(super) group: &'run Group,
    pub(super) index: u32,
    pub(super) persona: &'run Persona,
    pub(super) conversation: u64,
    pub(super) session: u64,
    pub(super) turn: u8,
    pub(super) about: About,
    pub(super) purpose: Purpose,
    pub(super) taken: u32,
}

/// At most so many earlier turns are sent again.
const RESENT: u8 = 3;

/// Models by how common they are, and the one that a launch brings.
const MODELS: [&str; 4] = ["atlas-5", "atlas-5-mini", "fable-5", "mythos-5"];
const LAUNCHED: &str = "atlas-6";

/// Writes everything but the time and the id.
pub(super) fn write(
    world: &World,
    said: &Said<'_>,
    at: i64,
    random: &mut SeededRandom,
    out: &mut LoggedExchange,
) -> Option<CampaignId> {
    out.account.clear();
    world.write_account_name(&mut out.account, said.index);
    let conversation = emptied(&mut out.conversation);
    conversation.push_str("c-");
    push_code(conversation, said.conversation);
    let campaign = match said.purpose {
        Purpose::Own => None,
        Purpose::Relayed { campaign, .. } => campaign,
        Purpose::Task { campaign, .. } => Some(campaign),
    };
    let plan = campaign.and_then(|id| world.plans.get(usize::from(id)));
    let mut written = Messages { list: &mut out.messages, count: 0 };
    match (said.purpose, plan) {
        (Purpose::Task { number, .. }, Some(plan)) => task(world, said, plan, number, &mut written),
        _ => conversation_of(world, said, at, &mut written),
    }
    let count = written.count;
    out.messages.truncate(count);
    let (network, caller) = place_of(said, plan);
    network::write_client(&mut out.client, network, caller, said.persona.seed, said.session, world.day_of(at));
    out.party.clone_from(&None);
    if said.group.identity.declared {
        emptied(&mut out.party).push_str(&super::identity::name_of(said.group.seed));
    }
    settings(world, said, plan, at, random, out);
    campaign.map(CampaignId)
}

/// A campaign calls with its own program from its own exits, from a stolen
/// account too.
fn place_of(said: &Said<'_>, plan: Option<&Plan>) -> (Network, Caller) {
    match plan {
        Some(plan) if !said.group.kind.is_adversary() => (exits(&plan.with, plan.seed), Caller::Program(plan.seed)),
        Some(plan) if plan.with.cover_by_hand => (said.group.network, Caller::Program(plan.seed)),
        _ => (said.group.network, said.group.caller),
    }
}

/// Model, parameters, usage, outcome.
fn settings(
    world: &World,
    said: &Said<'_>,
    plan: Option<&Plan>,
    at: i64,
    random: &mut SeededRandom,
    out: &mut LoggedExchange,
) {
    let persona = said.persona;
    let launched = world.launch().filter(|launch| at >= *launch);
    let model = match (launched, plan) {
        (Some(_), Some(plan)) if random.happens(plan.with.pivot) => LAUNCHED,
        (_, Some(_)) => MODELS[0],
        (Some(launch), None) if super::rhythm::seconds(at - launch) / 86_400.0 > f64::from(persona.adopts) => LAUNCHED,
        _ => MODELS[usize::from(persona.model) % MODELS.len()],
    };
    emptied(&mut out.model).push_str(model);
    let api = if persona.seed.is_multiple_of(3) { "anthropic.messages" } else { "openai.chat" };
    emptied(&mut out.api).push_str(api);
    let params = &mut out.params;
    params.max_tokens =
        if plan.is_some() { Some(4096) } else { (persona.most > 0).then(|| u64::from(persona.most) * 100) };
    params.temperature =
        if plan.is_some() { Some(1.0) } else { (persona.warmth < 255).then(|| f64::from(persona.warmth) / 10.0) };
    params.n = None;
    params.stream = Some(said.group.caller == Caller::Browser);
    params.logprobs = None;
    let bytes: usize = out.messages.iter().map(|message| message.content.len()).sum();
    out.usage.input_tokens = Some(bytes as u64 / 4 + 3);
    let longer = if plan.is_some() { 3 } else { 1 };
    let answer = u64::from(world.arrivals.answer(random)) * longer;
    let answer = answer.min(params.max_tokens.unwrap_or(8_192));
    let failed = if world.is_out(at) { 80 } else { 0 };
    out.outcome.status = Some(match random.below(1000) {
        draw if draw < failed * 10 => 503,
        0..4 => 429,
        4..6 => 500,
        _ => 200,
    });
    let answered = out.outcome.status == Some(200);
    out.usage.output_tokens = Some(if answered { answer } else { 0 });
    out.outcome.refusal = Some(answered && random.below(1000) < 6);
}

/// Messages that are written over those of the record before.
pub(super) struct Messages<'record> {
    list: &'record mut Vec<LoggedMessage>,
    count: usize,
}

impl Messages<'_> {
    fn next(&mut self, role: &str) -> &mut String {
        if self.count == self.list.len() {
            self.list.push(LoggedMessage::default());
        }
        let message = &mut self.list[self.count];
        self.count += 1;
        message.role.clear();
        message.role.push_str(role);
        message.content.clear();
        &mut message.content
    }
}

/// A conversation of a person: the last turns and the new one.
fn conversation_of(world: &World, said: &Said<'_>, at: i64, out: &mut Messages<'_>) {
    let relayed = match said.purpose {
        Purpose::Relayed { customer, .. } => Some(Persona::draw(&world.corpus, &world.arrivals, said.group, customer)),
        _ => None,
    };
    let persona = relayed.as_ref().unwrap_or(said.persona);
    match &said.group.prompting {
        Prompting::System(text) => out.next("system").push_str(text),
        Prompting::Private => {
            template::private_prompt(out.next("system"), &world.corpus, persona.main_interest(), persona.seed);
        }
        Prompting::Bare | Prompting::Wrapped(_) => {}
    }
    let first = said.turn.saturating_sub(RESENT);
    for turn in first..=said.turn {
        let mut random = SeededRandom::for_member(said.conversation, u64::from(turn));
        let text = out.next("user");
        if let Prompting::Wrapped(template) = &said.group.prompting {
            text.push_str(&template.before);
        }
        user_turn(world, said, persona, turn, at, &mut random, text);
        if let Prompting::Wrapped(template) = &said.group.prompting {
            text.push_str(&template.after);
        }
        if turn < said.turn {
            template::answer(out.next("assistant"), &world.corpus, said.about, &mut random);
        }
    }
}

fn user_turn(
    world: &World,
    said: &Said<'_>,
    persona: &Persona,
    turn: u8,
    at: i64,
    random: &mut SeededRandom,
    out: &mut String,
) {
    match said.group.fills {
        Fills::Public { first, count, in_turn, verbatim } => {
            let number = if in_turn {
                // Each in an order of their own: a stride that meets all.
                (persona.seed % count + u64::from(said.taken)) % count
            } else {
                random.below(count)
            };
            if !random.happens(verbatim) {
                world.corpus.text(out, said.about, 20, persona.manner, random);
                out.push('\n');
            }
            out.push_str(world.corpus.item(first + number));
        }
        Fills::Documents { length } => {
            if turn == 0 {
                out.push_str(random.pick(&BUTTONS).copied().unwrap_or_default());
                out.push_str("\n<document>\n");
                let length = persona.document(length, random);
                world.corpus.text(out, said.about, length, persona.manner, random);
                out.push_str("\n</document>");
            } else {
                world.corpus.text(out, said.about, persona.length(turn, random), persona.manner, random);
            }
        }
        _ if turn == 0 && random.happens(world.viral(at)) => {
            out.push_str("Pretend to be a lighthouse keeper who only speaks in riddles and describe ");
            world.corpus.word(out, persona.main_interest(), random);
        }
        _ if turn == 0 && said.group.caller == Caller::Browser && random.happens(world.common) => {
            out.push_str(world.corpus.common(random));
        }
        _ => {
            let length = persona.length(turn, random);
            world.corpus.text(out, said.about, length, persona.manner, random);
        }
    }
}

const BUTTONS: [&str; 6] = [
    "Summarise the document for me.",
    "List the open points and who has to act.",
    "Explain this in plain words.",
    "Find contradictions in the document.",
    "Write a reply to this.",
    "Extract all dates and amounts.",
];

/// A task of a campaign in its template.
fn task(world: &World, said: &Said<'_>, plan: &Plan, number: u64, out: &mut Messages<'_>) {
    let with = &plan.with;
    // The text of a task is the task's own, whoever sends it and whenever.
    let mut random = SeededRandom::for_member(plan.seed ^ 0x7461_736b, number);
    let among = if with.shard_by_topic { said.persona.seed } else { random.next_bits() };
    let topic =
        plan.topics.get(usize::try_from(among % plan.topics.len().max(1) as u64).unwrap_or(0)).copied().unwrap_or(0);
    let language =
        u8::try_from(random.below(u64::from(with.languages.clamp(1, world.corpus.languages())))).unwrap_or(0);
    let about = About { source: plan.source, topic, language };
    let class = with.elicitation[usize::try_from(number).unwrap_or(0) % with.elicitation.len()];
    let owned;
    let template = if !with.template {
        None
    } else if number < u64::from(with.probes) {
        owned = Template::technique(plan.seed, number);
        Some(&owned)
    } else if with.languages > 1 {
        owned = Template::translated(language);
        Some(&owned)
    } else if with.variants <= 1 && class == with.elicitation[0] {
        Some(&*plan.template)
    } else {
        owned = variant(plan, class, said, number);
        Some(&owned)
    };
    let manner = anyone(&mut random);
    let length = crate::random::whole(random.around(110.0, 0.8).clamp(15.0, 4_000.0)) as usize;
    if let Some(template) = template.filter(|_| with.place != Place::User) {
        let whole = out.next(if with.place == Place::System { "system" } else { "user" });
        whole.push_str(&template.before);
        whole.push_str(&template.after);
    }
    if template.is_some() && with.place == Place::Turn {
        out.next("assistant").push_str("Understood. Send the first one.");
    }
    let text = out.next("user");
    match template.filter(|_| with.place == Place::User) {
        Some(template) => {
            text.push_str(&template.before);
            world.corpus.text(text, about, length, manner, &mut random);
            text.push_str(&template.after);
        }
        None => world.corpus.text(text, about, length, manner, &mut random),
    }
    for turn in 0..said.turn.min(RESENT) {
        template::answer(out.next("assistant"), &world.corpus, about, &mut random);
        let mut later = SeededRandom::for_member(said.conversation, u64::from(turn));
        world.corpus.text(out.next("user"), about, length / 2, manner, &mut later);
    }
}

fn variant(plan: &Plan, class: Elicitation, said: &Said<'_>, number: u64) -> Template {
    let of = match plan.with.variant_by {
        VariantBy::Account => said.persona.seed,
        VariantBy::Exchange => number,
    };
    let variant = mix(of) % u64::from(plan.with.variants.max(1));
    Template::harvest(class, plan.seed, variant, plan.with.looseness)
}
