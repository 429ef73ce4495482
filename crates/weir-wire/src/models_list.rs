//! The answers to `GET /v1/models` and `GET /v1/models/{id}`.
//!
//! Weir answers these itself, with only the models the caller may use. Both API
//! families have the same path; a client of Anthropic's always sends the
//! `anthropic-version` header, so that header chooses the shape.

use crate::Family;
use crate::json::write_string;

/// One model to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedModel<'a> {
    /// The name to call it by.
    pub id: &'a str,
    /// When it was registered, in seconds since 1970-01-01T00:00:00Z.
    pub created: i64,
}

/// The shape to answer in.
pub fn family(has_anthropic_version_header: bool) -> Family {
    match has_anthropic_version_header {
        true => Family::Anthropic,
        false => Family::OpenAi,
    }
}

/// The body that lists `models`, in one page.
pub fn list(family: Family, models: &[ListedModel<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(96 + models.len() * 128);
    match family {
        Family::OpenAi => out.extend_from_slice(b"{\"object\":\"list\",\"data\":["),
        Family::Anthropic => out.extend_from_slice(b"{\"data\":["),
    }
    for (index, model) in models.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_model(&mut out, family, model);
    }
    out.push(b']');
    if family == Family::Anthropic {
        out.extend_from_slice(b",\"has_more\":false,\"first_id\":");
        write_id(&mut out, models.first());
        out.extend_from_slice(b",\"last_id\":");
        write_id(&mut out, models.last());
    }
    out.push(b'}');
    out
}

/// The body that shows one model.
pub fn one(family: Family, model: &ListedModel<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write_model(&mut out, family, model);
    out
}

fn write_model(out: &mut Vec<u8>, family: Family, model: &ListedModel<'_>) {
    match family {
        Family::OpenAi => {
            out.extend_from_slice(b"{\"id\":");
            write_string(out, model.id);
            let rest = format!(",\"object\":\"model\",\"created\":{},\"owned_by\":\"weir\"}}", model.created);
            out.extend_from_slice(rest.as_bytes());
        }
        Family::Anthropic => {
            out.extend_from_slice(b"{\"type\":\"model\",\"id\":");
            write_string(out, model.id);
            out.extend_from_slice(b",\"display_name\":");
            write_string(out, model.id);
            out.extend_from_slice(b",\"created_at\":");
            write_string(out, &rfc3339(model.created));
            out.push(b'}');
        }
    }
}

fn write_id(out: &mut Vec<u8>, model: Option<&ListedModel<'_>>) {
    match model {
        Some(model) => write_string(out, model.id),
        None => out.extend_from_slice(b"null"),
    }
}

/// A time in UTC, to the second. Days are turned into dates as in Howard
/// Hinnant's "chrono-Compatible Low-Level Date Algorithms".
fn rfc3339(seconds: i64) -> String {
    // Outside the years 0 to 9999 RFC 3339 has no notation.
    let seconds = seconds.clamp(-62_167_219_200, 253_402_300_799);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const MODELS: [ListedModel<'static>; 2] =
        [ListedModel { id: "atlas-5", created: 1_782_926_400 }, ListedModel { id: "acme/\"fable\"", created: 0 }];

    fn parsed(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn lists_in_both_shapes() {
        assert_eq!(
            parsed(&list(Family::OpenAi, &MODELS)),
            json!({"object": "list", "data": [
                {"id": "atlas-5", "object": "model", "created": 1_782_926_400, "owned_by": "weir"},
                {"id": "acme/\"fable\"", "object": "model", "created": 0, "owned_by": "weir"}]})
        );
        assert_eq!(
            parsed(&list(Family::Anthropic, &MODELS)),
            json!({"data": [
                {"type": "model", "id": "atlas-5", "display_name": "atlas-5", "created_at": "2026-07-01T17:20:00Z"},
                {"type": "model", "id": "acme/\"fable\"", "display_name": "acme/\"fable\"", "created_at": "1970-01-01T00:00:00Z"}],
                "has_more": false, "first_id": "atlas-5", "last_id": "acme/\"fable\""})
        );
        assert_eq!(
            parsed(&list(Family::Anthropic, &[])),
            json!({"data": [], "has_more": false, "first_id": null, "last_id": null})
        );
        assert_eq!(parsed(&list(Family::OpenAi, &[])), json!({"object": "list", "data": []}));
    }

    #[test]
    fn one_model_is_an_element_of_the_list() {
        for shape in [Family::OpenAi, Family::Anthropic] {
            let all = parsed(&list(shape, &MODELS));
            assert_eq!(parsed(&one(shape, &MODELS[0])), all["data"][0]);
        }
        assert_eq!((family(true), family(false)), (Family::Anthropic, Family::OpenAi));
    }

    #[test]
    fn dates_are_right_at_the_edges() {
        for (seconds, text) in [
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (i64::MIN, "0000-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
