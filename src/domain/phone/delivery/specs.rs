//! Specifications of the delivery.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_answered_in_every_state() {
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
fn the_store_ships_automatically_after_the_configured_time_or_not_at_all() {
    let received = |ship_at| [Received { parcel: parcel(), ship_at }];
    let receive = |settings| {
        let now = Timestamp(5);
        Delivery::given([]).at(now).under(settings).when(Receive { parcel: parcel() })
    };
    let usual = Settings::default();
    receive(usual.clone()).then(received(Some(Timestamp(60_005))));
    receive(Settings { ship_after_s: 0, ..usual.clone() }).then(received(Some(Timestamp(5))));
    receive(Settings { auto_ship: false, ..usual }).then(received(None));
}

#[test]
fn shipping_a_cancelled_order_fails_with_the_reason() {
    let received = Received { parcel: parcel(), ship_at: None };
    let asked = Delivery::after([received, ShippingRequested]);
    assert_eq!(asked.progress(), Progress::Pending);
    let reason = Rejection::IsStopped.to_string();
    let failed = Progress::Failed { how: FailureKind::Refused, reason };
    assert_eq!(asked.evolve(Stopped).progress(), failed);
}

#[test]
fn a_clerk_ships_an_order_by_its_process() {
    let set = |body| Delivery::read("ship by process", body);
    assert_eq!(set(r#"{"id":1,"process":"Shipped"}"#), Ok(Ship));
    assert!(set(r#"{"process":"Received"}"#).is_err());
}

fn parcel() -> Parcel {
    Parcel { item: "GX Note99".into(), qty: Quantity(2), address: "Seoul".into() }
}
