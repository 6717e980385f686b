//! Insurance business: a customer applies for a policy and pays, an underwriter decides, and failed
//! applications are refunded.

pub mod application;
pub mod assessment;
pub mod catalogue;
pub mod catalogue_view;
pub mod desk;
mod invariants;
pub mod listing;
pub mod part;
pub mod payment;
pub mod product;
pub mod quoting;
pub mod settings;
pub mod subscription;
pub mod subscription_view;
pub mod underwriting;

use super::kernel::{Business, Host, StateReader};
use application::Application;
use assessment::Assessment;
use catalogue::Catalogue;
use catalogue_view::CatalogueView;
use desk::{Choice, Roster, Workload};
use listing::Listing;
use payment::{Payment, PremiumPayment};
use product::Product;
use quoting::Quoting;
use settings::Settings;
use subscription::Subscription;
use subscription_view::SubscriptionView;
use underwriting::Underwriting;

/// The business of insuring.
#[derive(Clone, Copy, Debug)]
pub struct Insurance;

impl Business for Insurance {
    const NAME: &'static str = "insurance";
    type Settings = Settings;

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        host.aggregate::<Subscription>()
            .aggregate::<Payment>()
            .aggregate::<Underwriting>()
            .aggregate::<Roster>()
            .aggregate::<Product>()
            .aggregate::<Catalogue>()
            .saga::<Application>()
            .saga::<Assessment>()
            .saga::<Listing>()
            .port::<PremiumPayment>()
            .lookup::<Quoting>()
            .lookup::<Choice>()
            .view::<Workload>()
            .view::<CatalogueView>()
            .view::<SubscriptionView>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// Role of the staff who decide on subscriptions.
pub const UNDERWRITER: &str = "underwriter";

/// Role of the staff who register, revise and withdraw products.
pub const PRODUCT_MANAGER: &str = "product-manager";
