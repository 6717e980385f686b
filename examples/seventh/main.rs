//! A server that runs its own business besides the businesses that madang ships.

mod library;

use std::process::ExitCode;

fn main() -> ExitCode {
    madang::serve(|host| {
        madang::shipped(host);
        host.business::<library::Library>();
    })
}
