//! What the tests of the real binary share: the server as a process, and a payment provider of its own.
#![allow(dead_code, missing_docs)] // each test uses its part

pub mod dice;
pub mod process;
pub mod provider;
pub mod trace;

/// A client of HTTP.
pub fn client() -> reqwest::Client {
    // Another test of this process may have chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
