//! Every number the verdicts depend on, with where it comes from. The file's
//! SHA-256 goes into each dossier, so a finding names the constants it was
//! made with. None was fitted to the simulator: those marked "stated" are
//! judgements, and the benchmark shows what halving and doubling them does.

use sha2::{Digest, Sha256};

/// The digest of this file, `sha256:` and hex.
pub(crate) fn digest() -> String {
    let digest = Sha256::digest(include_bytes!("constants.rs"));
    digest.iter().fold(String::from("sha256:"), |text, byte| text + &format!("{byte:02x}"))
}

// What is read of a text.

/// Bytes of one part that are sketched (the bound).
pub(crate) const PART_BYTES: usize = 8 * 1024;
/// A longer word is a slot: identifiers, encodings and keys are; the longest
/// words in English dictionaries have 28 letters.
pub(crate) const LONGEST_WORD: usize = 32;
/// Words a sentence must have to be an anchor. Three-word phrases repeat among
/// strangers; of four-word sentences few do, and those are public by users.
pub(crate) const SENTENCE_WORDS: usize = 4;
/// Sentences at each end of a part that are always kept: templates wrap.
pub(crate) const EDGE_SENTENCES: usize = 3;
/// Words at each end of a part whose hash is an anchor.
pub(crate) const WINDOW_WORDS: usize = 6;
/// Words a shingle has (five: the usual choice for near-duplicate text, Broder
/// 1997 used ten tokens, shorter survives slots in mid-sentence).
pub(crate) const SHINGLE_WORDS: usize = 5;
/// One shingle in this many is sampled, by keyed hash.
pub(crate) const SHINGLE_SAMPLE: u64 = 8;
/// Sampled shingles kept of a part.
pub(crate) const SHINGLES_A_PART: usize = 6;
/// Anchors kept of an exchange: three parts with six edge sentences and two
/// windows rarely all differ.
pub(crate) const ANCHORS_AN_EXCHANGE: usize = 20;
/// Bytes a word must have to speak of a topic; shorter ones are grammar.
pub(crate) const TOPIC_WORD: usize = 5;
/// Topic words kept of a text, those with the smallest keyed hashes: the same
/// word is kept or not in every text, so texts stay comparable.
pub(crate) const TOPIC_WORDS: usize = 16;
/// Buckets of topic words.
pub(crate) const TOPIC_BUCKETS: usize = 256;
/// Bytes at a part's beginning and end that are looked at for what it asks for.
pub(crate) const ASKED_BYTES: usize = 400;
/// One exchange in so many, those with the smallest keyed hashes, keeps its text
/// for an analyst's eyes: a power of two. A dossier shows a dozen.
pub(crate) const SHOWN_SAMPLE: u64 = 4;
/// Bytes of the texts kept for an analyst's eyes.
pub(crate) const EXCERPT_BYTES: usize = 600;

// What is kept of an epoch.

/// Slots an epoch is cut into for lockstep: one bit each of a word.
pub(crate) const SLOTS: u32 = 64;
/// Exchanges sampled of a customer and epoch. Quiet accounts (26 a day) are
/// kept whole; loud ones have evidence enough in 24.
pub(crate) const EVENTS_AN_EPOCH: usize = 24;

// What is kept of a customer.

/// Admitted anchors a customer is linked to.
pub(crate) const EDGES_A_UNIT: usize = 24;
/// A customer's own counts are halved here, so that they fit a byte.
pub(crate) const HISTORY_FULL: u32 = 200;
/// Recent values (addresses, clients) kept to tell a new one from an old one.
pub(crate) const RECENT_VALUES: usize = 8;
/// Days without a trace after which a customer or an anchor is forgotten: the
/// longest campaign on record ran for 90 days, the quietest members of any
/// called more than weekly.
pub(crate) const FORGET_DAYS: i64 = 30;

