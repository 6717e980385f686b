//! The change of stored types over time. A store remembers the shapes of its types, and values of
//! earlier shapes are converted when they are read.
//!
//! ```text
//! stored_type  one type with its upcasters: its shape, and the conversion of its values
//! catalogue    compares the types of this binary with the shapes in the store, at the start
//! sealing      encrypts personal texts, and shows them as erased once the key is destroyed
//! upcasting    converts records, snapshots and conversations of earlier shapes
//! journal      the journal whose records all have today's shapes, in clear
//! ```

mod catalogue;
mod journal;
mod sealing;
mod stored_type;
mod upcasting;

pub use catalogue::{Catalogue, KINDS_NAME, keys_in, keys_of};
pub use stored_type::StoredType;
pub use upcasting::{Place, Upcasting};

#[cfg(test)]
mod tests;
