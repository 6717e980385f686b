//! Two hundred creations in each business while one component after the other is down.

use crate::support::suspension::{Outage, Said, Shown, suspended_and_resumed};
use serde_json::{Value, json};

const COUNT: usize = 200;

fn taxi() -> (&'static str, Value) {
    ("/taxi/orders", json!({"orderType": "basic", "name": "Jung"}))
}

const CALL_IS_PAID: Shown<'_> = ("/taxi/orders/{}", "status", "Paid");
const CALL_IS_RESERVED: Shown<'_> = ("/taxi/reservations/{}", "status", "Reservation Complete");
const PAGE_SHOWS_IT: Shown<'_> = ("/taxi/mypages/{}", "reservationStatus", "Reservation Complete");

#[tokio::test]
async fn taxi_orders_are_paid_while_reservations_are_down_and_reserved_afterwards() {
    let outage = Outage {
        component: "taxi/reservations",
        wanted: taxi(),
        meanwhile: &[CALL_IS_PAID],
        finished: &[CALL_IS_RESERVED, PAGE_SHOWS_IT],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn the_pages_of_taxi_customers_show_everything_after_they_were_down() {
    let outage = Outage {
        component: "taxi/mypages",
        wanted: taxi(),
        meanwhile: &[CALL_IS_RESERVED],
        finished: &[PAGE_SHOWS_IT, CALL_IS_PAID],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn taxi_orders_wait_for_a_suspended_saga_and_are_paid_afterwards() {
    let outage = Outage {
        component: "taxi/billing",
        wanted: taxi(),
        finished: &[
            ("/taxi/paymentHistories/{}", "status", "Approved"),
            CALL_IS_PAID,
            ("/taxi/mypages/{}", "status", "Paid"),
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn taxi_orders_are_paid_while_rides_are_suspended_and_reserved_afterwards() {
    let outage = Outage {
        component: "taxi/ride",
        wanted: taxi(),
        meanwhile: &[CALL_IS_PAID],
        finished: &[CALL_IS_RESERVED],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn taxi_orders_wait_for_suspended_payments_and_are_paid_afterwards() {
    let outage = Outage {
        component: "taxi/paymentHistories",
        wanted: taxi(),
        finished: &[("/taxi/paymentHistories/{}", "status", "Approved"), CALL_IS_RESERVED],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

fn subscription() -> (&'static str, Value) {
    ("/insurance/subscriptions", json!({"productName": "Fisrtcancer", "customer": "Jung"}))
}

const PREMIUM_IS_PAID: Shown<'_> = ("/insurance/payments/{}", "paymentStatus", "Approved");
const UNDERWRITING_IS_ASSIGNED: Shown<'_> =
    ("/insurance/underwritings/{}", "underwritingStatus", "Assigned");
const IS_UNDER_REVIEW: Shown<'_> =
    ("/insurance/subscriptions/{}", "subscriptionStatus", "UnderReview");
const SUBSCRIPTION_IS_SHOWN: Shown<'_> =
    ("/insurance/subscriptionViews/{}", "underwritingStatus", "Assigned");
const UNDERWRITER_HAS_ALL: Shown<'_> = ("/insurance/underwriters/77001520", "openCnt", "200");

#[tokio::test]
async fn subscriptions_are_paid_while_underwriting_or_its_roster_is_down_and_assigned_afterwards() {
    for component in ["insurance/underwritings", "insurance/rosters"] {
        let outage = Outage {
            component,
            wanted: subscription(),
            meanwhile: &[
                PREMIUM_IS_PAID,
                ("/insurance/subscriptions/{}", "subscriptionStatus", "Applied"),
            ],
            finished: &[
                UNDERWRITING_IS_ASSIGNED,
                IS_UNDER_REVIEW,
                SUBSCRIPTION_IS_SHOWN,
                UNDERWRITER_HAS_ALL,
            ],
            ..Outage::default()
        };
        suspended_and_resumed(outage, COUNT).await;
    }
}

#[tokio::test]
async fn applications_wait_for_the_suspended_catalogue_and_are_paid_afterwards() {
    let outage = Outage {
        component: "insurance/catalogue",
        wanted: subscription(),
        meanwhile: &[("/insurance/subscriptions/{}", "subscriptionStatus", "Requested")],
        finished: &[PREMIUM_IS_PAID, UNDERWRITING_IS_ASSIGNED, IS_UNDER_REVIEW],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn subscription_views_show_everything_after_they_were_down() {
    let outage = Outage {
        component: "insurance/subscriptionViews",
        wanted: subscription(),
        meanwhile: &[IS_UNDER_REVIEW],
        finished: &[SUBSCRIPTION_IS_SHOWN, PREMIUM_IS_PAID],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

fn claim() -> (&'static str, Value) {
    ("/claims/claims", json!({"customerId": 1, "price": 500}))
}

fn approved() -> Said<'static> {
    let body = json!({"contId": 80001, "price": 450, "status": "Approved Review"});
    ("PUT", "/claims/reviews/{}", body)
}

const REVIEW_IS_ASSIGNED: Shown<'_> = ("/claims/reviews/{}", "status", "Assigned");
const EXAMINER_HAS_ALL: Shown<'_> = ("/claims/examiners/101", "openCnt", "200");

#[tokio::test]
async fn claims_are_received_while_reviews_or_their_roster_are_down_and_examined_afterwards() {
    for component in ["claims/reviews", "claims/rosters"] {
        let outage = Outage {
            component,
            wanted: claim(),
            meanwhile: &[("/claims/claims/{}", "status", "Received")],
            finished: &[
                REVIEW_IS_ASSIGNED,
                ("/claims/claims/{}", "status", "UnderReview"),
                ("/claims/claimViews/{}", "reviewStatus", "Assigned"),
                EXAMINER_HAS_ALL,
            ],
            ..Outage::default()
        };
        suspended_and_resumed(outage, COUNT).await;
    }
}

#[tokio::test]
async fn claims_are_approved_while_payments_are_down_and_paid_out_afterwards() {
    let outage = Outage {
        component: "claims/payments",
        wanted: claim(),
        meanwhile: &[REVIEW_IS_ASSIGNED],
        work: &[approved()],
        finished: &[
            ("/claims/payments/{}", "status", "Assigned"),
            ("/claims/payments/{}", "price", "450"),
            ("/claims/claims/{}", "status", "Approved"),
            ("/claims/claimViews/{}", "paymentStatus", "Assigned"),
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn the_history_of_claims_has_everything_once_after_it_was_down() {
    let outage = Outage {
        component: "claims/history",
        wanted: claim(),
        meanwhile: &[("/claims/claims/{}", "status", "UnderReview")],
        finished: &[
            ("/claims/history?claimId={}", "page.totalElements", "3"),
            ("/claims/history", "page.totalElements", "600"),
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

fn phone() -> (&'static str, Value) {
    ("/phone/orders", json!({"item": "GX Note99", "qty": 2, "price": 990_000, "customerId": 7}))
}

const SHIPS_AT_ONCE: &str = "[phone]\nship_after_s = 0\n";
const PHONE_IS_SHIPPED: Shown<'_> = ("/phone/orders/{}", "status", "Shipped");
const POINTS_ARE_WRITTEN_BACK: Shown<'_> = ("/phone/orders/{}", "point", "198000");
const POINTS_ARE_LISTED: Shown<'_> =
    ("/phone/pointHistories?orderId={}", "page.totalElements", "1");

#[tokio::test]
async fn phones_are_shipped_while_rewards_are_down_and_points_granted_afterwards() {
    let outage = Outage {
        component: "phone/rewards",
        wanted: phone(),
        settings: SHIPS_AT_ONCE,
        meanwhile: &[PHONE_IS_SHIPPED, ("/phone/orders/{}", "point", "null")],
        finished: &[
            ("/phone/rewards/{}", "process", "Granted"),
            POINTS_ARE_WRITTEN_BACK,
            ("/phone/customers/{}", "point", "198000"),
            POINTS_ARE_LISTED,
            // A tenth of 1,980,000 won, two hundred times.
            (
                "/phone/pointHistories?sort=id,desc",
                "_embedded.pointHistories.0.balance",
                "39600000",
            ),
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn points_are_granted_while_the_store_is_down_and_phones_shipped_afterwards() {
    let outage = Outage {
        component: "phone/storeManages",
        wanted: phone(),
        settings: SHIPS_AT_ONCE,
        meanwhile: &[POINTS_ARE_WRITTEN_BACK, ("/phone/orders/{}", "status", "Paid")],
        finished: &[
            ("/phone/storeManages/{}", "process", "Shipped"),
            PHONE_IS_SHIPPED,
            ("/phone/customers/{}", "status", "Shipped"),
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn point_histories_have_everything_once_after_they_were_down() {
    let outage = Outage {
        component: "phone/pointHistories",
        wanted: phone(),
        meanwhile: &[POINTS_ARE_WRITTEN_BACK],
        finished: &[POINTS_ARE_LISTED, ("/phone/pointHistories", "page.totalElements", "200")],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

fn registered() -> Said<'static> {
    ("POST", "/rental/cars", json!({"name": "sonata", "cnt": 200}))
}

fn rental() -> (&'static str, Value) {
    ("/rental/orders", json!({"carId": 1}))
}

const RENTAL_IS_CONFIRMED: Shown<'_> = ("/rental/orders/{}", "status", "Confirmed");
const ALL_CARS_ARE_RENTED: Shown<'_> = ("/rental/availability/1", "rentable", "0");

#[tokio::test]
async fn rentals_are_paid_while_cars_are_down_and_confirmed_afterwards() {
    let outage = Outage {
        component: "rental/cars",
        given: &[registered()],
        wanted: rental(),
        meanwhile: &[
            ("/rental/orders/{}", "status", "Paid"),
            ("/rental/pays/{}", "status", "Paid"),
            ("/rental/cars/1", "cnt", "200"),
        ],
        finished: &[
            RENTAL_IS_CONFIRMED,
            ("/rental/cars/1", "cnt", "0"),
            ("/rental/systems/{}", "status", "Confirmed"),
            ALL_CARS_ARE_RENTED,
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn the_availability_of_cars_is_right_after_it_was_down() {
    let outage = Outage {
        component: "rental/availability",
        given: &[registered()],
        wanted: rental(),
        meanwhile: &[RENTAL_IS_CONFIRMED],
        finished: &[ALL_CARS_ARE_RENTED, ("/rental/systems/{}", "status", "Confirmed")],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

fn application() -> (&'static str, Value) {
    ("/education/eduApplications", json!({"userId": "eunmi {}", "eduName": "MSA", "eduId": 1}))
}

const TUITION_IS_PAID: Shown<'_> = ("/education/payments/{}", "status", "Paid");
const STUDENT_IS_ENROLLED: Shown<'_> = ("/education/eduApplications/{}", "status", "EduRegistered");
const STUDENT_SEES_IT: Shown<'_> = ("/education/mypages/{}", "status", "EduRegistered");

#[tokio::test]
async fn applications_are_paid_while_enrolments_are_down_and_enrolled_afterwards() {
    let outage = Outage {
        component: "education/educations",
        wanted: application(),
        meanwhile: &[TUITION_IS_PAID, ("/education/eduApplications/{}", "status", "EduApplied")],
        finished: &[
            ("/education/educations/{}", "status", "EduRegistered"),
            STUDENT_IS_ENROLLED,
            STUDENT_SEES_IT,
        ],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn applications_wait_for_suspended_seats_and_are_paid_afterwards() {
    let outage = Outage {
        component: "education/seats",
        wanted: application(),
        meanwhile: &[("/education/eduApplications/{}", "status", "Requested")],
        finished: &[TUITION_IS_PAID, STUDENT_IS_ENROLLED, STUDENT_SEES_IT],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}

#[tokio::test]
async fn the_pages_of_students_show_everything_after_they_were_down() {
    let outage = Outage {
        component: "education/mypages",
        wanted: application(),
        meanwhile: &[STUDENT_IS_ENROLLED],
        finished: &[STUDENT_SEES_IT, TUITION_IS_PAID],
        ..Outage::default()
    };
    suspended_and_resumed(outage, COUNT).await;
}
