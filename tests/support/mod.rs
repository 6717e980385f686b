//! Shared parts of the tests: the application inside the test and commands to its runtime, the real
//! binary as a process, and a payment provider outside both.
#![allow(dead_code, missing_docs)] // each test uses its part

pub mod commands;
pub mod dice;
pub mod inside;
pub mod markup;
pub mod messages;
pub mod process;
pub mod provider;
pub mod story;
pub mod suspension;
pub mod token;
pub mod tools;
pub mod trace;

/// An HTTP client.
pub fn client() -> reqwest::Client {
    // Another test of this process may have chosen the TLS provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
