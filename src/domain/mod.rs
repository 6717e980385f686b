//! Everything the businesses do, and nothing about how a computer does it.
//!
//! One folder per business. To add the next: add its folder, declare it, install it.

pub mod claims;
pub mod education;
pub mod insurance;
pub mod kernel;
pub mod phone;
pub mod rental;
pub mod taxi;

use kernel::Host;

/// Installs every business that madang ships.
pub fn install(host: &mut impl Host) {
    host.business::<insurance::Insurance>();
    host.business::<claims::Claims>();
    host.business::<phone::PhoneShop>();
    host.business::<rental::CarRental>();
    host.business::<taxi::CallTaxi>();
    host.business::<education::Education>();
}
