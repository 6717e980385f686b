//! What the tests of the real binary share: the server as a process, and a payment provider of its own.
#![allow(dead_code, missing_docs)] // each test uses its part

pub mod dice;
pub mod process;
pub mod provider;
