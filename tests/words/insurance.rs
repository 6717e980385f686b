//! The commands of the insurance company, as clients submit them.

use super::table::{Story, word};

pub const STORY: Story = Story {
    business: "insurance",
    words: &[
        // A customer applies and pays; an underwriter of the roster is assigned.
        word(
            "POST /subscriptions",
            r#"{"subscriptionStatus":"created","productName":"Fisrtcancer"}"#,
        )
        .creates("/subscriptions/1")
        .shows(&[
            ("subscriptionId", "1"),
            ("productName", "Fisrtcancer"),
            ("premium", "50000"),
            ("originalStatus", "created"),
        ]),
        word("GET /payments/1", "").shows(&[
            ("paymentId", "1"),
            ("subscriptionId", "1"),
            ("amount", "50000"),
            ("paymentStatus", "Approved"),
        ]),
        word("GET /underwritings/1", "")
            .shows(&[
                ("underwritingId", "1"),
                ("subscriptionId", "1"),
                ("underwriterId", "77001520"),
                ("underwritingStatus", "Assigned"),
            ])
            .soon(),
        word("GET /subscriptions/1", "").shows(&[("subscriptionStatus", "UnderReview")]).soon(),
        word("GET /rosters/1", "").shows(&[
            ("role", "underwriter"),
            ("clerks.0.clerkId", "77001520"),
            ("clerks.0.openCnt", "1"),
        ]),
        // The underwriter approves, and may repeat the approval.
        word(
            "PATCH /underwritings/1",
            r#"{"underwritingStatus":"approveSubscription","subscriptionId":2}"#,
        )
        .answers(409)
        .shows(&[("detail", "the underwriting is about another subscription")]),
        word(
            "PATCH /underwritings/1",
            r#"{"underwritingStatus":"approveSubscription","subscriptionId":1}"#,
        )
        .shows(&[("underwritingStatus", "Approved"), ("originalStatus", "approveSubscription")]),
        word(
            "PATCH /underwritings/1",
            r#"{"underwritingStatus":"approveSubscription","subscriptionId":1}"#,
        )
        .shows(&[("underwritingStatus", "Approved")]),
        word("GET /subscriptions/1", "").shows(&[("subscriptionStatus", "Contracted")]),
        word("PATCH /subscriptions/1", r#"{"subscriptionStatus":"reqCancel"}"#)
            .answers(409)
            .shows(&[("detail", "the subscription is contracted")]),
        // Another application is refused, and the premium is refunded.
        word("POST /subscriptions", r#"{"productName":"Fisrtcancer","customer":"Jung"}"#)
            .creates("/subscriptions/2")
            .shows(&[("customer", "Jung")]),
        word("GET /underwritings/2", "").shows(&[("underwritingStatus", "Assigned")]).soon(),
        word(
            "PATCH /underwritings/2",
            r#"{"underwritingStatus":"refuseSubscription","subscriptionId":2}"#,
        )
        .shows(&[("underwritingStatus", "Refused"), ("originalStatus", "refuseSubscription")]),
        word("GET /subscriptions/2", "").shows(&[("subscriptionStatus", "Refused")]),
        word("GET /payments/2", "").shows(&[("paymentStatus", "Refunded")]).soon(),
        word("POST /underwritings/2/approve", "").answers(409),
        // The customer cancels: the money is back within the request, the underwriting follows.
        word("POST /subscriptions", r#"{"productName":"Fisrtcancer"}"#).creates("/subscriptions/3"),
        word("GET /underwritings/3", "").shows(&[("underwritingStatus", "Assigned")]).soon(),
        word("PATCH /subscriptions/3", r#"{"subscriptionStatus":"reqCancel"}"#)
            .shows(&[("subscriptionStatus", "Cancelled"), ("originalStatus", "reqCancel")]),
        word("GET /payments/3", "").shows(&[("paymentStatus", "Refunded")]),
        word("GET /underwritings/3", "").shows(&[("underwritingStatus", "Withdrawn")]).soon(),
        word("GET /underwriters/77001520", "").shows(&[("openCnt", "0")]).soon(),
        // One row shows all of it, under either spelling.
        word("GET /subscriptionViews/3", "")
            .shows(&[
                ("subscriptionId", "3"),
                ("subscriptionStatus", "Cancelled"),
                ("productName", "Fisrtcancer"),
                ("paymentId", "3"),
                ("paymentStatus", "Refunded"),
                ("underwritingId", "3"),
                ("underwritingStatus", "Withdrawn"),
                ("underwriterId", "77001520"),
            ])
            .soon(),
        word("GET /subsciptionViews?subscriptionStatus=Contracted", "")
            .shows(&[("page.totalElements", "1")])
            .mentions("77001520"),
        // A change by the product manager applies to the next application.
        word("POST /products", r#"{"productName":"life","premium":30000}"#)
            .creates("/products/1")
            .shows(&[("number", "1"), ("premium", "30000"), ("onSale", "true")]),
        word("POST /subscriptions", r#"{"productName":"life"}"#)
            .creates("/subscriptions/4")
            .shows(&[("premium", "30000")]),
        word("GET /catalogue?productName=life", "")
            .shows(&[("page.totalElements", "1"), ("_embedded.catalogue.0.premium", "30000")])
            .soon(),
        word("PATCH /products/1", r#"{"premium":40000}"#).shows(&[("premium", "40000")]),
        word("POST /subscriptions", r#"{"productName":"life"}"#)
            .creates("/subscriptions/5")
            .shows(&[("premium", "40000")]),
        word("POST /products", r#"{"productName":"life","premium":1}"#)
            .answers(409)
            .mentions("another product has this name"),
        word("POST /products/1/withdraw", "").shows(&[("onSale", "false")]),
        word("POST /subscriptions", r#"{"productName":"life"}"#)
            .answers(409)
            .mentions("the product is withdrawn"),
        // Invalid values are refused with a reason.
        word("POST /products", r#"{"productName":"limb","premium":0}"#).answers(422),
        word("POST /products", r#"{"productName":"limb","premium":1000000000001}"#)
            .answers(422)
            .shows(&[("detail", "the premium must be at most 1000000000000 won")]),
        word("POST /products", r#"{"productName":"limb","premium":10000000000000000}"#)
            .answers(422)
            .mentions("`premium`: the number 10000000000000000 is greater than 1000000000000"),
        word("POST /subscriptions", r#"{"subscriptionStatus":"created"}"#)
            .answers(422)
            .mentions("productName"),
        word("GET /underwritings/6", "").answers(404),
        word("POST /underwritings/6/approve", "").answers(404),
    ],
};
