//! The commands of car rental, as clients submit them.

use super::table::{Story, word};

pub const STORY: Story = Story {
    business: "rental",
    words: &[
        // The fleet manager registers cars; the field `status` is ignored.
        word("POST /cars", r#"{"status":"...","cnt":10}"#).creates("/cars/1").shows(&[
            ("id", "1"),
            ("cnt", "10"),
            ("registeredCnt", "10"),
            ("status", "Available"),
        ]),
        word("GET /availability/1", "")
            .shows(&[("registered", "10"), ("rented", "0"), ("rentable", "10")])
            .soon(),
        // A customer orders one car; a number from the client is ignored.
        word("POST /orders", r#"{"id":1,"status":"ORDERED","carId":1,"orderId":1}"#)
            .creates("/orders/1")
            .shows(&[("id", "1"), ("carId", "1"), ("qty", "1"), ("amount", "50000")]),
        word("POST /pays", r#"{"id":"1","carId":"1","orderId":"1","status":"ORDERD","qty":"10"}"#)
            .answers(201)
            .shows(&[("orderId", "1"), ("qty", "1"), ("amount", "50000"), ("status", "Paid")]),
        word("GET /pays/1", "").shows(&[("originalStatus", "ORDERD")]),
        word("GET /orders/1", "").shows(&[("customerId", "null"), ("originalStatus", "ORDERED")]),
        word("GET /pays", "").shows(&[("page.totalElements", "1")]),
        word("GET /payments/1", "").shows(&[("orderId", "1"), ("status", "Paid")]),
        word("POST /pays", r#"{"orderId":"7","qty":"10"}"#)
            .answers(404)
            .shows(&[("detail", "there is no such payment")]),
        word("GET /orders/1", "").shows(&[("status", "Confirmed")]).soon(),
        word("GET /cars/1", "").shows(&[("cnt", "9"), ("registeredCnt", "10")]),
        word("GET /systems/1", "")
            .shows(&[("payId", "1"), ("carId", "1"), ("qty", "1"), ("status", "Confirmed")])
            .soon(),
        word("GET /availability/1", "")
            .shows(&[("registered", "10"), ("rented", "1"), ("rentable", "9")])
            .soon(),
        // The customer cancels: the money is refunded within the request, the car is returned soon.
        word("PATCH /orders/1", r#"{"status":"CANCELLED"}"#).shows(&[("status", "Cancelled")]),
        word("PATCH /orders/1", r#"{"status":"CANCELLED"}"#).shows(&[("status", "Cancelled")]),
        word("GET /pays/1", "").shows(&[("status", "Refunded")]),
        word("GET /cars/1", "").shows(&[("cnt", "10")]).soon(),
        // There are not eleven cars, and car 9 is not registered: the money is refunded.
        word("POST /orders", r#"{"carId":1,"qty":11}"#)
            .creates("/orders/2")
            .shows(&[("qty", "11"), ("amount", "550000")]),
        word("GET /orders/2", "")
            .shows(&[("status", "Rejected"), ("reason", "only 10 of these cars can be rented")])
            .soon(),
        word("GET /pays/2", "").shows(&[("status", "Refunded")]),
        word("POST /orders", r#"{"carId":9}"#).creates("/orders/3"),
        word("GET /orders/3", "")
            .shows(&[("status", "Rejected"), ("reason", "there is no such car")])
            .soon(),
        word("GET /cars/9", "").answers(404),
        word("GET /cars", "").shows(&[("_embedded.cars.0.id", "1")]),
        word("PATCH /orders/3", r#"{"status":"CANCELLED"}"#)
            .answers(409)
            .shows(&[("detail", "the order was rejected")]),
        // The fleet manager restocks.
        word("PATCH /cars/1", r#"{"cnt":"3"}"#).shows(&[("cnt", "3"), ("registeredCnt", "3")]),
        word("PUT /cars/1", r#"{"id":1,"name":"sonata","status":"x","cnt":0}"#).shows(&[
            ("name", "sonata"),
            ("cnt", "0"),
            ("status", "Rented Out"),
        ]),
        word("POST /cars/1/restock", r#"{"cnt":5}"#).shows(&[("cnt", "5")]),
        // Invalid values are refused with a reason.
        word("POST /orders", r#"{"carId":1,"qty":0}"#)
            .answers(422)
            .shows(&[("detail", "an order is for 1 to 1000000 cars")]),
        word("POST /orders", r#"{"carId":1,"qty":1000001}"#)
            .answers(422)
            .shows(&[("detail", "an order is for 1 to 1000000 cars")]),
        word("POST /orders", r#"{"carId":1,"qty":4294967296}"#)
            .answers(422)
            .mentions("`qty`: the number 4294967296 is greater than 1000000"),
        word("POST /cars", r#"{"name":"k5","cnt":1000001}"#)
            .answers(422)
            .shows(&[("detail", "there are at most 1000000 cars of one kind")]),
        word("PATCH /orders/8", r#"{"status":"CANCELLED"}"#).answers(404),
        // A cancellation of the payment cancels the order.
        word("POST /orders", r#"{"carId":1}"#).creates("/orders/4"),
        word("GET /orders/4", "").shows(&[("status", "Confirmed")]).soon(),
        word("PATCH /pays/4", r#"{"status":"CANCELLED"}"#)
            .shows(&[("id", "4"), ("status", "Refunded")]),
        word("GET /orders/4", "")
            .shows(&[("status", "Cancelled"), ("originalStatus", "CANCELLED")]),
        // An order can name its customer, who finds it.
        word("POST /orders", r#"{"carId":1,"customerId":7}"#)
            .creates("/orders/5")
            .shows(&[("customerId", "7")]),
        word("GET /systems?customerId=7", "")
            .shows(&[
                ("page.totalElements", "1"),
                ("_embedded.systems.0.orderId", "5"),
                ("_embedded.systems.0.customerId", "7"),
            ])
            .soon(),
        word("POST /orders", r#"{"carId":1,"customerId":" "}"#)
            .answers(422)
            .shows(&[("detail", "the customer must have 1 to 100 characters, or be left out")]),
        word("POST /orders", r#"{"carId":1,"colour":"red"}"#).answers(422).mentions("colour"),
    ],
};