/// Customers with the smallest keyed hashes that stand for the population:
/// shares to within 0.03 at two standard errors.
pub(crate) const SAMPLE_UNITS: usize = 4096;
/// Bytes that an admitted anchor takes at most, sample and overhead included:
/// when all anchors and customers at their most exceed `--memory`, some go.
pub(crate) const HIGH_WATER: u64 = 8 * 64 + 96;
/// Bytes that a customer takes at most, its links and the table's overhead
/// included: 256 topic buckets of two bytes, 24 links of 16, eight addresses and
/// clients, its name, and its place in a table that has just doubled.
pub(crate) const UNIT_HIGH_WATER: u64 = 1536;

/// Customers that must have given an opening turn before another who gives it
/// counts as working off a list. An operator may have each prompt answered a
/// few times for a choice of answers; benchmarks and exercises are given by
/// dozens (stated).
pub(crate) const LIST_CUSTOMERS: u32 = 3;
/// The share of a customer's opening turns that must be of that kind before it
/// works off a list: as for a group (see `Repeats::speak_of_a_common_list`).
pub(crate) const LISTED_SHARE: f64 = 0.2;
/// Opening turns of a customer before either is known: who takes half of them
/// from a list has none among five once in thirty-two times, is among the
/// others for a while and then no longer.
pub(crate) const GIVEN_LEAST: u8 = 5;
/// A customer's counts are halved here: its latest few dozen opening turns.
pub(crate) const GIVEN_FULL: u8 = 40;
/// The share of a candidate's working members that must work off a list before
/// the others are told apart: with fewer the group is not changed by them
/// (stated).
pub(crate) const APART_SHARE: f64 = 0.1;

/// Days within which most of those told apart must have come for the ones from
/// before to be left out: as long as a quiet account (six exchanges a day) takes
/// to be known, twice.
pub(crate) const COME_DAYS: i64 = 2;

/// Moments within the epoch kept of a customer's latest exchanges: its habit.
pub(crate) const MOMENTS: usize = 12;

// Proposing.

/// Customers that must share an anchor before it may found a candidate. Below
/// five, families and friends.
pub(crate) const GROUP_UNITS: u64 = 5;
/// Customers sampled of an anchor, by the smallest keyed hashes: 64 give a
/// Jaccard index to within 0.13 at two standard errors.
pub(crate) const UNITS_SAMPLED: usize = 64;
/// The Jaccard index above which two anchors, or two candidates, speak for one
/// group, and the share of a candidate's members from which a group within it
/// is no news. Anchors of one template overlap wholly; those of two that have a
/// phrase in common by a half, where both are equally large (stated: above a
/// half by the error of the sample).
pub(crate) const SAME_GROUP: f64 = 0.6;
/// The share of an anchor's users that must be one candidate's members for a
/// group around it to be no news, and, halved, that must work with the
/// candidate's anchors for it to keep this one.
pub(crate) const TAKEN_ON: f64 = 0.6;
/// The share of an anchor's users that must be members before a candidate takes
/// the anchor on (stated). Where two of five are others, those of them who show
/// nothing else soon outweigh in the bet on topics what members win.
pub(crate) const HARDLY_ELSE: f64 = 0.8;
/// The share of a candidate's members that must show the anchor for that; a
/// smaller group among the members may found a candidate of its own.
pub(crate) const TAKEN_ON_MEMBERS: f64 = 0.35;
/// Anchors a candidate may have.
pub(crate) const ANCHORS_A_CANDIDATE: usize = 512;
/// The share of its users' traffic that must show an anchor before it may
/// found a candidate: a template is worked with, a phrase is not (stated; an
/// account with nine tenths of cover is below it and is a stated limit).
pub(crate) const WORKING_SHARE: f64 = 0.15;
/// Times that its users show an anchor, on average, before it may found a
/// candidate: once or twice is how phrases are shared.
pub(crate) const WORKING_USES: f64 = 2.5;
/// Users of an anchor that nearly all their traffic shows for which once is
/// enough: a large pool is not to work for hours unseen (stated).
pub(crate) const AT_ONCE_USERS: u64 = 50;
/// See [`AT_ONCE_USERS`].
pub(crate) const AT_ONCE_SHARE: f64 = 0.8;
/// Births at one epoch end. Each costs budget for ever, so the largest go
/// first and the rest wait.
pub(crate) const BIRTHS_AN_EPOCH: u64 = 6;
/// Candidates alive at once.
pub(crate) const CANDIDATES: usize = 4096;
/// Days without a joint exchange after which an unconfirmed candidate is
/// dropped.
pub(crate) const DROP_DAYS: i64 = 14;
/// A dimension counts as spread when two users of a family share its value at
/// most this many times as often as two customers at large (stated).
pub(crate) const SPREAD: f64 = 1.5;
/// Users sampled before spread can be told.
pub(crate) const SPREAD_USERS: usize = 12;
/// The intra-account correlation, as a share of the population's, under which
/// a family spread over all kinds of users may found a candidate all the same
/// (stated).
pub(crate) const ALIKE: f64 = 0.3;
/// The same for a private family: above it there is nothing to bet on.
pub(crate) const ALIKE_PRIVATE: f64 = 0.6;
/// The share of a founder's traffic that must show the template for its own
/// earlier history to count as its joint history.
pub(crate) const DEDICATED: f64 = 0.6;

