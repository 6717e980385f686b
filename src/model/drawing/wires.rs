//! The common parts of arrows, and where they leave their tracks.

use super::chart::Exit;
use std::collections::{BTreeMap, BTreeSet};

/// A common part of several arrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wire {
    /// From this sticker, at this place.
    From(usize, Exit),
    /// To this sticker, along this gutter.
    To(usize, usize),
}

/// The pins of each wire in a channel or a gutter.
pub(super) type Pins = BTreeMap<Wire, BTreeSet<Pin>>;

/// The place where a wire leaves its track to one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pin {
    /// The coordinate along the track.
    pub(super) at: i32,
    pub(super) side: Side,
}

/// The side of a track: left or above, or right or below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Before,
    After,
}
