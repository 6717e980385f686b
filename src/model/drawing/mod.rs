//! A board drawn as people draw one on a wall, as an SVG: time from left to right, a lane for each
//! aggregate and each policy, and a sticker for each command, event and decision.
//!
//! ```text
//! board ─▶ chart: lanes, stickers, arrows ─▶ placing: lane, column, row of each sticker
//!                                                │
//!       SVG ◀─ geometry: coordinates ◀─ tracks ◀─ routing: nets, channels, gutters
//! ```
//! The same board is the same text: no step depends on a clock, a font or an order of hashing.

mod chart;
mod crossings;
mod geometry;
mod names;
mod placing;
mod routing;
mod sticker;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod tracks;
mod waits;
mod wires;

use super::board::Board;

/// Draws the boards, one below the other.
pub(super) fn svg(boards: &[Board]) -> String {
    svg::document(boards)
}
