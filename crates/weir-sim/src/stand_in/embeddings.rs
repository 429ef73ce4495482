//! OpenAI's Embeddings: <https://platform.openai.com/docs/api-reference/embeddings>.
//!
//! The official Python client asks for base64 unless told otherwise, so both
//! encodings are served.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::Answer;
use super::ask::Ask;
use crate::random::SeededRandom;

/// One invented vector for each input.
pub(super) fn document(answer: &Answer, ask: &Ask) -> Value {
    let data: Vec<Value> = (0_u64..)
        .take(ask.inputs)
        .map(|index| {
            let vector = vector(SeededRandom::for_member(answer.seed, index), ask.dimensions);
            let embedding = if ask.base64 { base64_of(&vector) } else { json!(vector) };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let mut document = json!({"object": "list", "model": answer.model, "data": data});
    if let Some(usage) = answer.usage {
        document["usage"] = json!({"prompt_tokens": usage.input, "total_tokens": usage.input});
    }
    document
}

fn vector(mut random: SeededRandom, dimensions: usize) -> Vec<f32> {
    (0..dimensions)
        .map(|_| {
            // Sixteen bits fit a float exactly: from -1 up to, not with, 1.
            let bits = u16::try_from(random.below(1 << 16)).unwrap_or(0);
            f32::from(bits) / 32_768.0 - 1.0
        })
        .collect()
}

/// Little-endian floats, as the API sends them.
fn base64_of(vector: &[f32]) -> Value {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    Value::String(STANDARD.encode(bytes))
}
