//! The changes to the events of reviews that older binaries stored: they had one kind of event for
//! each step of a release.

use crate::domain::kernel::prelude::*;
use serde_json::Map;

/// The steps of a release as they were stored, and as they are stored today.
const STEPS: [(&str, &str); 6] = [
    ("ReleaseAsked", "Asked"),
    ("Released", "Done"),
    ("ReleaseRefused", "Failed"),
    ("ReleaseWithdrawn", "Withdrawn"),
    ("RetainAsked", "TakingBack"),
    ("Retained", "TakenBack"),
];

pub(super) fn upcasters() -> Upcasters {
    Upcasters::none().change("Event", |event| {
        let step = STEPS.into_iter().find_map(|(stored, today)| Some((event.get(stored)?, today)));
        if let Some((fields, today)) = step {
            let mut deed = fields.as_object().cloned().unwrap_or_default();
            let file = deed.remove("file");
            // The stage of the review follows from its decision.
            deed.remove("stage");
            let deed = Map::from_iter([(today.to_owned(), deed.into())]);
            *event = json!({ "Release": { "file": file, "deed": deed } });
        }
    })
}
