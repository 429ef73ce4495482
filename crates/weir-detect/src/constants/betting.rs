//! What an epoch says of a group, and how it is bet on.

/// The least self-likeness unrelated people are held to show, as a share of
/// what the population showed before in comparisons of as many words and as long
/// a history: people who share a tool differ less than people at large. Stated; a
/// half. Where other families are known, no more is held than three quarters of
/// them show.
pub(crate) const LIKENESS_SHARE: f64 = 0.5;
/// The share of the usual above which a group's likeness to itself shows that it is
/// not one operator's, or not only: one whose work is dealt out shows none, users of
/// one tool all of it (stated; below the half that is bet on, since a group half of
/// which is a campaign's is no group to tell).
pub(crate) const SEVERAL_SHARE: f64 = 0.33;
/// The most that one comparison may speak for likeness. It bounds the loss of
/// a bet, so that stakes may be higher; reference and bet are cut alike.
pub(crate) const LIKENESS_MOST: f64 = 0.1;
/// What is added to a topic bucket's share before its weight is its inverse.
pub(crate) const TOPIC_FLOOR: f64 = 0.05;
/// Reference observations before there is a bet at all: the standard error of
/// the reference is then a tenth of one observation's.
pub(crate) const REFERENCE_LEAST: f64 = 100.0;
/// The same of a stratum, of which only so much is held as its own error leaves.
pub(crate) const REFERENCE_STRATUM: f64 = 20.0;
/// Standard errors below its mean at which a stratum is held: one, since there are a
/// dozen of them whose errors are independent, and half of it is held besides.
pub(crate) const STRATUM_BELOW: f64 = 1.0;
/// Topic words in a turn from which it tells more of who sent it, and turns of a
/// history from which it does: what people show of themselves rises with both, in
/// one large simulated population from nothing (three words, two turns) to 0.09
/// (sixteen, thirty), and hardly beyond.
pub(crate) const TOPIC_STRATA: [f64; 3] = [4.0, 8.0, 12.0];
/// See [`TOPIC_STRATA`].
pub(crate) const HISTORY_STRATA: [f64; 2] = [3.0, 8.0];
/// The share of a customer's own turns that must show a topic's bucket for it to be
/// the customer's wrapper and no topic (stated: a half, where a person's main interest
/// shows in fewer, and a wrapper's words in all turns that are not long).
pub(crate) const WRAPPER_SHARE: f64 = 0.5;
/// The share of a turn's topic words that must be of its wrapper before it is held
/// against turns of others who have one (stated).
pub(crate) const WRAPPED_SHARE: f64 = 0.25;
/// Families whose users' likeness to themselves is known before they are a
/// reference of their own, and the comparisons each takes: its standard error
/// is then a twentieth of one comparison's.
pub(crate) const FAMILIES_LEAST: usize = 5;
/// See [`FAMILIES_LEAST`].
pub(crate) const FAMILY_COMPARED: f64 = 400.0;
/// What remains of the reference's weight after an epoch: its memory is 200
/// epochs, a week of hours.
pub(crate) const REFERENCE_KEEP: f64 = 0.995;
/// Customers outside all candidates compared with themselves an epoch.
pub(crate) const REFERENCE_UNITS: usize = 4000;
/// New addresses and clients noted of an epoch.
pub(crate) const NEW_VALUES: usize = 2000;
/// Weight of the prior in choosing a bet, in observations (stated).
pub(crate) const BET_PRIOR: f64 = 20.0;
/// What remains of a candidate's payoffs after each further one: stakes follow
/// the last few hundred members bet on, so that a campaign which takes over a
/// template others used before is not held to what they did.
pub(crate) const PAYOFF_KEEP: f64 = 0.997;
/// The same for how much its members resemble themselves: it takes
/// [`FAMILY_COMPARED`] comparisons to be known, so a thousand are remembered.
pub(crate) const LIKENESS_KEEP: f64 = 0.999;
/// The prior's second moment of a payoff, and its mean where no reference
/// gives one (stated: begin carefully).
pub(crate) const BET_PRIOR_SECOND: f64 = 0.05;
/// See [`BET_PRIOR_SECOND`].
pub(crate) const BET_PRIOR_MEAN: f64 = 0.01;
/// The largest stake on one component.
pub(crate) const BET_ONE: f64 = 0.5;
/// The largest stake on topics, whose payoff never falls below
/// −[`LIKENESS_MOST`].
pub(crate) const BET_TOPIC: f64 = 6.0;
/// What all stakes together may lose at once: every factor stays at a tenth or
/// more.
pub(crate) const BET_ALL: f64 = 0.9;
/// Exchanges of other members in the epoch before moments are compared.
pub(crate) const LOCKSTEP_LEAST: f64 = 5.0;
/// The ratio to the population's rhythm beyond which more does not count.
pub(crate) const LOCKSTEP_MOST: f64 = 4.0;
/// Bits of a component that one member may bring to a candidate; then betting on
/// it stops for this member. Some people resemble themselves little, and a busy
/// one would otherwise speak for the whole group by what is its own trait. Five
/// members, the smallest group, do not confirm one by themselves (stated; as much
/// as a block of standing evidence says of one).
pub(crate) const BETS_A_MEMBER: f64 = 4.0;
/// Bits one dependence block may bring to a candidate; then betting on it
/// stops.
pub(crate) const BLOCK_BITS: f64 = 60.0;
/// Values of a candidate's members kept.
pub(crate) const GROUP_VALUES: usize = 1024;
/// Fills sampled of a candidate.
pub(crate) const FILLS: usize = 256;
/// The latest customers of a fill that are known, so that each counts once: an
/// operator who goes round among as many accounts is counted exactly.
pub(crate) const FILL_CUSTOMERS: usize = 8;
/// The share of openings that more than one customer gave from which they repeat at
/// all (stated: of five one, as of a customer's own; see [`LISTED_SHARE`]).
pub(crate) const FILL_REPEATED: f64 = 0.2;
/// The variance over the mean of customers a fill from which repeats are heavily
/// tailed. Who take each item of a list with chance p make it 1 − p or more, so
/// below a half everybody takes more than half of it; a fixed number makes it 0.
pub(crate) const FILL_SPREAD: f64 = 0.5;
/// The variance over the mean of customers a fill below which each is given a fixed
/// number of times: of four answers to each prompt, one prompt in ten half done.
pub(crate) const FILL_FIXED: f64 = 0.2;
/// The share of all members that gave an average fill from which it is a class's
/// or a benchmark's, where the number is not fixed: who each begin a list elsewhere
/// and work it off give its items more evenly than by chance.
pub(crate) const FILL_WHOLE_GROUP: f64 = 0.1;
/// The same where it is fixed: half of all gave all of it. An operator who has each
/// prompt answered by so many of all accounts gains nothing by having them.
pub(crate) const FILL_EVERYBODY: f64 = 0.5;
/// Customers a fill from which those that repeat tell by themselves whether each is
/// given a fixed number of times. Who choose by chance from a list, and give its items
/// so often, have hardly two in five of those that repeat at any two neighbouring
/// numbers; with two or three customers a fill they have four in five.
pub(crate) const SAMPLED_LEAST: u32 = 4;
/// The share of fills that repeat which must be given so often, or once less: one in
/// ten half done, and one in ten that others have by chance.
pub(crate) const SAMPLED_ALIKE: f64 = 0.8;
/// Customers' openings that a family must have given before its repeats are a
/// reference: at a rate of one in five hundred, ten repeats.
pub(crate) const REPEATS_COMPARED: f64 = 100.0;
/// Repeats that the reference must predict before fewer say anything (the
/// issue's bound: none of ten has a chance of e⁻¹⁰ where they come by chance).
pub(crate) const REPEATS_LEAST: f64 = 10.0;
/// Powers of two by which the openings of comparable families differ in length
/// at most.
pub(crate) const COMPARABLE_LENGTH: f64 = 1.0;
/// Exchanges kept for an analyst to read, and points of the raster.
pub(crate) const EXEMPLARS: usize = 12;
/// See [`EXEMPLARS`].
pub(crate) const RASTER_CELLS: usize = 40_000;
