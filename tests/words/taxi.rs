//! The commands of the call taxi, as clients submit them.

use super::table::{Story, word};

pub const STORY: Story = Story {
    business: "taxi",
    words: &[
        // A driver registers taxis.
        word(
            "POST /taxis",
            r#"{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}"#,
        )
        .creates("/taxis/1")
        .shows(&[("id", "1"), ("stockCnt", "10"), ("itemPrice", "4900")]),
        word(
            "POST /taxis",
            r#"{"taxiName":"k5","companyName":"tmap","stockCnt":"3","taxiPrice":"5900"}"#,
        )
        .creates("/taxis/2")
        .shows(&[("stockCnt", "3"), ("itemPrice", "5900"), ("grade", "basic")]),
        // A customer calls a taxi, and pays once.
        word("POST /orders", r#"{"orderType":"basic","name":"Jung"}"#)
            .creates("/orders/1")
            .shows(&[("name", "Jung"), ("fare", "3800"), ("status", "Paid")]),
        word("POST /paymentHistories", r#"{"orderId":1,"cardNo":383824245656,"status":"valid"}"#)
            .answers(201)
            .shows(&[("id", "1"), ("orderId", "1"), ("amount", "3800"), ("status", "Approved")]),
        // The card is kept; the same card changes nothing, and another one is refused.
        word("GET /paymentHistories/1", "")
            .shows(&[("cardNo", "**** 5656"), ("originalStatus", "valid")]),
        word("POST /paymentHistories", r#"{"orderId":1,"cardNo":383824245656,"status":"valid"}"#)
            .answers(201)
            .shows(&[("cardNo", "**** 5656"), ("status", "Approved")]),
        word(
            "POST /paymentHistories",
            r#"{"orderId":1,"cardNo":"4111111111111111","status":"valid"}"#,
        )
        .answers(409)
        .shows(&[("detail", "the payment was made with another card")]),
        word("GET /paymentHistories", "").shows(&[("page.totalElements", "1")]),
        // The dispatcher confirms by either command route.
        word("GET /reservations/1", "").shows(&[("status", "Reservation Complete")]).soon(),
        word("GET /mypages/1", "").shows(&[("originalStatus", "Reservation Complete")]).soon(),
        word("PATCH /reservations/1", r#"{"status":"confirmed"}"#).shows(&[
            ("status", "Confirmed"),
            ("originalStatus", "confirmed"),
            ("taxiId", "1"),
        ]),
        word("POST /reservations", r#"{"orderId":1,"status":"confirmed"}"#).answers(201).shows(&[
            ("id", "1"),
            ("orderId", "1"),
            ("taxiId", "1"),
        ]),
        word("GET /taxis/1", "").shows(&[("stockCnt", "9"), ("registeredCnt", "10")]),
        word("GET /mypages/1", "")
            .shows(&[
                ("orderId", "1"),
                ("reservationId", "1"),
                ("paymentId", "1"),
                ("name", "Jung"),
                ("status", "Confirmed"),
            ])
            .soon(),
        // The customer cancels: every step is undone within the request.
        word("PATCH /orders/1", r#"{"status":"cancelled"}"#).shows(&[("status", "Cancelled")]),
        word("GET /orders/1", "")
            .shows(&[("status", "Cancelled"), ("originalStatus", "cancelled")]),
        word("GET /paymentHistories/1", "").shows(&[("status", "Refunded")]),
        word("GET /reservations/1", "").shows(&[("status", "Cancelled")]),
        word("GET /taxis/1", "").shows(&[("stockCnt", "10")]),
        word("GET /mypages", "")
            .shows(&[
                ("page.totalElements", "1"),
                ("_embedded.mypages.0.name", "Jung"),
                ("_embedded.mypages.0.status", "Cancelled"),
            ])
            .soon(),
        word("GET /messages?orderId=1&sort=id,desc", "")
            .shows(&[("page.totalElements", "5"), ("_embedded.messages.0.status", "Refunded")])
            .soon(),
        // The other command route of the dispatcher confirms as well, and a taxi can be chosen.
        word("POST /orders", r#"{"orderType":"prime","name":"Kim","cardNo":383824245656}"#)
            .creates("/orders/2")
            .shows(&[("fare", "5000"), ("cardNo", "**** 5656")]),
        word("GET /reservations/2", "").shows(&[("status", "Reservation Complete")]).soon(),
        // A taxi of a lower grade than the paid one does not come.
        word("POST /reservations", r#"{"orderId":2,"status":"confirmed","taxiId":2}"#)
            .answers(409)
            .shows(&[("detail", "the taxi is basic, and the order is paid for prime")]),
        word("PATCH /reservations/2", r#"{"status":"confirmed"}"#)
            .answers(409)
            .shows(&[("detail", "every taxi of grade prime or better is out of stock")]),
        word("GET /reservations/2", "").shows(&[("status", "Reservation Complete")]),
        word("PATCH /taxis/2", r#"{"grade":"prime"}"#).shows(&[("grade", "prime")]),
        word("POST /reservations", r#"{"orderId":2,"status":"confirmed","taxiId":2}"#)
            .answers(201)
            .shows(&[("id", "2"), ("taxiId", "2"), ("status", "Confirmed")]),
        word("GET /taxis/2", "").shows(&[("stockCnt", "2")]),
        // Invalid values are refused with a reason.
        word("PATCH /taxis/1", r#"{"itemPrice":1000000000001}"#)
            .answers(422)
            .shows(&[("detail", "the price of a taxi must be at most 1000000000000 won")]),
        word("PATCH /taxis/1", r#"{"stockCnt":1000001}"#)
            .answers(422)
            .shows(&[("detail", "a company has at most 1000000 taxis of one kind")]),
        word("PATCH /taxis/1", r#"{"stockCnt":4294967296}"#)
            .answers(422)
            .mentions("`stockCnt`: the number 4294967296 is greater than 1000000"),
        word("PATCH /reservations/1", r#"{"status":"confirmed"}"#)
            .answers(409)
            .shows(&[("detail", "the reservation is cancelled")]),
        word("POST /orders", r#"{"orderType":"basic","name":"Jung","stockCnt":10}"#)
            .answers(422)
            .mentions("stockCnt"),
        // The load of the original names no customer.
        word("POST /orders", r#"{"status":"ok","orderType":"prime"}"#)
            .creates("/orders/3")
            .shows(&[("name", ""), ("orderType", "prime"), ("status", "Paid")]),
    ],
};
