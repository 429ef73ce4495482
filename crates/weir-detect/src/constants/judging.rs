//! When a group is told, and who of it.

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
/// The most that accounts' being new and busy may say of hiding: a bit less than the axis
/// needs, since everybody is who comes to a new tool, a class or an event (stated). Where it
/// is not known who pays and nothing speaks against it, a finding is suspected.
pub(crate) const NEW_BITS: f64 = CONCEALMENT_BITS - 1.0;
/// The share of a group's accounts that must be new, and how many times the others' share
/// that must be, before it says that they were made for the work (stated: most of them, and
/// twice as many).
pub(crate) const NEW_SHARE: f64 = 0.5;
/// See [`NEW_SHARE`].
pub(crate) const NEW_TIMES: f64 = 2.0;
/// Bits one kind of evidence may bring to the harvest or concealment axis.
pub(crate) const EVIDENCE_BITS: f64 = 8.0;
/// What an open operator or a common list takes from an axis: it decides.
pub(crate) const DECIDES: f64 = -24.0;
/// Bits that each of the lesser kinds may bring.
pub(crate) const LESSER_BITS: f64 = 4.0;
/// What exchanges ask for is told from so many bits on: below half a bit a share is too
/// near to that of exchanges at large to say anything of one template.
pub(crate) const HABIT_BITS: f64 = 0.5;
/// Customers outside a group of whom it must be known whether they went over to a new
/// model: their share is then known to within a tenth (its standard error).
pub(crate) const PIVOT_KNOWN: f64 = 30.0;
/// Customers of a plan outside a group from which its usual use is known.
pub(crate) const PLAN_KNOWN: usize = 30;
/// The share of a plan's customers whose use is heavy: the highest that thirty of them
/// tell by three.
pub(crate) const HEAVY_USE: f64 = 0.1;
/// Bits that use out of line with the plan may bring to the concealment axis. Busy
/// users of a tool show it as well, each pay for themselves, which brings two bits,
/// and hide nothing: both together stay well below [`CONCEALMENT_BITS`] (stated).
pub(crate) const QUOTA_BITS: f64 = 2.0;
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
/// The same where as many of those who work with the template speak against being of the
/// operator's accounts as for it, as among the users of a tool that a campaign uses, too
/// (stated: 256 to 1). By as much as more speak for it less is needed, down to
/// [`OWN_BITS`].
pub(crate) const OWN_BITS_EVEN: f64 = 8.0;
/// The part of what half of those bring who speak for being of it that each of a group
/// must bring: one whose work alone is like theirs brings less than a third of what
/// accounts do that also share how they were made, are paid or call (stated).
pub(crate) const OWN_OF_USUAL: f64 = 1.0 / 3.0;
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
/// The likeness of its joint turns to its own earlier ones from which an account's work is
/// dealt out beyond doubt, where that is asked of each for itself (stated: sixteen to one;
/// half of a group must show it, which users of one tool whose interests hardly show do not).
pub(crate) const ONE_BY_ONE_BITS: f64 = 4.0;
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
/// Exchanges from another client from which on they are an owner's; of fewer each says as
/// much less (stated: an account that was bought, or made ahead, was tried out with a few,
/// and keys that are stolen are keys in use).
pub(crate) const HAND_IN_USE: f64 = 8.0;
/// The share of working members who show something that speaks against a member (two
/// hands, earlier work of its own) from which it is the operator's own way; below it it
/// says as much less of one as it is nearer to this (stated: of keys that were stolen
/// and of customers who copied a template there are few in a group).
pub(crate) const USUAL: f64 = 0.5;
/// Exchanges of its own before the first joint one that count as earlier work there (a
/// key is tried out with one or two).
pub(crate) const TENURE_LEAST: u64 = 3;
/// The part of [`TWO_HANDS_BITS`] that stays where it is: there are keys that were stolen
/// in such a group, too, and of their owners some signed up in the campaign's week (two
/// bits, stated).
pub(crate) const TWO_HANDS_LEAST: f64 = 1.0 / 7.0;
/// The part left of what two hands say (see [`USUAL`]) from which on, downwards, a group's
/// keys may be stolen ones and its exits their thief's (stated: another hand in use on a
/// quarter of the working members).
pub(crate) const HANDS_OF_A_THIEF: f64 = 0.5;
/// Bits against an account, by what is known of its sign-up, its payer and its first
/// call, from which on it is rather somebody's whose key was stolen (stated: two blocks').
pub(crate) const SOMEBODYS_BITS: f64 = 2.0 * BLOCK_COUNTS;
/// How much more of their wordings accounts with a card or an address in common may share
/// than any two of the group, as a part of all that they could: 0 where one operator has
/// several wordings, nearly 1 where each operator has his own (stated).
pub(crate) const WITHIN_WORDINGS: f64 = 1.0 / 3.0;
/// The part of a wording that may be an account's own while it is the group's: a word or two
/// of a template's are shown by nearly half of the turns by chance (stated).
pub(crate) const OWN_WORDING: f64 = 0.2;
/// Pairs of accounts that share a value before that is told (stated).
pub(crate) const WORDING_PAIRS: usize = 10;
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
/// Means of payment that each pay for several accounts, from which on an operator's
/// costs are split: two are a firm's old card and its new one (stated).
pub(crate) const SPLIT_PAYERS: usize = 3;
/// The share of accounts that pay by means of their own or of few from which on nobody pays for the
/// group (stated).
pub(crate) const OWN_PAYERS: f64 = 0.8;
/// The most of such a group that one of its means of payment may pay for (stated).
pub(crate) const MOST_OF_MANY: f64 = 0.1;
/// Addresses that several accounts of a group use, from which on they are exits rather than
/// an office's lines (stated).
pub(crate) const EXITS: usize = 8;
/// How many of those an account must have used to take them in turn: a campus has two, and
/// a member of a firm an office and one beside (stated).
pub(crate) const EXITS_EACH: usize = 3;
/// A sign-up path is a door of their own where fewer than this share of customers at large
/// came by it (stated: one in twenty; an operator who takes the usual way is among many).
pub(crate) const OWN_DOOR: f64 = 0.05;
/// Bits against an account that is one of a firm's: as much as a firm's accounts may seem to share
/// with a group that others founded, of identity and of network, while they share it with each other.
pub(crate) const FIRM_BITS: f64 = 2.0 * STANDING_MOST;
/// The share of a finding's working members that are told nowhere else, more strongly, from
/// which on it stands as it is; and the share that are told elsewhere from which on it does,
/// too, since hardly anybody is told with it who was not before (stated: a stolen
/// key or a bystander may be in two, a fifth of two campaigns is not).
pub(crate) const OWN_WORKERS: f64 = 0.8;
/// Between the two, what each of the others must bring to the bets of what each of those
/// brings who are told elsewhere (stated: users of another tool bring nothing).
pub(crate) const OTHERS_BRING: f64 = 0.5;
/// An e-mail domain is a mail service rather than a firm's where at least this
/// share of customers at large has it.
pub(crate) const MAIL_SERVICE: f64 = 0.01;
