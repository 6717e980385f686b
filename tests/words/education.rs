//! The commands of course enrolment, as clients submit them.

use super::table::{Story, word};

pub const STORY: Story = Story {
    business: "education",
    words: &[
        // A student applies, pays, and is enrolled.
        word(
            "POST /eduApplications",
            r#"{"userId":"eunmi","eduName":"MSA","eduId":1,"status":"EduApplied"}"#,
        )
        .creates("/eduApplications/1")
        .shows(&[
            ("appId", "1"),
            ("userId", "eunmi"),
            ("eduName", "MSA"),
            ("eduId", "1"),
            ("status", "EduApplied"),
            ("originalStatus", "EduApplied"),
        ]),
        word("GET /payments/1", "").shows(&[
            ("payId", "1"),
            ("appId", "1"),
            ("amount", "100000"),
            ("status", "Paid"),
        ]),
        word("GET /eduApplications/1", "").shows(&[("status", "EduRegistered")]).soon(),
        word("GET /educations/1", "").shows(&[
            ("takingId", "1"),
            ("appId", "1"),
            ("userId", "eunmi"),
            ("status", "EduRegistered"),
        ]),
        // The same student cannot pay for the same course twice.
        word(
            "POST /eduApplications",
            r#"{"userId":"eunmi","eduName":"MSA","eduId":1,"status":"EduApplied"}"#,
        )
        .answers(409)
        .shows(&[("detail", "the student has applied for the course already, with application 1")]),
        word("GET /eduApplications/2", "").shows(&[("status", "Rejected")]),
        word("GET /payments/2", "").answers(404),
        // The course manager completes the course; later cancellations are refused.
        word("PATCH /educations/1", r#"{"status":"EduCompleted"}"#)
            .shows(&[("status", "EduCompleted")]),
        word("PATCH /educations/1", r#"{"status":"EduCompleted"}"#)
            .shows(&[("status", "EduCompleted")]),
        word("GET /eduApplications/1", "").shows(&[("status", "EduCompleted")]).soon(),
        word("PATCH /eduApplications/1", r#"{"status":"EduAppCancelled"}"#)
            .answers(409)
            .shows(&[("detail", "the course has been completed")]),
        word("GET /payments/1", "").shows(&[("status", "Paid")]),
        // Another student cancels before that: the money is back within the request.
        word("POST /eduApplications", r#"{"userId":"jung","eduName":"DDD","eduId":"2"}"#)
            .creates("/eduApplications/3"),
        word("GET /eduApplications/3", "").shows(&[("status", "EduRegistered")]).soon(),
        word("PATCH /eduApplications/3", r#"{"status":"EduAppCancelled"}"#)
            .shows(&[("status", "EduCancelled"), ("originalStatus", "EduAppCancelled")]),
        word("PATCH /eduApplications/3", r#"{"status":"EduAppCancelled"}"#)
            .shows(&[("status", "EduCancelled")]),
        word("GET /payments/3", "")
            .shows(&[("status", "PayCancelled"), ("originalStatus", "PayCancelled")]),
        word("GET /educations/3", "").shows(&[("status", "EduCancelled")]),
        word("PATCH /educations/3", r#"{"status":"EduCompleted"}"#)
            .answers(409)
            .shows(&[("detail", "the enrolment is cancelled")]),
        word("GET /mypages/3", "")
            .shows(&[
                ("id", "3"),
                ("userId", "jung"),
                ("appId", "3"),
                ("eduName", "DDD"),
                ("eduId", "2"),
                ("status", "EduCancelled"),
                ("paymentStatus", "PayCancelled"),
            ])
            .soon(),
        // Who has cancelled may apply again.
        word("POST /eduApplications", r#"{"userId":"jung","eduName":"DDD","eduId":"2"}"#)
            .creates("/eduApplications/4"),
        word("GET /mypages?userId=eunmi&status=EduCompleted", "")
            .shows(&[
                ("page.totalElements", "1"),
                ("_embedded.mypages.0.status", "EduCompleted"),
                ("_embedded.mypages.0.paymentStatus", "Paid"),
            ])
            .soon(),
        // Invalid values are refused with a reason.
        word("POST /eduApplications", r#"{"userId":"e","eduName":"MSA","eduId":1000000000000001}"#)
            .answers(422)
            .mentions("`eduId`: the number 1000000000000001 is greater than 1000000000000000"),
        word("PATCH /educations/9", r#"{"status":"EduCompleted"}"#).answers(404),
        word("POST /eduApplications", r#"{"userId":"","eduName":"MSA","eduId":1}"#).answers(422),
        word("POST /eduApplications", r#"{"userId":"e","eduName":"MSA","eduId":1,"colour":"red"}"#)
            .answers(422)
            .mentions("colour"),
    ],
};
