//! The ways of the arrows: right angles in the channels between columns and in the gutters between
//! lanes, so that no arrow crosses a sticker.
//!
//! All arrows from one place of a sticker share a wire, its trunk. It leaves to the right, and runs in
//! the channel beside the column. When the target is not in the next column, a second wire leads
//! along a gutter and to the target. All arrows that come to a target along one gutter share it.

use super::{
    chart::{Chart, Exit},
    placing::Placing,
    wires::{Pin, Pins, Side, Wire},
};
use std::collections::{BTreeMap, BTreeSet};

/// The way of an arrow.
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) exit: Exit,
    pub(super) to: usize,
    pub(super) is_sync: bool,
    /// The channels beside the sticker that it leaves, and beside the one that it enters. The channel
    /// to the left of a column has its number.
    pub(super) leaves: usize,
    pub(super) enters: usize,
    /// The gutter between both channels; `None` when they are the same. The gutter above a lane has
    /// its position.
    pub(super) gutter: Option<usize>,
}

impl Way {
    pub(super) const fn start(&self) -> Wire {
        Wire::From(self.from, self.exit)
    }

    /// The wire that enters the target.
    pub(super) const fn end(&self) -> Wire {
        match self.gutter {
            Some(gutter) => Wire::To(self.to, gutter),
            None => self.start(),
        }
    }
}

/// The ways of all arrows of a chart.
pub(super) fn ways(chart: &Chart, placing: &Placing) -> Vec<Way> {
    let lane = |node: usize| placing.lanes[chart.stickers[node].lane];
    let way = |arrow: &super::chart::Arrow| {
        let (leaves, enters) = (placing.columns[arrow.from] + 1, placing.columns[arrow.to]);
        let (from, to) = (lane(arrow.from), lane(arrow.to));
        let is_below = from > to || (from == to && leaves > enters);
        let gutter = if is_below { to + 1 } else { to };
        Way {
            from: arrow.from,
            exit: arrow.exit,
            to: arrow.to,
            is_sync: arrow.is_sync,
            leaves,
            enters,
            gutter: (leaves != enters).then_some(gutter),
        }
    };
    chart.arrows.iter().map(way).collect()
}

/// The coordinates that pins need: of the ports of the stickers, and of the tracks so far.
pub(super) trait Coordinates {
    /// The height of the port where this way leaves its sticker.
    fn exit_y(&self, way: &Way) -> i32;
    /// The height of the port where arrows enter this sticker.
    fn entry_y(&self, node: usize) -> i32;
    /// The height of a wire in a gutter.
    fn gutter_y(&self, gutter: usize, wire: Wire) -> i32;
    /// The place of a wire in a channel.
    fn channel_x(&self, channel: usize, wire: Wire) -> i32;
}

/// The pins of the wires in every channel, by the number of the channel.
pub(super) fn channel_pins(ways: &[Way], at: &impl Coordinates) -> BTreeMap<usize, Pins> {
    let mut channels: BTreeMap<usize, Pins> = BTreeMap::new();
    for way in ways {
        let mut add = |channel: usize, wire: Wire, at: i32, side: Side| {
            let pins = channels.entry(channel).or_default();
            pins.entry(wire).or_default().insert(Pin { at, side });
        };
        add(way.leaves, way.start(), at.exit_y(way), Side::Before);
        add(way.enters, way.end(), at.entry_y(way.to), Side::After);
        if let Some(gutter) = way.gutter {
            let at = at.gutter_y(gutter, way.end());
            let is_forward = way.enters > way.leaves;
            let (out, into) =
                if is_forward { (Side::After, Side::Before) } else { (Side::Before, Side::After) };
            add(way.leaves, way.start(), at, out);
            add(way.enters, way.end(), at, into);
        }
    }
    channels
}

/// The pins of the wires in every gutter.
pub(super) fn gutter_pins(ways: &[Way], at: &impl Coordinates) -> BTreeMap<usize, Pins> {
    let mut gutters: BTreeMap<usize, Pins> = BTreeMap::new();
    for way in ways {
        let Some(gutter) = way.gutter else { continue };
        let y = at.gutter_y(gutter, way.end());
        let side = |other: i32| if other < y { Side::Before } else { Side::After };
        let pins = gutters.entry(gutter).or_default().entry(way.end()).or_default();
        let leaves = at.channel_x(way.leaves, way.start());
        let enters = at.channel_x(way.enters, way.end());
        pins.insert(Pin { at: leaves, side: side(at.exit_y(way)) });
        pins.insert(Pin { at: enters, side: side(at.entry_y(way.to)) });
    }
    gutters
}

/// The lines of a wire, each once.
#[derive(Default)]
pub(super) struct Lines {
    /// Whether one of the arrows is followed at once.
    pub(super) is_sync: bool,
    /// The arrow that gives the wire its colour.
    pub(super) first: usize,
    pub(super) corners: BTreeSet<Vec<(i32, i32)>>,
}

/// The lines of every wire; `sides` has the right and left edges of the stickers of an arrow.
pub(super) fn lines(
    ways: &[Way],
    at: &impl Coordinates,
    sides: impl Fn(&Way) -> (i32, i32),
) -> BTreeMap<Wire, Lines> {
    let mut wires: BTreeMap<Wire, Lines> = BTreeMap::new();
    for (nth, way) in ways.iter().enumerate() {
        let mut add = |wire: Wire, corners: Vec<(i32, i32)>| {
            let lines =
                wires.entry(wire).or_insert_with(|| Lines { first: nth, ..Lines::default() });
            lines.is_sync |= way.is_sync;
            lines.corners.insert(corners);
        };
        let ((right, left), from, to) = (sides(way), at.exit_y(way), at.entry_y(way.to));
        let out = at.channel_x(way.leaves, way.start());
        match way.gutter {
            None => add(way.start(), vec![(right, from), (out, from), (out, to), (left, to)]),
            Some(gutter) => {
                let y = at.gutter_y(gutter, way.end());
                let into = at.channel_x(way.enters, way.end());
                add(way.start(), vec![(right, from), (out, from), (out, y)]);
                add(way.end(), vec![(out, y), (into, y), (into, to), (left, to)]);
            }
        }
    }
    wires
}