// Betting.

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

// Judging.

/// Bits that bets must bring to a block, or a member's standing evidence on
/// average, for the block to count among the two that are needed.
pub(crate) const BLOCK_COUNTS: f64 = 1.0;
/// The chance that two accounts of one operator share a value of a kind, where
/// neither the group nor declared organisations tell it (stated; operators who hide
/// share less, so this speaks too strongly against them, by one bit a block). Where
/// more of the group shares values that are rare outside, the group itself is the
/// estimate.
pub(crate) const SHARED_BY_OPERATOR: f64 = 0.5;
/// Accounts of declared organisations, each beside another of its own, from which
/// they tell that chance of a kind (the bound: its standard error is a
/// tenth). They hide nothing, so it is too high for those who do.
pub(crate) const DECLARED_LEAST: u64 = 30;
/// Accounts of an organisation that are looked at, so that a large one does not
/// speak for all, and organisations.
pub(crate) const DECLARED_ACCOUNTS: usize = 64;
/// See [`DECLARED_ACCOUNTS`].
pub(crate) const DECLARED_ORGANISATIONS: usize = 512;
/// The most one block of standing evidence may say of a member.
pub(crate) const STANDING_MOST: f64 = 4.0;
/// Others of the group that must share a member's value before it says anything
/// for it: a value of two ties them to each other, not to the group.
pub(crate) const SHARED_LEAST: u64 = 2;
/// Members whose value of a kind is known, before it is weighed.
pub(crate) const STANDING_KNOWN: usize = 5;
/// Bits the harvest axis needs: 64 to 1 (stated; measured in the benchmark).
pub(crate) const HARVEST_BITS: f64 = 6.0;
/// Bits the concealment axis needs: 64 to 1 (stated; measured).
pub(crate) const CONCEALMENT_BITS: f64 = 6.0;
/// Bits one kind of evidence may bring to the harvest or concealment axis.
pub(crate) const EVIDENCE_BITS: f64 = 8.0;
/// What an open operator or a common list takes from an axis: it decides.
pub(crate) const DECIDES: f64 = -24.0;
/// Bits that each of the lesser kinds may bring.
pub(crate) const LESSER_BITS: f64 = 4.0;
/// Bits a member's own test needs (stated: the text alone brings 8 at most, so
/// its share of the account's own traffic 6, so it takes both and more).
pub(crate) const MEMBER_BITS: f64 = 14.0;
/// The most that all may say together which comes along with a copied template
/// and its tool: it has one cause (template and traffic at their most).
pub(crate) const COPIED_BITS: f64 = TEMPLATE_BITS + TRAFFIC_BITS;
/// Bits that what does not come along with a copy must bring to a member, for
/// and against taken together: sixteen to one. A harness on a forum frames nobody, and
/// of those who copied it some signed up in the campaign's week and sent turns that
/// are not like each other (stated).
pub(crate) const OWN_BITS: f64 = 4.0;
/// Blocks that must count (see [`BLOCK_COUNTS`]) among what does not come along
/// with a copy. One can be chance or another's doing: somebody who copied a
/// template signed up in the campaign's week, a stolen key does the thief's work
/// (as many as the whole needs).
pub(crate) const OWN_BLOCKS: usize = 2;
/// The most that showing the template may say of a member.
pub(crate) const TEMPLATE_BITS: f64 = 8.0;
/// The most that the share of its own traffic may say, either way.
pub(crate) const TRAFFIC_BITS: f64 = 6.0;
/// The chance that an exchange is joint work, of a member and of someone who
/// came by the template otherwise (stated; the break-even lies at 29 %).
pub(crate) const JOINT_OF_MEMBER: f64 = 0.5;
/// See [`JOINT_OF_MEMBER`].
pub(crate) const JOINT_OF_STRANGER: f64 = 0.125;
/// The most that earlier work of its own may say against a member.
pub(crate) const TENURE_BITS: f64 = 5.0;
/// The chance that who came by the template otherwise began before half of a
/// group's members did (stated; it was there for them to copy, or from them).
pub(crate) const EARLY_OF_STRANGER: f64 = 0.5;
/// What it says against a member that its opening turns are what several others
/// gave before it, as those of a harness, a class or a demonstration are
/// (stated; as much as the likeness to its own).
pub(crate) const LISTED_BITS: f64 = DEALT_BITS;
/// Comparisons of a member before its own likeness is weighed.
pub(crate) const DEALT_LEAST: f64 = 3.0;
/// The most that the likeness of its joint turns to its own earlier ones may
/// say of a member, either way.
pub(crate) const DEALT_BITS: f64 = 6.0;
/// The most that an estimate of [`SHARED_BY_OPERATOR`] from the group itself may
/// rise to, and how many times its frequency outside a value must have inside to
/// count for that.
pub(crate) const SHARED_AT_MOST: f64 = 0.95;
/// See [`SHARED_AT_MOST`].
pub(crate) const ENRICHED: f64 = 3.0;
/// What it says against a member that two hands are on its account (stated:
/// enough to take a customer whose key was stolen out, whatever else is there).
pub(crate) const TWO_HANDS_BITS: f64 = 14.0;
/// The share of members with one client from which it is the group's, and the
/// share below which a client is somebody else's (stated).
pub(crate) const CLIENT_OF_GROUP: f64 = 0.5;
/// See [`CLIENT_OF_GROUP`].
pub(crate) const CLIENT_OF_OTHERS: f64 = 0.05;
/// Days between sign-up and first joint work that make an account disposable.
pub(crate) const DISPOSABLE_DAYS: i64 = 14;
/// Hours of a day within which accounts were put to work together: an eighth, in
/// which a pool that is fed from one queue has called (stated).
pub(crate) const ONSET_HOURS: i64 = 3;
/// Days after which an account is old.
pub(crate) const OLD_DAYS: i64 = 60;
/// The share of members on one payment or e-mail domain that makes an operator
/// open: a firm pays for its keys from one account.
pub(crate) const OPEN_SHARE: f64 = 0.5;
/// An e-mail domain is a mail service rather than a firm's where at least this
/// share of customers at large has it.
pub(crate) const MAIL_SERVICE: f64 = 0.01;

// Watching itself (see `watch.rs`).

/// Placebo groups at once: their mean is steadier than one.
pub(crate) const PLACEBOS: usize = 8;
/// Ordinary customers of each: as many as a small pool has, so that what a
/// pool's factors multiply is multiplied here.
pub(crate) const PLACEBO_UNITS: usize = 24;
/// Epochs that a round lasts: a day of hours, so that each sees every hour.
pub(crate) const PLACEBO_ROUND: i64 = 24;
/// The chance, at most, that a round is said to have drifted when none has.
pub(crate) const PLACEBO_CHANCE: f64 = 0.01;

/// What an e-process that may spend `share` of `alpha` must reach, as a
/// logarithm to base 2.
pub(crate) fn threshold(alpha: f64, share: f64) -> f64 {
    -(alpha * share).log2()
}
