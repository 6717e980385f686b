//! Specifications of taxis.

use super::{
    Command::{self, Assign, Register, Release, Revise},
    Event::{self, Assigned, Registered, Released, Restocked},
    Model, Rejection, Revision, Taxi,
};
use crate::domain::kernel::{
    Aggregate, Id, Money, Quantity,
    spec::{Spec, table},
};
use crate::domain::taxi::grade::Grade;

#[test]
fn every_command_is_answered_in_every_state() {
    let (reservation, other) = (Id::new(7), Id::new(8));
    let released = Released { reservation, stock: Quantity(1) };
    let restock = |stock| Revise(Revision { stock: Some(Quantity(stock)), ..Revision::default() });
    let rename = Revision { taxi_name: Some("avante".into()), ..Revision::default() };
    let register = Register { model: model(), stock: Quantity(1) };
    table::<Taxi>(
        &[
            ("Blank", vec![]),
            ("Free", vec![registered(1)]),
            ("Out-of-stock", vec![registered(1), assigned(7, 0)]),
            ("Back", vec![registered(1), assigned(7, 0), released]),
        ],
        &[
            register,
            restock(1),
            Revise(rename),
            assign(reservation),
            assign(other),
            Release { reservation },
        ],
        "
        past         Register           Revise    Revise   Assign   Assign      Release
        Blank        Registered         !Unknown  !Unknown !Unknown !Unknown    !Unknown
        Free         !AlreadyRegistered -         Revised  Assigned Assigned    -
        Out-of-stock !AlreadyRegistered Restocked Revised  -        !OutOfStock Released
        Back         !AlreadyRegistered -         Revised  Assigned Assigned    -
        ",
    );
}

#[test]
fn each_reservation_takes_one_taxi_at_most() {
    let reservation = Id::new(7);
    Taxi::given([registered(2)]).when(assign(reservation)).then([assigned(7, 1)]);
    Taxi::given([registered(2), assigned(7, 1)]).when(assign(reservation)).then([]);
}

#[test]
fn a_taxi_that_is_out_of_stock_or_unknown_is_not_assigned() {
    Taxi::given([registered(1), assigned(7, 0)])
        .when(assign(Id::new(8)))
        .rejected(Rejection::OutOfStock);
    Taxi::given([]).when(assign(Id::new(8))).rejected(Rejection::Unknown);
}

#[test]
fn the_taxi_of_a_reservation_is_released_once() {
    let reservation = Id::new(7);
    let stock = Quantity(1);
    Taxi::given([registered(1), assigned(7, 0)])
        .when(Release { reservation })
        .then([Released { reservation, stock }]);
    Taxi::given([registered(1)]).when(Release { reservation }).then([]);
}

#[test]
fn a_driver_sets_the_number_of_free_taxis() {
    let revision = Revision { stock: Some(Quantity(5)), ..Revision::default() };
    Taxi::given([registered(1), assigned(7, 0)])
        .when(Revise(revision))
        .then([Restocked { registered: Quantity(6), stock: Quantity(5) }]);
}

#[test]
fn too_many_and_too_expensive_taxis_are_rejected() {
    let register = Register { model: model(), stock: Quantity(1_000_001) };
    Taxi::given([]).when(register).rejected(Rejection::TooMany);
    let model = Model { item_price: Money(Money::MAX.0 + 1), ..model() };
    let register = Register { model, stock: Quantity(1) };
    Taxi::given([]).when(register).rejected(Rejection::TooDear);
}

#[test]
fn a_taxi_serves_orders_of_its_grade_and_lower_ones() {
    let reservation = Id::new(7);
    let prime =
        || Registered { model: Model { grade: Grade::Prime, ..model() }, stock: Quantity(1) };
    for grade in [Grade::Basic, Grade::Prime] {
        let assign = Assign { reservation, grade };
        Taxi::given([prime()]).when(assign).then([assigned(7, 0)]);
    }
    let too_low = Rejection::TooLow { grade: Grade::Prime, paid: Grade::Platinum };
    assert_eq!(too_low.to_string(), "the taxi is prime, and the order is paid for platinum");
    let assign = Assign { reservation, grade: Grade::Platinum };
    Taxi::given([prime()]).when(assign).rejected(too_low);
}

#[test]
fn a_driver_registers_and_changes_the_grade() {
    let parse = |name: &str, body: &str| {
        let routes = Taxi::command_routes().into_routes();
        let route = routes.iter().find(|route| route.name == name).unwrap();
        route.parse(Some(1), body.as_bytes()).map(|parsed| parsed.command)
    };
    let body = r#"{"taxiName":"s","companyName":"t","stockCnt":1,"itemPrice":1,"grade":"Prime"}"#;
    let Register { model, .. } = parse("register", body).unwrap() else { panic!("{body}") };
    assert_eq!(model.grade, Grade::Prime);
    let Revise(revision) = parse("revise", r#"{"grade":"platinum"}"#).unwrap() else { panic!() };
    assert_eq!(revision.grade, Some(Grade::Platinum));
    assert!(parse("revise", r#"{"grade":"gold"}"#).is_err());
}

#[test]
fn nothing_remains_in_the_state_of_the_reservations_that_are_over() {
    let past = (1..=100).flat_map(|number| {
        let released = Released { reservation: Id::new(number), stock: Quantity(1) };
        [assigned(number, 0), released]
    });
    let state = past.fold(Taxi::default().evolve(registered(1)), Taxi::evolve);
    assert_eq!(state, Taxi::default().evolve(registered(1)));
}

fn assign(reservation: Id<super::Reservation>) -> Command {
    Assign { reservation, grade: Grade::Basic }
}

fn model() -> Model {
    let (taxi_name, company_name) = ("sonata".into(), "tmap".into());
    Model { taxi_name, company_name, item_price: Money(4_900), grade: Grade::Basic }
}

fn registered(stock: u32) -> Event {
    Registered { model: model(), stock: Quantity(stock) }
}

fn assigned(reservation: u64, stock: u32) -> Event {
    Assigned { reservation: Id::new(reservation), stock: Quantity(stock) }
}
