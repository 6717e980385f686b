//! Cancellations while a component is down are refused without a change, or are undone when the
//! component is back.

use crate::{
    site::{Site, is_problem},
    support::suspension::Shown,
};
use madang::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

impl Site {
    /// Submits a cancellation; returns the status of the answer.
    async fn cancel(&self, path: &str, body: &Value) -> u16 {
        self.send(Method::PATCH, path, body).await.status().as_u16()
    }

    /// Submits a cancellation that is refused, because the component does not answer.
    async fn cannot_cancel(&self, method: Method, path: &str, body: &Value, reason: &str) {
        let refused = is_problem(self.send(method, path, body).await, "unavailable").await;
        assert_eq!(refused["detail"], reason);
    }

    /// Cancels what could not be cancelled before, as soon as the earlier cancellation is undone.
    async fn cancels_later(&self, method: Method, path: &str, body: &Value) {
        loop {
            let answer = self.send(method.clone(), path, body).await;
            if answer.status() == 200 {
                return;
            }
            is_problem(answer, "unavailable").await;
        }
    }

    async fn is_missing(&self, path: &str) {
        let answer = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.json::<Value>().await.expect("json")["type"], "/problems/not-found");
    }
}

/// A client that waits for a component that is down is soon answered 202.
fn in_a_hurry(config: &mut Config) {
    config.http.wait_max_ms = 300;
}

fn claims_in_a_hurry(config: &mut Config) {
    config.businesses.insert("claims".into(), json!({"cancel_within_ms": 300}));
}

