//! The commands of the claims office, as clients submit them.

use super::table::{Story, word};

pub const STORY: Story = Story {
    business: "claims",
    words: &[
        // A customer claims, and an examiner is assigned.
        word(
            "POST /claims",
            r#"{"customerId":1,"price":500,"status":"Received Claim","claimDt":1622635791863}"#,
        )
        .creates("/claims/1")
        .shows(&[
            ("customerId", "1"),
            ("price", "500"),
            ("claimDt", "1622635791863"),
            ("originalStatus", "Received Claim"),
        ]),
        word("GET /reviews/1", "")
            .shows(&[
                ("claimId", "1"),
                ("examinerId", "101"),
                ("customerId", "1"),
                ("price", "500"),
                ("status", "Assigned"),
                ("originalStatus", "Assigned Examiner"),
            ])
            .soon(),
        word("GET /claims/1", "").shows(&[("status", "UnderReview")]).soon(),
        word(
            "POST /reviews",
            r#"{"claimId":1,"status":"Assigned Examiner","examinerId":101,"customerId":1}"#,
        )
        .answers(201)
        .shows(&[("id", "1"), ("status", "Assigned")]),
        word("POST /reviews", r#"{"claimId":99,"status":"Assigned Examiner"}"#).answers(404),
        // The examiner approves less than the claimed amount, and the clerk pays that amount.
        word(
            "PUT /reviews/1",
            r#"{"claimId":2,"contId":80001,"price":450,"status":"Approved Review"}"#,
        )
        .answers(422)
        .mentions("another claim"),
        word(
            "PUT /reviews/1",
            r#"{"claimId":1,"contId":80001,"price":501,"status":"Approved Review"}"#,
        )
        .answers(422)
        .shows(&[("detail", "500 won were claimed, and 501 won are more")]),
        word("POST /reviews/1/approve", r#"{"contId":80001,"price":1000000000000000}"#)
            .answers(422)
            .mentions("500 won were claimed"),
        word(
            "PUT /reviews/1",
            r#"{"claimId":1,"examinerId":101,"customerId":1,"contId":80001,"price":450,
                "status":"Approved Review","reviewDt":1622635799999}"#,
        )
        .shows(&[
            ("contId", "80001"),
            ("price", "450"),
            ("status", "Approved"),
            ("reviewDt", "1622635799999"),
            ("originalStatus", "Approved Review"),
        ]),
        word("GET /claims/1", "").shows(&[("status", "Approved")]).soon(),
        word("PUT /claims/1", r#"{"customerId":1,"price":500,"status":"Canceled Claim"}"#)
            .answers(409)
            .shows(&[("detail", "the claim has been approved already")]),
        word("GET /payments/1", "")
            .shows(&[("contId", "80001"), ("price", "450"), ("status", "Assigned")])
            .soon(),
        word(
            "PUT /payments/1",
            r#"{"claimId":1,"customerId":1,"contId":80001,"price":450,
                "status":"Completed Payment","paymentDt":1622639541714}"#,
        )
        .shows(&[
            ("claimId", "1"),
            ("price", "450"),
            ("status", "Completed"),
            ("paymentDt", "1622639541714"),
            ("originalStatus", "Completed Payment"),
        ]),
        word("GET /claims/1", "").shows(&[("status", "Paid")]).soon(),
        // Both commands for a cancellation cancel the review too, within the request.
        word("POST /claims", r#"{"customerId":6,"price":50000}"#).creates("/claims/2"),
        word(
            "POST /claims/2",
            r#"{"customerId":6,"price":50000,"status":"Canceled Claim","claimDt":1622641792891}"#,
        )
        .shows(&[("status", "Cancelled"), ("originalStatus", "Canceled Claim")]),
        word("GET /reviews/2", "").shows(&[("status", "Cancelled")]),
        word("POST /claims", r#"{"customerId":6,"price":700}"#).creates("/claims/3"),
        word("PUT /claims/3", r#"{"customerId":6,"price":700,"status":"Canceled Claim"}"#)
            .shows(&[("status", "Cancelled")]),
        word("PUT /claims/3", r#"{"status":"Canceled Claim"}"#).shows(&[("status", "Cancelled")]),
        word("GET /reviews/3", "").shows(&[("status", "Cancelled")]),
        word("PUT /reviews/3", r#"{"contId":80001,"status":"Approved Review"}"#)
            .answers(409)
            .shows(&[("detail", "the review is cancelled")]),
        // An examiner declines.
        word("POST /claims", r#"{"customerId":1,"price":900}"#).creates("/claims/4"),
        word("GET /reviews/4", "").shows(&[("status", "Assigned")]).soon(),
        word("PUT /reviews/4", r#"{"claimId":4,"contId":80001,"status":"Declined Review"}"#)
            .shows(&[("status", "Declined"), ("originalStatus", "Declined Review")]),
        word("GET /claims/4", "").shows(&[("status", "Declined")]).soon(),
        word("PUT /claims/4", r#"{"status":"Canceled Claim"}"#)
            .answers(409)
            .shows(&[("detail", "the claim has been declined already")]),
        // The history has a row for each event that the customer understands, and the claims of a customer can be searched.
        word("GET /history?customer_id=6&claim_id=2", "")
            .shows(&[("page.totalElements", "5"), ("_embedded.history.0.customerId", "6")])
            .soon(),
        word("GET /history?claim_id=1", "")
            .shows(&[
                ("_embedded.history.0.what", "claim paid"),
                ("_embedded.history.0.status", "Paid"),
                ("_embedded.history.1.what", "payment made"),
                ("_embedded.history.1.paymentDt", "1622639541714"),
                ("_embedded.history.4.what", "claim approved by the examiner"),
                ("_embedded.history.4.reviewDt", "1622635799999"),
                ("_embedded.history.7.claimDt", "1622635791863"),
            ])
            .soon(),
        word("GET /claimViews?customerId=1&status=Paid", "")
            .shows(&[
                ("page.totalElements", "1"),
                ("_embedded.claimViews.0.approvedPrice", "450"),
                ("_embedded.claimViews.0.reviewStatus", "Approved"),
                ("_embedded.claimViews.0.paymentStatus", "Completed"),
                ("_embedded.claimViews.0.reviewDt", "1622635799999"),
                ("_embedded.claimViews.0.paymentDt", "1622639541714"),
            ])
            .soon(),
        word("GET /examiners/101", "").shows(&[("openCnt", "0")]).soon(),
        // Invalid values are refused with a reason.
        word("POST /claims", r#"{"customerId":1,"price":500,"claimDt":1622635791}"#)
            .answers(422)
            .shows(&[("detail", "`claimDt` is in milliseconds, from the year 2000 to tomorrow")]),
        word("POST /claims", r#"{"customerId":1,"price":500,"claimDt":99999999999999}"#)
            .answers(422)
            .mentions("claimDt"),
        word("POST /claims", r#"{"customerId":1,"price":0}"#).answers(422).mentions("1 won"),
        word("POST /claims", r#"{"customerId":1,"price":1000000000001}"#)
            .answers(422)
            .shows(&[("detail", "the price must be at most 1000000000000 won")]),
        word("POST /claims", r#"{"customerId":1,"price":18446744073709551615}"#)
            .answers(422)
            .mentions("`price`: the number 18446744073709551615 is greater than 1000000000000"),
        word("POST /claims", r#"{"customerId":1,"price":5,"colour":"red"}"#)
            .answers(422)
            .mentions("colour"),
    ],
};
