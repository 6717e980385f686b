//! Specifications of the product aggregate.

use super::{
    Command::{self, Publish, Register, Revise, TurnDown, Withdraw},
    Event::{self, Drafted, Published, TurnedDown},
    Product, Rejection, Revision, Terms,
};
use crate::domain::kernel::{
    Aggregate, FailureKind, Malformed, Money, ParsedCommand, Progress, Target,
    spec::{Spec, table},
};

/// Every state against every command.
const PROMISED: &str = "
past                 Register           Revise         Withdraw       Publish        TurnDown
blank                Drafted            !Unknown       !Unknown       !Unknown       !Unknown
drafted              !AlreadyRegistered !IsDrafted     !IsDrafted     Published      TurnedDown
turned-down          !AlreadyRegistered !WasTurnedDown !WasTurnedDown !WasTurnedDown -
listed               !AlreadyRegistered Drafted        Drafted        -              !NotDrafted
being-revised        !AlreadyRegistered -              !IsDrafted     Published      TurnedDown
revision-turned-down !AlreadyRegistered Drafted        Drafted        !NotDrafted    -
withdrawn            !AlreadyRegistered Drafted        -              -              !NotDrafted
";

#[test]
fn every_command_is_answered_in_every_state() {
    let (drafted, published) = (|premium| Drafted { terms: terms(premium) }, published());
    let down = || TurnedDown { reason: "b".into() };
    let withdrawn = || Terms { on_sale: false, ..terms(30) };
    let commands = [
        Register { terms: terms(30) },
        price(40),
        Withdraw,
        Publish,
        TurnDown { reason: "b".into() },
    ];
    table::<Product>(
        &[
            ("blank", vec![]),
            ("drafted", vec![drafted(30)]),
            ("turned-down", vec![drafted(30), down()]),
            ("listed", vec![drafted(30), published.clone()]),
            ("being-revised", vec![drafted(30), published.clone(), drafted(40)]),
            ("revision-turned-down", vec![drafted(30), published.clone(), drafted(40), down()]),
            (
                "withdrawn",
                vec![
                    drafted(30),
                    published,
                    Drafted { terms: withdrawn() },
                    Published { terms: withdrawn() },
                ],
            ),
        ],
        &commands,
        PROMISED,
    );
}

#[test]
fn a_product_needs_a_name_and_a_premium_in_range() {
    let nameless = Terms { product_name: " ".into(), ..terms(30) };
    Product::given([]).when(Register { terms: nameless }).rejected(Rejection::BadName);
    Product::given([]).when(Register { terms: terms(0) }).rejected(Rejection::BadPremium);
    Product::given([drafted(), published()]).when(price(0)).rejected(Rejection::BadPremium);
    let dear = Money::MAX.0 + 1;
    Product::given([]).when(Register { terms: terms(dear) }).rejected(Rejection::TooDear);
    Product::given([drafted(), published()]).when(price(dear)).rejected(Rejection::TooDear);
}

#[test]
fn a_revision_to_the_same_terms_changes_nothing() {
    Product::given([drafted(), published()]).when(price(30)).then([]);
}

#[test]
fn a_revision_that_was_turned_down_can_be_reverted() {
    let past = || {
        let draft = Drafted { terms: terms(40) };
        [drafted(), published(), draft, TurnedDown { reason: "b".into() }]
    };
    let failed = Progress::Failed { how: FailureKind::Refused, reason: "b".into() };
    let product = past().into_iter().fold(Product::default(), Product::evolve);
    assert_eq!((product.progress(), product.listed()), (failed, Some(&terms(30))));
    Product::given(past()).when(price(30)).then([drafted()]);
}

#[test]
fn a_revision_is_pending_until_the_catalogue_answers() {
    let draft = Drafted { terms: terms(40) };
    let product =
        [drafted(), published(), draft].into_iter().fold(Product::default(), Product::evolve);
    assert_eq!((product.progress(), product.listed()), (Progress::Pending, Some(&terms(30))));
}

#[test]
fn requests_of_a_product_manager_are_parsed() {
    let parsed = parse("register", r#"{"productName":" life ","premium":"30","number":9}"#);
    assert_eq!(
        parsed,
        Ok(ParsedCommand { target: Target::New, command: Register { terms: terms(30) } })
    );
    let revision = Revision { on_sale: Some(false), ..Revision::default() };
    let expected = ParsedCommand { target: Target::Existing(1), command: Revise(revision) };
    assert_eq!(parse("revise by patch", r#"{"onSale":false}"#), Ok(expected));
    let expected = ParsedCommand { target: Target::Existing(1), command: Withdraw };
    assert_eq!(parse("withdraw", ""), Ok(expected));
    assert!(parse("register", r#"{"productName":"life"}"#).is_err());
    assert!(parse("register", r#"{"productName":"life","premium":-1}"#).is_err());
}

fn parse(name: &str, body: &str) -> Result<ParsedCommand<Product>, Malformed> {
    let command_routes = Product::command_routes().into_routes();
    command_routes
        .iter()
        .find(|command_route| command_route.name == name)
        .unwrap()
        .parse(Some(1), body.as_bytes())
}

fn terms(premium: u64) -> Terms {
    Terms { product_name: "life".into(), premium: Money(premium), on_sale: true }
}

fn drafted() -> Event {
    Drafted { terms: terms(30) }
}

fn published() -> Event {
    Published { terms: terms(30) }
}

fn price(premium: u64) -> Command {
    Revise(Revision { premium: Some(Money(premium)), ..Revision::default() })
}
