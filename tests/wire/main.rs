//! Stored bytes never change: every event, rejection and saga state of every business reads back
//! as it was written.

mod claims;
mod corpus;
mod education;
mod insurance;
mod phone;
mod rental;
mod taxi;

use madang::domain::kernel::Message;

fn encode<T: Message>(value: &T) -> Vec<u8> {
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(value, config).unwrap();
    let (back, _): (T, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_eq!(back, *value, "the value does not read back");
    bytes
}
