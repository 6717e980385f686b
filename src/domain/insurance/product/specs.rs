//! Specifications of the product.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_answered_in_every_state() {
    let withdrawn = || Terms { on_sale: false, ..terms(30) };
    let withdrawal = [Drafted { terms: withdrawn() }, Published { terms: withdrawn() }];
    table::<Product>(
        &[
            ("Blank", vec![]),
            ("Drafted", vec![drafted(30)]),
            ("TurnedDown", vec![drafted(30), turned_down()]),
            ("Listed", listed(&[])),
            ("BeingRevised", listed(&[drafted(40)])),
            ("RevisionTurnedDown", listed(&[drafted(40), turned_down()])),
            ("Withdrawn", listed(&withdrawal)),
        ],
        &[
            Register { terms: terms(30) },
            price(40),
            Withdraw,
            Publish,
            TurnDown { reason: "b".into() },
        ],
        "
        past               Register           Revise         Withdraw       Publish        TurnDown
        Blank              Drafted            !Unknown       !Unknown       !Unknown       !Unknown
        Drafted            !AlreadyRegistered !IsDrafted     !IsDrafted     Published      TurnedDown
        TurnedDown         !AlreadyRegistered !WasTurnedDown !WasTurnedDown !WasTurnedDown -
        Listed             !AlreadyRegistered Drafted        Drafted        -              !NotDrafted
        BeingRevised       !AlreadyRegistered -              !IsDrafted     Published      TurnedDown
        RevisionTurnedDown !AlreadyRegistered Drafted        Drafted        !NotDrafted    -
        Withdrawn          !AlreadyRegistered Drafted        -              -              !NotDrafted
        ",
    );
}

#[test]
fn a_product_needs_a_name_and_a_premium_in_range() {
    let register = |terms| Product::given([]).when(Register { terms });
    let revise = |premium| Product::given(listed(&[])).when(price(premium));
    register(Terms { product_name: " ".into(), ..terms(30) }).rejected(Rejection::BadName);
    register(terms(0)).rejected(Rejection::BadPremium);
    revise(0).rejected(Rejection::BadPremium);
    let dear = Money::MAX.0 + 1;
    register(terms(dear)).rejected(Rejection::TooDear);
    revise(dear).rejected(Rejection::TooDear);
}

#[test]
fn a_revision_to_the_same_terms_changes_nothing() {
    Product::given(listed(&[])).when(price(30)).then([]);
    let name = Revision { product_name: Some(" life ".into()), ..Revision::default() };
    Product::given(listed(&[])).when(Revise(name)).then([]);
}

#[test]
fn a_revision_that_was_turned_down_can_be_reverted() {
    let past = listed(&[drafted(40), turned_down()]);
    let failed = Progress::Failed { how: FailureKind::Refused, reason: "b".into() };
    let product = Product::after(past.clone());
    assert_eq!((product.progress(), product.listed), (failed, Some(terms(30))));
    Product::given(past).when(price(30)).then([drafted(30)]);
}

#[test]
fn a_revision_is_pending_until_the_catalogue_answers() {
    let product = Product::after(listed(&[drafted(40)]));
    assert_eq!((product.progress(), product.listed), (Progress::Pending, Some(terms(30))));
}

#[test]
fn requests_of_a_product_manager_are_parsed() {
    let register = |body| Product::read_new("register", body);
    let body = r#"{"productName":" life ","premium":"30","number":9}"#;
    assert_eq!(register(body), Ok(Register { terms: terms(30) }));
    assert!(register(r#"{"productName":"life"}"#).is_err());
    assert!(register(r#"{"productName":"life","premium":-1}"#).is_err());
    let revision = Revision { on_sale: Some(false), ..Revision::default() };
    let revise = Product::read("revise in place", r#"{"onSale":false}"#);
    assert_eq!(revise, Ok(Revise(revision)));
    assert_eq!(Product::read("withdraw", ""), Ok(Withdraw));
}

fn terms(premium: u64) -> Terms {
    Terms { product_name: "life".into(), premium: Money(premium), on_sale: true }
}

fn drafted(premium: u64) -> Event {
    Drafted { terms: terms(premium) }
}

fn turned_down() -> Event {
    TurnedDown { reason: "b".into() }
}

/// A product that costs 30, and these later events.
fn listed(later: &[Event]) -> Vec<Event> {
    [&[drafted(30), Published { terms: terms(30) }], later].concat()
}

fn price(premium: u64) -> Command {
    Revise(Revision { premium: Some(Money(premium)), ..Revision::default() })
}