const CLAIM_STANDS: &[Shown<'_>] =
    &[("/claims/claims/{}", "status", "UnderReview"), ("/claims/reviews/{}", "status", "Assigned")];
const CLAIM_IS_CANCELLED: &[Shown<'_>] =
    &[("/claims/claims/{}", "status", "Cancelled"), ("/claims/reviews/{}", "status", "Cancelled")];
const REVIEW_IS_SILENT: &str = "the review has not answered in time";

fn claim() -> (Value, Value) {
    (json!({"customerId": 1, "price": 500}), json!({"status": "Canceled Claim"}))
}

fn is_taken_back(conversation: &Value) -> bool {
    let records = conversation["_embedded"]["records"].as_array();
    let is_taken_back = |record: &Value| record["what"]["details"]["deed"]["TakenBack"].is_number();
    records.is_some_and(|all| all.iter().any(is_taken_back))
}

#[tokio::test]
async fn a_claim_stands_while_reviews_are_down_and_is_cancelled_or_approved_afterwards() {
    let site = Site::all_six(claims_in_a_hurry);
    let (claim, cancel) = claim();
    for number in 1..=2 {
        site.create("/claims/claims", &claim).await;
        site.shows(number, CLAIM_STANDS).await;
    }
    site.turn("claims/reviews", "suspend").await;
    site.cannot_cancel(Method::PUT, "/claims/claims/1", &cancel, REVIEW_IS_SILENT).await;
    site.cannot_cancel(Method::POST, "/claims/claims/2", &cancel, REVIEW_IS_SILENT).await;
    for number in 1..=2 {
        site.is_so(number, CLAIM_STANDS).await;
    }

    site.catch_up("claims/reviews").await;
    for number in 1..=2 {
        let conversation = format!("/claims/conversations/{number}?size=100");
        while !is_taken_back(&site.get(&conversation).await) {
            tokio::task::yield_now().await;
        }
        site.is_so(number, CLAIM_STANDS).await;
    }
    site.cancels_later(Method::PUT, "/claims/claims/1", &cancel).await;
    site.is_so(1, CLAIM_IS_CANCELLED).await;
    let approved = json!({"contId": 80001, "price": 450, "status": "Approved Review"});
    let approved = site.send(Method::PUT, "/claims/reviews/2", &approved).await;
    assert_eq!(approved.status(), 200);
    site.becomes("/claims/claims/2", "status", "Approved").await;
    site.ends_well();
}

#[tokio::test]
async fn a_claim_without_an_examiner_stands_while_reviews_are_down_and_is_cancelled_afterwards() {
    let site = Site::all_six(claims_in_a_hurry);
    let (claim, cancel) = claim();
    site.turn("claims/reviews", "suspend").await;
    site.create("/claims/claims", &claim).await;
    site.cannot_cancel(Method::PUT, "/claims/claims/1", &cancel, REVIEW_IS_SILENT).await;
    site.is_so(1, &[("/claims/claims/{}", "status", "Received")]).await;
    site.is_missing("/claims/reviews/1").await;

    site.catch_up("claims/reviews").await;
    site.shows(1, CLAIM_STANDS).await;
    site.cancels_later(Method::PUT, "/claims/claims/1", &cancel).await;
    site.is_so(1, CLAIM_IS_CANCELLED).await;
    site.ends_well();
}

#[tokio::test]
async fn a_phone_order_keeps_everything_while_rewards_are_down_and_is_cancelled_afterwards() {
    const STANDS: &[Shown<'_>] = &[
        ("/phone/orders/{}", "status", "Paid"),
        ("/phone/payments/{}", "process", "Payed"),
        ("/phone/storeManages/{}", "process", "Received"),
    ];
    const IS_GRANTED: &[Shown<'_>] =
        &[("/phone/orders/{}", "point", "198000"), ("/phone/rewards/{}", "process", "Granted")];
    let site = Site::all_six(|config| {
        let settings = json!({"auto_ship": false, "cancel_within_ms": 300});
        config.businesses.insert("phone".into(), settings);
    });
    let order = json!({"item": "GX Note99", "qty": 2, "price": 990_000});
    let cancel = json!({"status": "cancel"});
    site.create("/phone/orders", &order).await;
    site.shows(1, IS_GRANTED).await;
    site.turn("phone/rewards", "suspend").await;
    site.create("/phone/orders", &order).await;
    for number in 1..=2 {
        site.shows(number, STANDS).await;
        let order = format!("/phone/orders/{number}");
        let reason = "the reward could not be taken back in time";
        site.cannot_cancel(Method::PATCH, &order, &cancel, reason).await;
        site.is_so(number, STANDS).await;
    }
    site.is_so(1, IS_GRANTED).await;
    site.is_so(2, &[("/phone/orders/{}", "point", "null")]).await;
    site.is_missing("/phone/rewards/2").await;

    site.catch_up("phone/rewards").await;
    for number in 1..=2 {
        site.shows(number, IS_GRANTED).await;
        site.is_so(number, STANDS).await;
        site.cancels_later(Method::PATCH, &format!("/phone/orders/{number}"), &cancel).await;
        let undone = [
            ("/phone/orders/{}", "status", "Cancelled"),
            ("/phone/payments/{}", "process", "Refunded"),
            ("/phone/rewards/{}", "process", "Reclaimed"),
            ("/phone/storeManages/{}", "process", "Stopped"),
        ];
        site.shows(number, &undone).await;
    }
    site.ends_well();
}

#[tokio::test]
async fn rents_are_refunded_at_once_while_cars_are_down_and_the_cars_come_back_afterwards() {
    const IS_REFUNDED: &[Shown<'_>] =
        &[("/rental/orders/{}", "status", "Cancelled"), ("/rental/pays/{}", "status", "Refunded")];
    let site = Site::all_six(|_| {});
    site.create("/rental/cars", &json!({"cnt": 10})).await;
    site.create("/rental/orders", &json!({"carId": 1, "qty": 4})).await;
    site.shows(1, &[("/rental/orders/{}", "status", "Confirmed")]).await;
    site.turn("rental/cars", "suspend").await;
    site.create("/rental/orders", &json!({"carId": 1, "qty": 3})).await;
    for number in 1..=2 {
        let cancel = json!({"status": "CANCELLED"});
        assert_eq!(site.cancel(&format!("/rental/orders/{number}"), &cancel).await, 200);
        site.is_so(number, IS_REFUNDED).await;
    }
    site.is_so(1, &[("/rental/cars/{}", "cnt", "6")]).await;

    site.catch_up("rental/cars").await;
    site.becomes("/rental/cars/1", "cnt", "10").await;
    site.becomes("/rental/availability/1", "rented", "0").await;
    site.create("/rental/orders", &json!({"carId": 1, "qty": 10})).await;
    site.shows(3, &[("/rental/orders/{}", "status", "Confirmed")]).await;
    for number in 1..=2 {
        site.is_so(number, IS_REFUNDED).await;
    }
    site.ends_well();
}

#[tokio::test]
async fn subscriptions_are_refunded_at_once_while_underwriting_is_down_and_withdrawn_afterwards() {
    const IS_REFUNDED: &[Shown<'_>] = &[
        ("/insurance/subscriptions/{}", "subscriptionStatus", "Cancelled"),
        ("/insurance/payments/{}", "paymentStatus", "Refunded"),
    ];
    let site = Site::all_six(|_| {});
    let subscription = json!({"productName": "Fisrtcancer"});
    site.create("/insurance/subscriptions", &subscription).await;
    let reviewed = ("/insurance/subscriptions/{}", "subscriptionStatus", "UnderReview");
    site.shows(1, &[reviewed]).await;
    site.turn("insurance/underwritings", "suspend").await;
    site.create("/insurance/subscriptions", &subscription).await;
    // Without an underwriter there would be nothing to withdraw.
    site.becomes("/insurance/underwriters/77001520", "openCnt", "2").await;
    for number in 1..=2 {
        let cancel = json!({"subscriptionStatus": "reqCancel"});
        assert_eq!(site.cancel(&format!("/insurance/subscriptions/{number}"), &cancel).await, 200);
        site.is_so(number, IS_REFUNDED).await;
    }
    site.is_so(1, &[("/insurance/underwritings/{}", "underwritingStatus", "Assigned")]).await;
    site.is_missing("/insurance/underwritings/2").await;

    site.catch_up("insurance/underwritings").await;
    for number in 1..=2 {
        let withdrawn = ("/insurance/underwritings/{}", "underwritingStatus", "Withdrawn");
        site.shows(number, &[withdrawn]).await;
        site.is_so(number, IS_REFUNDED).await;
    }
    site.becomes("/insurance/underwriters/77001520", "openCnt", "0").await;
    site.ends_well();
}

const COURSE_IS_CANCELLED: &[Shown<'_>] = &[
    ("/education/eduApplications/{}", "status", "EduCancelled"),
    ("/education/payments/{}", "status", "PayCancelled"),
];
const IS_ENROLLED: &[Shown<'_>] = &[
    ("/education/eduApplications/{}", "status", "EduRegistered"),
    ("/education/educations/{}", "status", "EduRegistered"),
    ("/education/payments/{}", "status", "Paid"),
];

fn course() -> (Value, Value) {
    let course = json!({"userId": "eunmi", "eduName": "MSA", "eduId": 1});
    (course, json!({"status": "EduAppCancelled"}))
}

#[tokio::test]
async fn students_who_cancel_while_the_course_office_is_down_are_refunded_and_never_enrolled() {
    let site = Site::all_six(|_| {});
    let (course, cancel) = course();
    site.turn("education/educations", "suspend").await;
    let other = json!({"userId": "jung", "eduName": "MSA", "eduId": 1});
    for course in [course, other] {
        site.create("/education/eduApplications", &course).await;
    }
    assert_eq!(site.cancel("/education/eduApplications/1", &cancel).await, 200);
    site.is_so(1, COURSE_IS_CANCELLED).await;

    site.catch_up("education/educations").await;
    site.shows(2, IS_ENROLLED).await;
    site.is_so(1, COURSE_IS_CANCELLED).await;
    site.is_missing("/education/educations/1").await;
    site.ends_well();
}

#[tokio::test]
async fn an_enrolment_is_cancelled_and_refunded_when_the_course_office_is_back() {
    let site = Site::all_six(in_a_hurry);
    let (course, cancel) = course();
    site.create("/education/eduApplications", &course).await;
    site.shows(1, IS_ENROLLED).await;
    site.turn("education/educations", "suspend").await;
    assert_eq!(site.cancel("/education/eduApplications/1", &cancel).await, 202);
    site.is_so(1, IS_ENROLLED).await;

    site.catch_up("education/educations").await;
    site.shows(1, COURSE_IS_CANCELLED).await;
    site.is_so(1, &[("/education/educations/{}", "status", "EduCancelled")]).await;
    site.ends_well();
}

#[tokio::test]
async fn taxis_cancelled_while_reservations_are_down_are_refunded_at_once_and_returned_afterwards()
{
    const IS_REFUNDED: &[Shown<'_>] = &[
        ("/taxi/orders/{}", "status", "Cancelled"),
        ("/taxi/paymentHistories/{}", "status", "Refunded"),
    ];
    let site = Site::all_six(in_a_hurry);
    let fleet =
        json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 10, "itemPrice": 1});
    site.create("/taxi/taxis", &fleet).await;
    let call = json!({"orderType": "basic", "name": "Jung"});
    site.create("/taxi/orders", &call).await;
    site.shows(1, &[("/taxi/reservations/{}", "status", "Reservation Complete")]).await;
    let confirmed = json!({"status": "confirmed"});
    let confirmed = site.send(Method::PATCH, "/taxi/reservations/1", &confirmed).await;
    assert!(confirmed.status().is_success());
    site.shows(1, &[("/taxi/orders/{}", "status", "Confirmed")]).await;
    site.becomes("/taxi/taxis/1", "stockCnt", "9").await;
    site.turn("taxi/reservations", "suspend").await;
    site.create("/taxi/orders", &call).await;
    site.shows(2, &[("/taxi/orders/{}", "status", "Paid")]).await;
    for number in 1..=2 {
        let cancel = json!({"status": "cancelled"});
        assert_eq!(site.cancel(&format!("/taxi/orders/{number}"), &cancel).await, 202);
        site.shows(number, IS_REFUNDED).await;
        let told = format!("/taxi/messages?orderId={number}&status=Refunded");
        while site.get(&told).await["page"]["totalElements"] != 1 {
            tokio::task::yield_now().await;
        }
    }
    site.is_so(1, &[("/taxi/reservations/{}", "status", "Confirmed")]).await;
    site.is_missing("/taxi/reservations/2").await;

    site.catch_up("taxi/reservations").await;
    for number in 1..=2 {
        let undone = [
            ("/taxi/orders/{}", "status", "Cancelled"),
            ("/taxi/paymentHistories/{}", "status", "Refunded"),
            ("/taxi/reservations/{}", "status", "Cancelled"),
        ];
        site.shows(number, &undone).await;
    }
    site.becomes("/taxi/taxis/1", "stockCnt", "10").await;
    site.ends_well();
}
