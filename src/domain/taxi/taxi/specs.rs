//! Specifications of taxis.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

const RESERVATION: Id<Reservation> = Id::new(7);

#[test]
fn every_command_is_answered_in_every_state() {
    let rename = Revision { taxi_name: Some("avante".into()), ..Revision::default() };
    table::<Taxi>(
        &[
            ("Blank", vec![]),
            ("Free", vec![registered(1)]),
            ("Out-of-stock", vec![registered(1), assigned(7, 0)]),
            ("Back", vec![registered(1), assigned(7, 0), released(7, 1)]),
        ],
        &[
            Register { model: model(), stock: Quantity(1) },
            restock(1),
            Revise(rename),
            assign(7),
            assign(8),
            Release { reservation: RESERVATION },
        ],
        "
        past         Register           Revise    Revise   Assign   Assign      Release
        Blank        Registered         !Unknown  !Unknown !Unknown !Unknown    !Unknown
        Free|Back    !AlreadyRegistered -         Revised  Assigned Assigned    -
        Out-of-stock !AlreadyRegistered Restocked Revised  -        !OutOfStock Released
        ",
    );
}

#[test]
fn the_stock_is_the_registered_taxis_less_the_assigned_ones() {
    let past = || Taxi::given([registered(2), assigned(7, 1)]);
    Taxi::given([registered(2)]).when(assign(7)).then([assigned(7, 1)]);
    past().when(assign(8)).then([assigned(8, 0)]);
    past().when(Release { reservation: RESERVATION }).then([released(7, 2)]);
    let restocked = Restocked { registered: Quantity(6), stock: Quantity(5) };
    past().when(restock(5)).then([restocked]);
}

#[test]
fn too_many_and_too_expensive_taxis_are_rejected() {
    let register = |item_price, stock| {
        let model = Model { item_price: Money(item_price), ..model() };
        Taxi::given([]).when(Register { model, stock: Quantity(stock) })
    };
    register(1, 1_000_001).rejected(Rejection::TooMany);
    register(Money::MAX.0 + 1, 1).rejected(Rejection::TooDear);
}

#[test]
fn a_taxi_serves_orders_of_its_grade_and_lower_ones() {
    let model = Model { grade: Grade::Prime, ..model() };
    let prime = || Taxi::given([Registered { model: model.clone(), stock: Quantity(1) }]);
    let assign = |grade| Assign { reservation: RESERVATION, grade };
    prime().when(assign(Grade::Basic)).then([assigned(7, 0)]);
    prime().when(assign(Grade::Prime)).then([assigned(7, 0)]);
    let too_low = Rejection::TooLow { grade: Grade::Prime, paid: Grade::Platinum };
    assert_eq!(too_low.to_string(), "the taxi is prime, and the order is paid for platinum");
    prime().when(assign(Grade::Platinum)).rejected(too_low);
}

#[test]
fn a_driver_registers_and_changes_the_grade() {
    let body = r#"{"taxiName":"s","companyName":"t","stockCnt":1,"itemPrice":1,"grade":"Prime"}"#;
    let Ok(Register { model, .. }) = Taxi::read_new("register", body) else { panic!("{body}") };
    assert_eq!(model.grade, Grade::Prime);
    let revision = Revision { grade: Some(Grade::Platinum), ..Revision::default() };
    assert_eq!(Taxi::read("revise", r#"{"grade":"platinum"}"#), Ok(Revise(revision)));
    assert!(Taxi::read("revise", r#"{"grade":"gold"}"#).is_err());
}

#[test]
fn nothing_remains_in_the_state_of_the_reservations_that_are_over() {
    let rides = (1..=100).flat_map(|number| [assigned(number, 0), released(number, 1)]);
    let past = [registered(1)].into_iter().chain(rides);
    assert_eq!(Taxi::after(past), Taxi::after([registered(1)]));
}

fn assign(reservation: u64) -> Command {
    Assign { reservation: Id::new(reservation), grade: Grade::Basic }
}

fn restock(stock: u32) -> Command {
    Revise(Revision { stock: Some(Quantity(stock)), ..Revision::default() })
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

fn released(reservation: u64, stock: u32) -> Event {
    Released { reservation: Id::new(reservation), stock: Quantity(stock) }
}
