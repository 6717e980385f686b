//! Specifications of the catalogue aggregate.

use super::{
    Catalogue,
    Command::{self, Enter, Quote},
    Event::{self, Entered, Quoted},
    Rejection,
};
use crate::domain::insurance::{product::Terms, settings::Settings};
use crate::domain::kernel::{Id, Money, spec::Spec};

#[test]
fn an_application_is_quoted_the_current_premium() {
    Catalogue::given([entered(1, "life", 30)]).when(quote("life")).then([quoted(30, Some(1))]);
    Catalogue::given([entered(1, "life", 30), entered(1, "life", 40)])
        .when(quote("life"))
        .then([quoted(40, Some(1))]);
}

#[test]
fn a_withdrawn_product_is_not_quoted() {
    let terms = Terms { on_sale: false, ..terms("life", 30) };
    Catalogue::given([entered(1, "life", 30), Entered { product: Id::new(1), terms }])
        .when(quote("life"))
        .rejected(Rejection::IsWithdrawn);
}

#[test]
fn an_unregistered_product_costs_the_default_or_is_rejected() {
    let closed = || Settings { open_catalogue: false, ..Settings::default() };
    Catalogue::given([]).when(quote("life")).then([quoted(50_000, None)]);
    Catalogue::given([]).under(closed()).when(quote("life")).rejected(Rejection::NotRegistered);
    Catalogue::given([entered(1, "life", 30)])
        .under(closed())
        .when(quote("life"))
        .then([quoted(30, Some(1))]);
}

#[test]
fn no_two_products_have_one_name() {
    let past = || [entered(1, "life", 30)];
    Catalogue::given(past()).when(enter(2, "life", 40)).rejected(Rejection::NameTaken);
    Catalogue::given(past()).when(enter(2, "limb", 40)).then([entered(2, "limb", 40)]);
    Catalogue::given(past()).when(enter(1, "life", 30)).then([]);
}

#[test]
fn a_name_that_is_given_up_is_free_again() {
    let past = || [entered(1, "life", 30), entered(1, "limb", 30)];
    Catalogue::given(past()).when(quote("life")).then([quoted(50_000, None)]);
    Catalogue::given(past()).when(enter(2, "life", 40)).then([entered(2, "life", 40)]);
}

fn terms(name: &str, premium: u64) -> Terms {
    Terms { product_name: name.into(), premium: Money(premium), on_sale: true }
}

fn enter(product: u64, name: &str, premium: u64) -> Command {
    Enter { product: Id::new(product), terms: terms(name, premium) }
}

fn entered(product: u64, name: &str, premium: u64) -> Event {
    Entered { product: Id::new(product), terms: terms(name, premium) }
}

fn quote(name: &str) -> Command {
    Quote { subscription: Id::new(7), product_name: name.into() }
}

fn quoted(premium: u64, product: Option<u64>) -> Event {
    let (subscription, product) = (Id::new(7), product.map(Id::new));
    Quoted { subscription, premium: Money(premium), product }
}
