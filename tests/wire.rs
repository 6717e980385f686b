//! Stored bytes are a promise.
#[test]
fn nothing() {}
