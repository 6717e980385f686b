//! Commands and events between aggregate kinds: the registry of kinds, and the delivery of a
//! command until it is acknowledged.

mod delivery;
mod dyn_aggregate;
mod registry;

pub use delivery::{Ack, AckLevel, DeliveryError, Fence, Inherited, InternalCommand};
pub use dyn_aggregate::{
    Decoder, DynAggregate, decode_event, decode_rejection, event_to_json, named,
};
pub use registry::Registry;
