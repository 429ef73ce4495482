//! Sketches stay the same from version to version, because records hold them:
//! what a text was sketched to when it was recorded is compared with what texts are
//! sketched to now. Whoever means to change them counts the version up in
//! `recorded.rs`, and then the digest here.

#![allow(clippy::unwrap_used, reason = "a test says what it met and stops")]

use sha2::{Digest, Sha256};
use weir_detect::{Recorder, Texts};

/// What texts are made of: words of all lengths, what is masked, what ends a
/// sentence, what is asked for, and letters of many scripts.
const PIECES: [&str; 64] = [
    "a", "of", "the", "harbour", "lantern", "Orchard", "GRANITE", "violin", "compass", "don't", "'tis", "rock'n'roll",
    "internationalisation", "counterrevolutionaries", "pneumonoultramicroscopicsilicovol", "x9", "2026", "3.14",
    "step by step", "Score", "rubric", "think", "<think>", "</think>", "tidy", "<tidy", "chain of thought", "in other words",
    "Paraphrase", "grade the", "judge", "normalise", "rewrite", "strip the", "clean up", "\"quoted span\"", "\"", "\"\"",
    "`", "```let x = 1;```", "```", "''", "'", ".", "!", "?", ":", ";", "\n", "<", ">", ",", "-", "(", ")", "é", "naïve",
    "Straße", "наука", "علم", "漢字", "かな。", "🙂", "\u{0}",
];

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// A text of up to so many pieces, mostly parted by spaces; some are of plain words.
fn text(random: &mut Random, most: usize) -> String {
    let kinds = [12, 24, 45, 64][random.below(4)];
    let mut text = String::new();
    for _ in 0..random.below(most) {
        text.push_str(PIECES[random.below(kinds)]);
        if random.below(8) > 0 {
            text.push(' ');
        }
        if kinds < 45 && random.below(12) == 0 {
            text.push_str(". ");
        }
    }
    text
}

#[test]
fn texts_are_sketched_as_they_always_were() {
    let recorder = Recorder::new([7; 16]);
    let mut random = Random(1);
    let mut digest = Sha256::new();
    for round in 0..3_000 {
        let most = if round % 50 == 0 { 4_000 } else { 1 + round % 400 };
        let [system, first, last] = std::array::from_fn(|_| (random.below(3) > 0).then(|| text(&mut random, most)));
        let [system, first, last] = [&system, &first, &last].map(|text| text.as_deref());
        let texts = Texts { system, first, before: None, turns: 2, last };
        if let Some(sketch) = recorder.sketch(&texts) {
            digest.update(sketch.as_str());
        }
        digest.update(b"\n");
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "5ad930c53be689a1c3f0a1d74bb086fd1c315a127fe129b678a22af225c27191");
}
