//! The rules of all businesses, free of I/O, threads and storage.
//!
//! Each business has its own folder. To add a business, add its folder, declare it here and
//! install it in [`install`].

#[allow(missing_docs, reason = "names of a business say what they are")]
pub mod claims;
#[allow(missing_docs, reason = "names of a business say what they are")]
pub mod education;
#[allow(missing_docs, reason = "names of a business say what they are")]
pub mod insurance;
pub mod kernel;
#[allow(missing_docs, reason = "names of a business say what they are")]
pub mod phone;
#[allow(missing_docs, reason = "names of a business say what they are")]
pub mod rental;
#[allow(missing_docs, reason = "names of a business say what they are")]
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
