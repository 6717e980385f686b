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
            let attempt = match fields.get("refusal") {
                Some(refusal) => json!([fields["attempt"], refusal]),
                None => fields["attempt"].clone(),
            };
            // The stage of the review follows from its decision.
            let deed = Map::from_iter([(today.to_owned(), attempt)]);
            *event = json!({ "ReleaseChanged": { "file": fields["file"], "deed": deed } });
        }
    })
}

#[test]
fn stored_steps_of_a_release_are_read_as_what_has_become_of_it() {
    let (file, attempt) = (json!({ "claim_id": 1 }), 2);
    let refusal = json!({ "how": "Refused", "reason": "no" });
    let plain = || json!({ "file": file, "attempt": attempt });
    let staged = json!({ "file": file, "attempt": attempt, "stage": "Approved" });
    let refused = json!({ "file": file, "attempt": attempt, "refusal": refusal });
    for (step, fields, deed) in [
        ("ReleaseAsked", plain(), json!({ "Asked": 2 })),
        ("Released", plain(), json!({ "Done": 2 })),
        ("ReleaseRefused", refused, json!({ "Failed": [2, refusal] })),
        ("ReleaseWithdrawn", plain(), json!({ "Withdrawn": 2 })),
        ("RetainAsked", staged.clone(), json!({ "TakingBack": 2 })),
        ("Retained", staged, json!({ "TakenBack": 2 })),
    ] {
        let mut event = json!({ step: fields });
        upcasters().apply("Event", &mut event);
        assert_eq!(event, json!({ "ReleaseChanged": { "file": file, "deed": deed } }));
    }
    let mut declined = json!({ "Declined": { "file": file, "review_dt": null } });
    upcasters().apply("Event", &mut declined);
    assert_eq!(declined, json!({ "Declined": { "file": file, "review_dt": null } }));
}
