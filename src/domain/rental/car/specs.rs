//! Specifications of cars.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_answered_in_every_state() {
    table::<Car>(
        &[
            ("Blank", vec![]),
            ("Free", vec![registered(2)]),
            ("Rented", vec![registered(2), rented(7, 2, 0)]),
            ("Back", vec![registered(2), rented(7, 2, 0), returned(7, 2, 2)]),
        ],
        &[register(2), revise(5), rent(7, 2), rent(8, 1), Return { order: Id::new(7) }],
        "
        past      Register           Revise    Rent     Rent     Return
        Blank     Registered         !Unknown  !Unknown !Unknown !Unknown
        Free|Back !AlreadyRegistered Restocked Rented   Rented   -
        Rented    !AlreadyRegistered Restocked -        !Short   Returned
        ",
    );
}

#[test]
fn each_order_has_its_cars_at_most_once() {
    Car::given([registered(5)]).when(rent(7, 2)).then([rented(7, 2, 3)]);
    Car::given([registered(5), rented(7, 2, 3)]).when(rent(7, 2)).then([]);
    Car::given([registered(5), rented(7, 2, 3)]).when(rent(8, 3)).then([rented(8, 3, 0)]);
}

#[test]
fn an_order_gets_all_of_its_cars_or_none() {
    Car::given([registered(1)]).when(rent(7, 2)).rejected(Rejection::Short { rentable: 1 });
    Car::given([registered(0)]).when(rent(7, 1)).rejected(Rejection::Short { rentable: 0 });
}

#[test]
fn the_cars_of_an_order_are_returned_once() {
    let past = || [registered(2), rented(7, 2, 0)];
    Car::given(past()).when(Return { order: Id::new(7) }).then([returned(7, 2, 2)]);
    Car::given(past()).when(Return { order: Id::new(8) }).then([]);
}

#[test]
fn nothing_remains_in_the_state_of_the_orders_whose_cars_are_back() {
    let past = (1..=100).flat_map(|order| [rented(order, 2, 0), returned(order, 2, 2)]);
    let state = past.fold(Car::default().evolve(registered(2)), Car::evolve);
    assert_eq!(state, Car::default().evolve(registered(2)));
}

#[test]
fn the_fleet_manager_sets_the_number_of_rentable_cars() {
    let restocked = |registered, rentable| {
        [Restocked { registered: Quantity(registered), rentable: Quantity(rentable) }]
    };
    Car::given([registered(2), rented(7, 2, 0)]).when(revise(5)).then(restocked(7, 5));
    Car::given([registered(2), rented(7, 1, 1)]).when(revise(0)).then(restocked(1, 0));
    Car::given([registered(2)]).when(revise(2)).then([]);
    let rename = |name: &str| Revise { name: Some(name.into()), rentable: None };
    Car::given([registered(2)]).when(rename("avante")).then([Renamed { name: "avante".into() }]);
    Car::given([registered(2)]).when(rename("sonata")).then([]);
}

#[test]
fn too_many_cars_and_too_long_names_are_rejected() {
    Car::given([]).when(register(1_000_001)).rejected(Rejection::TooMany);
    Car::given([registered(1), rented(7, 1, 0)])
        .when(revise(1_000_000))
        .rejected(Rejection::TooMany);
    let name = "x".repeat(101);
    let register = Register { name: name.as_str().into(), count: Quantity(1) };
    Car::given([]).when(register).rejected(Rejection::BadName);
}

#[test]
fn the_status_shows_whether_a_car_can_be_rented() {
    let car = Car::after([registered(1)]);
    assert_eq!(car.status(), "Available");
    assert_eq!(car.evolve(rented(7, 1, 0)).status(), "Rented Out");
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let registers = Register { name: "".into(), count: Quantity(10) };
    assert_eq!(Car::read_new("register", r#"{"status":"...","cnt":10}"#), Ok(registers));
    assert!(Car::read_new("register", r#"{"cnt":-1}"#).is_err());
    let restocks = Car::read("restock in place", r#"{"id":1,"status":"x","cnt":"5"}"#);
    assert_eq!(restocks, Ok(revise(5)));
    assert!(Car::read("restock in place", r#"{"status":"x"}"#).is_err());
}

fn register(count: u32) -> Command {
    Register { name: "sonata".into(), count: Quantity(count) }
}

fn revise(rentable: u32) -> Command {
    Revise { name: None, rentable: Some(Quantity(rentable)) }
}

fn rent(order: u64, quantity: u32) -> Command {
    Rent { order: Id::new(order), quantity: Quantity(quantity) }
}

fn registered(count: u32) -> Event {
    Registered { name: "sonata".into(), count: Quantity(count) }
}

fn rented(order: u64, quantity: u32, rentable: u32) -> Event {
    let (quantity, rentable) = (Quantity(quantity), Quantity(rentable));
    Rented { order: Id::new(order), quantity, rentable }
}

fn returned(order: u64, quantity: u32, rentable: u32) -> Event {
    let (quantity, rentable) = (Quantity(quantity), Quantity(rentable));
    Returned { order: Id::new(order), quantity, rentable }
}
