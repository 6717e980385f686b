//! What the tests share: the application inside the test, the real binary as a process, and a
//! payment provider outside of both.
#![allow(dead_code, missing_docs)] // each test uses its part

pub mod dice;
pub mod inside;
pub mod process;
pub mod provider;
pub mod suspension;
pub mod trace;

/// A client of HTTP.
pub fn client() -> reqwest::Client {
    // Whoever came first in this process has chosen it already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
