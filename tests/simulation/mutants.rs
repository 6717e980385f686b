//! Planted bugs, each in the place of a few lines of a business, of its ports, or of the host that
//! runs it. The random worlds of the business must detect each one. They find no flaw without a bug,
//! as the tests beside the stories show.

mod claims;
mod education;
mod host;
mod insurance;
mod phone;
mod rental;
mod taxi;

use madang::domain::kernel::simulation::RandomWorlds;

/// Runs worlds with a bug until one of them has a flaw.
#[track_caller]
fn is_noticed(worlds: &RandomWorlds<'_>) {
    println!("{}", worlds.first_flaw(super::WORLDS).expect("the worlds do not detect the bug"));
}
