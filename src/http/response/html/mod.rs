//! Pages for people: HTML that is made from the JSON of an answer, without scripts and forms.
//!
//! ```text
//!  JSON ─▶ node ─┬─▶ collection, aggregate, problem, index
//!                ├─▶ conversation          records and waiting sagas
//!                └─▶ object                everything else
//!                       └─▶ table ─▶ value ─▶ text (the only escaping)
//!  frame: head, style, breadcrumb around each of them
//! ```

mod conversation;
mod frame;
mod kinds;
mod node;
mod object;
#[cfg(test)]
mod properties;
mod table;
mod text;
mod value;

pub use conversation::{Participants, has_record_of};
pub use frame::{CONTENT_SECURITY_POLICY, Crumb};
pub use kinds::{
    Aggregate, BusinessPaths, History, Rows, aggregate, business, collection, conversation, index,
    object, problem,
};
pub use node::Node;
pub use table::Sorting;
