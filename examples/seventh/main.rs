//! A server with a business of one's own beside those that madang ships.

mod library;

use std::process::ExitCode;

fn main() -> ExitCode {
    madang::serve(|host| {
        madang::shipped(host);
        host.business::<library::Library>();
    })
}
