//! Which groups are put to the test.

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
/// nothing else soon outweigh in the bet on topics what members win. Of a candidate that
/// has shown itself to be several groups, the share of its members that must show an
/// anchor for this to found nothing else: a campaign may be most of them.
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
/// Times that its users show an anchor, on average, before it may be a part of a
/// template that has several: each item of a list comes once, and whoever shares a
/// phrase shows it once. An operator who deals ten parts out has shown each account
/// each of them so often after fifteen exchanges (stated).
pub(crate) const FAMILY_USES: f64 = 1.5;
/// The share of a group's customers that must be linked to an anchor before it is
/// looked at whether the users are the same: who works with a hundred anchors keeps
/// [`super::EDGES_A_UNIT`] links, so each anchor keeps a quarter, less by chance.
pub(crate) const LINKED: f64 = 0.05;
/// Anchors looked at in an epoch for being such a part, those of most users first:
/// each is held against what 64 customers are linked to.
pub(crate) const FAMILIES_AN_EPOCH: usize = 256;
/// Births at one epoch end. Each costs budget for ever, so the largest go
/// first and the rest wait.
const BIRTHS_AN_EPOCH: u64 = 6;
/// Customers for each of whom there is one: groups grow with them (stated; twenty thousand
/// bear a third of a thousand in two weeks, so a million would bear fifty an epoch).
const CUSTOMERS_A_BIRTH: u64 = 25_000;
/// Candidates alive at once.
const CANDIDATES: usize = 4096;
/// Customers for each of whom there is one: what as many births leave alive in two weeks.
const CUSTOMERS_A_CANDIDATE: usize = 64;

/// See [`BIRTHS_AN_EPOCH`].
pub(crate) fn births_an_epoch(customers: usize) -> u64 {
    (customers as u64 / CUSTOMERS_A_BIRTH).max(BIRTHS_AN_EPOCH)
}

/// See [`CANDIDATES`].
pub(crate) fn candidates_at_once(customers: usize) -> usize {
    (customers / CUSTOMERS_A_CANDIDATE).max(CANDIDATES)
}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn births_grow_with_the_customers_and_are_few_among_few() {
        assert_eq!([0, 20_000, 174_999].map(births_an_epoch), [BIRTHS_AN_EPOCH; 3]);
        assert_eq!([175_000, 1_000_000].map(births_an_epoch), [7, 40]);
        // Two weeks of them have room among those alive.
        assert!([1_000, 175_000, 1_000_000, 20_000_000].into_iter().all(|customers| {
            births_an_epoch(customers) * 24 * 14 <= candidates_at_once(customers) as u64
        }));
    }
}
