//! Views: projections of the journal into searchable rows. Every record is folded exactly once.

mod projection;
mod projector;
mod query_limits;
mod reader;
mod recent_rows;
mod storage;
mod traced_rows;

pub use projection::{Projection, ViewProjection};
pub use projector::Projector;
pub use query_limits::Queries;
pub use reader::ViewReader;
pub use storage::{ViewStorage, view_path};
