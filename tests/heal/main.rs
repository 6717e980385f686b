//! Failed parts recover by themselves, and no other part is affected.

mod crash;
mod disk;
mod doubt;
mod drill;
mod faults;
mod full;
mod hanging;
mod load;
mod parts;
mod port;
mod probe;
mod reading;
mod relay;
mod saga;
mod shard;
#[path = "../support/mod.rs"]
mod support;
mod systemd;
