//! Specifications of the delivery aggregate.

use super::{
    Command::{ConfirmShipping, Receive, Ship, Stop},
    Delivery,
    Event::{Received, Shipped, ShippingRequested, Stopped},
    Parcel, Rejection,
};
use crate::domain::kernel::{
    Aggregate, Fall, Quantity, Standing, Timestamp,
    spec::{Spec, table},
};
use crate::domain::phone::settings::Settings;

#[test]
fn a_delivery_goes_its_way_and_no_other() {
    let received = || Received { parcel: parcel(), ship_at: None };
    table::<Delivery>(
        &[
            ("Blank", vec![]),
            ("Received", vec![received()]),
            ("Asked", vec![received(), ShippingRequested]),
            ("Shipped", vec![received(), ShippingRequested, Shipped]),
            ("Stopped", vec![received(), Stopped]),
        ],
        &[Receive { parcel: parcel() }, Ship, ConfirmShipping, Stop],
        "
        past     Receive  Ship              ConfirmShipping Stop
        Blank    Received !Unknown          !Unknown        !Unknown
        Received -        ShippingRequested Shipped         Stopped
        Asked    -        -                 Shipped         Stopped
        Shipped  -        -                 -               !IsShipped
        Stopped  -        !IsStopped        !IsStopped      -
        ",
    );
}

#[test]
fn the_store_ships_by_itself_after_a_while_or_not_at_all() {
    let received = |ship_at| [Received { parcel: parcel(), ship_at }];
    let receive = |settings| {
        let now = Timestamp(5);
        Delivery::given([]).at(now).under(settings).when(Receive { parcel: parcel() })
    };
    let usual = Settings::default();
    receive(usual.clone()).then(received(Some(Timestamp(5))));
    receive(Settings { ship_after_s: 60, ..usual.clone() }).then(received(Some(Timestamp(60_005))));
    receive(Settings { auto_ship: false, ..usual }).then(received(None));
}

#[test]
fn a_clerk_who_ships_what_is_cancelled_is_told_so() {
    let past = [Received { parcel: parcel(), ship_at: None }, ShippingRequested];
    let asked = past.into_iter().fold(Delivery::default(), Delivery::evolve);
    assert_eq!(asked.standing(), Standing::Pending);
    let because = Rejection::IsStopped.to_string();
    let fell = Standing::Fell { how: Fall::Refused, because };
    assert_eq!(asked.evolve(Stopped).standing(), fell);
}

#[test]
fn a_clerk_ships_by_process() {
    let sayings = Delivery::vocabulary().into_sayings();
    let word = sayings.iter().find(|saying| saying.name == "ship by process").unwrap();
    let body = br#"{"id":1,"process":"Shipped"}"#;
    assert_eq!(word.parse(Some(1), body).unwrap().command, Ship);
    assert!(word.parse(Some(1), br#"{"process":"Received"}"#).is_err());
}

fn parcel() -> Parcel {
    Parcel { item: "GX Note99".into(), qty: Quantity(2), address: "Seoul".into() }
}
