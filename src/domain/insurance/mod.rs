//! Insurance business: a customer applies for a policy and pays, an underwriter decides, and failed
//! applications are refunded.

pub mod application;
pub mod assessment;
pub mod catalogue;
pub mod catalogue_view;
pub mod desk;
mod invariants;
pub mod listing;
pub mod payment;
pub mod product;
pub mod settings;
pub mod subscription;
pub mod subscription_view;
pub mod underwriting;

use super::kernel::{prelude::*, roster};

/// Role of the staff who decide on subscriptions.
pub const UNDERWRITER: &str = "underwriter";

/// Role of the staff who register, revise and withdraw products.
pub const PRODUCT_MANAGER: &str = "product-manager";

#[derive(Clone, Copy, Debug)]
pub struct Insurance;

impl Business for Insurance {
    const NAME: &'static str = "insurance";
    const STAFF: &'static [&'static str] = &[UNDERWRITER, PRODUCT_MANAGER];
    type Settings = settings::Settings;
    const MEANINGS: Meanings = settings::Settings::MEANINGS;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("products", r#"{"productName":"cancer","premium":30000}"#),
        ("subscriptions", r#"{"productName":"cancer","customer":"Jung"}"#),
        ("underwritings/{number}", r#"{"underwritingStatus":"approve"}"#),
    ];

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        roster::install::<desk::Desk>(host);
        host.aggregate::<subscription::Subscription>()
            .aggregate::<payment::Payment>()
            .aggregate::<underwriting::Underwriting>()
            .aggregate::<product::Product>()
            .aggregate::<catalogue::Catalogue>()
            .saga::<application::Application>()
            .saga::<assessment::Assessment>()
            .saga::<listing::Listing>()
            .port::<payment::PremiumPayment>()
            .lookup::<catalogue_view::Quoting>()
            .view::<catalogue_view::CatalogueView>()
            .view::<subscription_view::SubscriptionView>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}
