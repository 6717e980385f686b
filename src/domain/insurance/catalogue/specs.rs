//! Specifications of the catalogue.

use super::*;
use crate::domain::kernel::spec::Spec;

#[test]
fn no_two_products_have_one_name() {
    let catalogue = || Catalogue::given([entered(1, "life", 30)]);
    catalogue().when(enter(2, "life", 40)).rejected(Rejection::NameTaken);
    catalogue().when(enter(2, "limb", 40)).then([entered(2, "limb", 40)]);
    catalogue().when(enter(1, "life", 30)).then([]);
}

#[test]
fn a_name_that_is_given_up_is_free_again() {
    let past = [entered(1, "life", 30), entered(1, "limb", 30)];
    Catalogue::given(past).when(enter(2, "life", 40)).then([entered(2, "life", 40)]);
}

#[test]
fn a_quote_of_a_version_before_changes_nothing() {
    let quoted = Quoted { subscription: Id::new(7), premium: Money(30), product: Some(Id::new(1)) };
    let past = [entered(1, "life", 30), quoted];
    assert_eq!(Catalogue::after(past), Catalogue::after([entered(1, "life", 30)]));
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
