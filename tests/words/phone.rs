//! The commands of the phone shop, as clients submit them.

use super::table::{Story, word};

/// The list price of one item; everything else is as by default.
pub const SETTINGS: &str = "[phone]\nprices = { \"GX Watch\" = 300 }\n";

pub const STORY: Story = Story {
    business: "phone",
    words: &[
        // A customer orders, pays, and gets a tenth of the price in points.
        word("POST /orders", r#"{"item":"GX Note99","qty":2,"price":990000}"#)
            .creates("/orders/1")
            .shows(&[("item", "GX Note99"), ("qty", "2"), ("price", "990000"), ("status", "Paid")]),
        word("GET /payments/1", "").shows(&[
            ("orderId", "1"),
            ("price", "1980000"),
            ("process", "Payed"),
        ]),
        word("GET /storeManages/1", "")
            .shows(&[
                ("orderId", "1"),
                ("item", "GX Note99"),
                ("qty", "2"),
                ("process", "Received"),
            ])
            .soon(),
        word("GET /rewards/1", "")
            .shows(&[("orderId", "1"), ("point", "198000"), ("process", "Granted")])
            .soon(),
        word("GET /orders/1", "").shows(&[("point", "198000")]).soon(),
        word("GET /customers/1", "")
            .shows(&[("orderId", "1"), ("status", "Paid"), ("point", "198000")])
            .soon(),
        // The customer cancels: each step is undone within the request, and nothing is shipped.
        word("PATCH /orders/1", r#"{"status":"cancel"}"#)
            .shows(&[("status", "Cancelled"), ("point", "null")]),
        word("PATCH /orders/1", r#"{"status":"cancel"}"#).shows(&[("status", "Cancelled")]),
        word("GET /orders/1", "").shows(&[("originalStatus", "cancel")]),
        word("GET /payments/1", "")
            .shows(&[("process", "Refunded"), ("originalStatus", "OrderCancelled")]),
        word("GET /rewards/1", "")
            .shows(&[("process", "Reclaimed"), ("originalStatus", "Cancelled")]),
        word("GET /storeManages/1", "").shows(&[("process", "Stopped")]).soon(),
        word("PATCH /storeManages/1", r#"{"process":"Shipped"}"#)
            .answers(409)
            .shows(&[("detail", "the delivery is stopped, because its order is cancelled")]),
        word("GET /customers?status=Cancelled", "").shows(&[("page.totalElements", "1")]).soon(),
        word("GET /pointHistories?orderId=1&sort=id,desc", "")
            .shows(&[
                ("page.totalElements", "2"),
                ("_embedded.pointHistories.0.process", "Reclaimed"),
                ("_embedded.pointHistories.0.point", "198000"),
                ("_embedded.pointHistories.0.balance", "0"),
                ("_embedded.pointHistories.1.process", "Granted"),
                ("_embedded.pointHistories.1.balance", "198000"),
            ])
            .soon(),
        // An order without a price is established at once; a listed item has a price.
        word("POST /orders", r#"{"item":"test","qty":1}"#)
            .creates("/orders/2")
            .shows(&[("price", "0"), ("status", "Paid")]),
        word("GET /payments/2", "").answers(404),
        word("GET /rewards/2", "").shows(&[("point", "0"), ("process", "Granted")]).soon(),
        word("POST /orders", r#"{"item":"GX Watch","qty":1,"store":"Seoul","address":"Busan"}"#)
            .creates("/orders/3")
            .shows(&[("price", "300"), ("store", "Seoul"), ("address", "Busan")]),
        // A cancellation of a payment or a reward cancels its order.
        word("GET /rewards/3", "").shows(&[("process", "Granted")]).soon(),
        word("PATCH /rewards/3", r#"{"process":"Cancelled"}"#).shows(&[
            ("id", "3"),
            ("point", "30"),
            ("process", "Reclaimed"),
        ]),
        word("GET /orders/3", "").shows(&[("status", "Cancelled")]),
        word("POST /orders", r#"{"item":"test","qty":1,"price":200}"#).creates("/orders/4"),
        word("GET /rewards/4", "").shows(&[("process", "Granted")]).soon(),
        word("PATCH /payments/4", r#"{"price":200,"process":"OrderCancelled"}"#).shows(&[
            ("id", "4"),
            ("price", "200"),
            ("process", "Refunded"),
        ]),
        word("PATCH /payments/4", r#"{"price":200,"process":"OrderCancelled"}"#)
            .shows(&[("process", "Refunded")]),
        word("PATCH /payments/2", r#"{"process":"OrderCancelled"}"#).answers(404),
        word("GET /orders/2", "").shows(&[("status", "Paid")]),
        // A shipped order is not cancelled.
        word("GET /storeManages/2", "").shows(&[("process", "Received")]).soon(),
        word("POST /storeManages/2/ship", "").shows(&[("process", "Shipped")]),
        word("GET /orders/2", "").shows(&[("status", "Shipped"), ("point", "0")]),
        word("PATCH /rewards/2", r#"{"process":"Cancelled"}"#)
            .answers(409)
            .shows(&[("detail", "the order has been shipped")]),
        word("POST /orders/2/cancel", "").answers(409),
        // Invalid values are refused with a reason.
        word("POST /orders", r#"{"item":"test","qty":0}"#)
            .answers(422)
            .shows(&[("detail", "the quantity must be at least 1")]),
        word("POST /orders", r#"{"item":"test","qty":2,"price":1000000000000000}"#)
            .answers(422)
            .shows(&[("detail", "the order costs more than 1000000000000 won")]),
        word("POST /orders", r#"{"item":"test","qty":1000001,"price":0}"#)
            .answers(422)
            .shows(&[("detail", "the quantity must be at most 1000000")]),
        word("POST /orders", r#"{"item":"test","qty":1,"price":9223372036854775808}"#)
            .answers(422)
            .mentions("`price`: the number 9223372036854775808 is greater than 1000000000000"),
        word("POST /orders", r#"{"item":"test","qty":99999999999,"price":1}"#)
            .answers(422)
            .mentions("`qty`: the number 99999999999 is greater than 1000000"),
        // The list price holds, whatever price and spelling the customer sends.
        word("POST /orders", r#"{"item":"GX Watch","qty":1,"price":1}"#)
            .answers(422)
            .shows(&[("detail", "the list price of one is 300 won, not 1 won")]),
        word("POST /orders", r#"{"item":" gx watch ","qty":1,"price":1}"#).answers(422),
        word("POST /orders", r#"{"item":"GX Watch","qty":1,"price":300}"#)
            .answers(201)
            .shows(&[("amount", "300")]),
        // A customer has one balance of points for all orders, and finds them.
        word("POST /orders", r#"{"item":"test","qty":1,"price":100,"customerId":7}"#)
            .creates("/orders/6")
            .shows(&[("customerId", "7")]),
        word("GET /rewards/6", "").shows(&[("process", "Granted"), ("customerId", "7")]).soon(),
        word("POST /orders", r#"{"item":"test","qty":1,"price":200,"customerId":"7"}"#)
            .creates("/orders/7"),
        word("GET /pointHistories?customerId=7&sort=id,desc", "")
            .shows(&[
                ("page.totalElements", "2"),
                ("_embedded.pointHistories.0.orderId", "7"),
                ("_embedded.pointHistories.0.balance", "30"),
                ("_embedded.pointHistories.1.balance", "10"),
            ])
            .soon(),
        word("GET /customers?customerId=7", "").shows(&[("page.totalElements", "2")]).soon(),
    ],
};
