//! Specifications of taxis.

use super::{
    Command::{Assign, Register, Release, Revise},
    Event::{self, Assigned, Registered, Released, Restocked},
    Model, Rejection, Revision, Taxi,
};
use crate::domain::kernel::{
    Id, Money, Quantity,
    spec::{Spec, table},
};

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
            Assign { reservation },
            Assign { reservation: other },
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
    Taxi::given([registered(2)]).when(Assign { reservation }).then([assigned(7, 1)]);
    Taxi::given([registered(2), assigned(7, 1)]).when(Assign { reservation }).then([]);
}

#[test]
fn a_taxi_that_is_out_of_stock_or_unknown_is_not_assigned() {
    Taxi::given([registered(1), assigned(7, 0)])
        .when(Assign { reservation: Id::new(8) })
        .rejected(Rejection::OutOfStock);
    Taxi::given([]).when(Assign { reservation: Id::new(8) }).rejected(Rejection::Unknown);
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

fn model() -> Model {
    Model { taxi_name: "sonata".into(), company_name: "tmap".into(), item_price: Money(4_900) }
}

fn registered(stock: u32) -> Event {
    Registered { model: model(), stock: Quantity(stock) }
}

fn assigned(reservation: u64, stock: u32) -> Event {
    Assigned { reservation: Id::new(reservation), stock: Quantity(stock) }
}
