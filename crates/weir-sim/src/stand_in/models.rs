//! The list of models, in either API's shape.

use serde_json::{Value, json};

use super::answer::CREATED;
use super::route::Family;

/// Every model the stand-in says it serves.
pub(super) fn document(models: &[String], family: Family) -> Value {
    match family {
        Family::OpenAi => {
            let data: Vec<Value> = models
                .iter()
                .map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "stand-in"}))
                .collect();
            json!({"object": "list", "data": data})
        }
        Family::Anthropic => {
            let data: Vec<Value> = models
                .iter()
                .map(|id| {
                    json!({"type": "model", "id": id, "display_name": id,
                        "created_at": "2026-06-01T00:00:00Z"})
                })
                .collect();
            json!({"data": data, "has_more": false, "first_id": models.first(), "last_id": models.last()})
        }
    }
}
