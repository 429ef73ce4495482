//! Kinds that the bench's program knows by name, each a row or a part of one.

/// The campaigns and the innocents of the generator written apart.
pub(super) const APART: [&str; 13] = [
    "fixed",
    "system",
    "paraphrased",
    "own-address",
    "own-address-paraphrased",
    "quiet-office-hours",
    "customers",
    "class",
    "harness",
    "documents",
    "documents-of-all",
    "framework",
    "framework-of-all",
];

/// Its further campaigns: other words, and what an operator would do who has read how
/// Weir judges.
pub(super) const APART_CAMPAIGNS: [&str; 32] = [
    "judging",
    "code",
    "new-tasks",
    "rewriting",
    "personas",
    "shots",
    "behind",
    "short",
    "no-words",
    "tools",
    "languages",
    "turns",
    "on-the-minute",
    "two-pools",
    "two-operators",
    "cover",
    "cover-of-a-list",
    "cover-by-hand",
    "warmed",
    "lived-in",
    "behind-a-framework",
    "with-a-class",
    "one-exit",
    "two-exits",
    "one-exit-own-cards",
    "aged",
    "aged-two-to-a-card",
    "aged-own-cards",
    "twelve-loud",
    "twelve-loud-one-card",
    "quarter-of-a-list",
    "shards",
];

/// Its further innocents.
pub(super) const APART_INNOCENTS: [&str; 20] = [
    "staff",
    "staff-declared",
    "labelling-firm",
    "laboratory",
    "reseller",
    "programs",
    "programs-one-feed",
    "programs-own-feeds",
    "hackathon",
    "hackathon-one-list",
    "students",
    "free-tier",
    "families",
    "small-firms",
    "extension",
    "extension-at-its-launch",
    "hosted-app",
    "prompt-packs",
    "viral",
    "stolen-keys",
];

/// Sources of prompts and families of arrivals, each left out in turn.
pub(super) const LEFT_OUT: [&str; 10] = [
    "alpaca-cot",
    "gpteacher-toolformer",
    "gpteacher-roleplay",
    "hh-rlhf",
    "arena-hard",
    "gsm8k",
    "t0-templates",
    "servegen",
    "mooncake-conversation",
    "azure-conv",
];
