//! Views: projections of the journal into searchable rows. Every record is folded exactly once.

mod folding;
mod projection;
mod projector;
mod query_limits;
mod reader;
mod recent_rows;
mod shared_reads;
mod storage;
#[cfg(test)]
mod testing;
mod traced_rows;
mod waiting_readers;

pub use projection::{Projection, ViewProjection};
pub use projector::Projector;
pub use query_limits::Queries;
pub use reader::ViewReader;
pub use shared_reads::SharedReads;
pub use storage::{ViewStorage, view_path};
