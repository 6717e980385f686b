//! What the tests share: the application inside the test, the real binary as a process, and a
//! payment provider outside of both.
#![allow(dead_code, missing_docs)] // each test uses its part

pub mod inside;
pub mod process;
pub mod provider;
