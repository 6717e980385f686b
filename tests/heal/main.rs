//! What breaks comes back by itself, and nobody else notices.

mod crash;
mod disk;
mod full;
mod load;
mod probe;
mod relay;
mod saga;
