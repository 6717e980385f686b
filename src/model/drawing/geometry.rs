//! The coordinates of everything on a drawing, in pixels.

use super::{
    chart::{Chart, Exit},
    placing::Placing,
    routing::{Coordinates, Way, channel_pins, gutter_pins},
    sticker::{PORT, name_width},
    tracks::tracks,
    wires::Wire,
};
use std::collections::{BTreeMap, BTreeSet};

/// The height of the title and the legend, and the margin around the board.
const HEAD: i32 = 84;
const MARGIN: i32 = 20;

/// The distances between tracks, and of tracks from stickers and lanes.
const TRACK: i32 = 9;
const BESIDE: i32 = 15;
const GUTTER: i32 = 7;

/// The distances of stickers from each other and from the edges of their lane.
const ROW_GAP: i32 = 14;
const LANE_PAD: i32 = 12;

/// The distance of the arrows out of a sticker from those into it.
const LOWER: i32 = 6;

/// The rounds in which the tracks of a drawing are ordered.
pub(super) const ROUNDS: usize = 4;

/// The track of each wire, by channel or gutter.
type Tracks = BTreeMap<usize, BTreeMap<Wire, usize>>;

/// The coordinates of a chart.
pub(super) struct Geometry<'a> {
    chart: &'a Chart,
    placing: &'a Placing,
    channels: Tracks,
    gutters: Tracks,
    /// The wires with a straight arrow.
    straight: BTreeSet<Wire>,
    /// The left edges of the columns, and of the channels before them.
    column_x: Vec<i32>,
    channel_x: Vec<i32>,
    /// The tops of the lanes and of the gutters above them, by position.
    lane_y: Vec<i32>,
    gutter_y: Vec<i32>,
    lane_heights: Vec<i32>,
    /// The heights of the rows of the stickers within their lanes.
    row_y: Vec<i32>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

fn px(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl<'a> Geometry<'a> {
    pub(super) fn of(chart: &'a Chart, placing: &'a Placing, ways: &[Way], rounds: usize) -> Self {
        let mut geometry = Self {
            chart,
            placing,
            channels: Tracks::new(),
            gutters: Tracks::new(),
            straight: BTreeSet::new(),
            column_x: vec![],
            channel_x: vec![],
            lane_y: vec![],
            gutter_y: vec![],
            lane_heights: vec![],
            row_y: vec![0; chart.stickers.len()],
            width: 0,
            height: 0,
        };
        geometry.stack_rows();
        geometry.find_straight(ways);
        geometry.begin_tracks(ways);
        geometry.measure();
        for _ in 0..rounds {
            let pins = channel_pins(ways, &geometry);
            geometry.channels =
                pins.iter().map(|(channel, pins)| (*channel, tracks(pins))).collect();
            geometry.measure();
            let pins = gutter_pins(ways, &geometry);
            geometry.gutters = pins.iter().map(|(gutter, pins)| (*gutter, tracks(pins))).collect();
            geometry.measure();
        }
        geometry
    }

    /// Finds the wires with an arrow to the sticker beside theirs, in the same row.
    fn find_straight(&mut self, ways: &[Way]) {
        let place = |node: usize| (self.chart.stickers[node].lane, self.row_y[node]);
        let is_straight = |way: &&Way| way.gutter.is_none() && place(way.from) == place(way.to);
        self.straight = ways.iter().filter(is_straight).map(Way::start).collect();
    }

    /// Gives each wire a track of its own.
    fn begin_tracks(&mut self, ways: &[Way]) {
        let add = |tracks: &mut Tracks, place: usize, wire: Wire| {
            let tracks = tracks.entry(place).or_default();
            let next = tracks.len();
            tracks.entry(wire).or_insert(next);
        };
        for way in ways {
            add(&mut self.channels, way.leaves, way.start());
            add(&mut self.channels, way.enters, way.end());
            if let Some(gutter) = way.gutter {
                add(&mut self.gutters, gutter, way.end());
            }
        }
    }

    /// Stacks the rows of each lane.
    fn stack_rows(&mut self) {
        let lanes = self.chart.lanes.len();
        self.lane_heights = vec![0; lanes];
        for lane in 0..lanes {
            let stickers = || {
                let all = self.chart.stickers.iter().enumerate();
                all.filter(move |(_, sticker)| sticker.lane == lane)
            };
            let mut y = LANE_PAD;
            let rows = stickers().map(|(node, _)| self.placing.rows[node] + 1).max().unwrap_or(0);
            let mut tops = vec![];
            for row in 0..rows {
                let in_row = || stickers().filter(|(node, _)| self.placing.rows[*node] == row);
                let above = in_row().map(|(_, sticker)| sticker.above()).max().unwrap_or(0);
                let below = in_row().map(|(_, sticker)| sticker.below()).max().unwrap_or(0);
                tops.push(y + px(above));
                y += px(above + below) + ROW_GAP;
            }
            let nodes: Vec<usize> = stickers().map(|(node, _)| node).collect();
            for node in nodes {
                self.row_y[node] = tops[self.placing.rows[node]];
            }
            self.lane_heights[self.placing.lanes[lane]] = y - ROW_GAP + LANE_PAD;
        }
    }

    /// Computes all coordinates from the numbers of tracks.
    fn measure(&mut self) {
        let names = self.chart.lanes.iter().map(|lane| px(name_width(&lane.name)));
        let mut x = MARGIN + names.max().unwrap_or_default() + 28;
        (self.column_x, self.channel_x) = (vec![], vec![]);
        for (column, kind) in self.placing.kinds.iter().enumerate() {
            self.channel_x.push(x);
            x += breadth(&self.channels, column, BESIDE);
            self.column_x.push(x);
            x += px(kind.width());
        }
        self.channel_x.push(x);
        self.width = x + breadth(&self.channels, self.placing.kinds.len(), BESIDE) + MARGIN;
        let mut y = HEAD;
        (self.lane_y, self.gutter_y) = (vec![], vec![]);
        for (lane, height) in self.lane_heights.iter().enumerate() {
            self.gutter_y.push(y);
            y += breadth(&self.gutters, lane, GUTTER);
            self.lane_y.push(y);
            y += height;
        }
        self.gutter_y.push(y);
        self.height = y + breadth(&self.gutters, self.lane_heights.len(), GUTTER);
    }

    /// The frame of a lane.
    pub(super) fn lane(&self, lane: usize) -> Frame {
        let place = self.placing.lanes[lane];
        let (y, height) = (self.lane_y[place], self.lane_heights[place]);
        Frame { x: MARGIN, y, width: self.width - 2 * MARGIN, height }
    }

    /// The frames of the parts of a sticker.
    pub(super) fn parts(&self, node: usize) -> Vec<Frame> {
        let sticker = &self.chart.stickers[node];
        let mut y = self.main_y(node) - px(sticker.above());
        let (x, width) = (self.column_x[self.placing.columns[node]], px(sticker.kind.width()));
        let frame = |part: &super::sticker::Part| {
            let height = px(part.height());
            let frame = Frame { x, y, width, height };
            y += height;
            frame
        };
        sticker.parts.iter().map(frame).collect()
    }

    fn main_y(&self, node: usize) -> i32 {
        let lane = self.placing.lanes[self.chart.stickers[node].lane];
        self.lane_y[lane] + self.row_y[node]
    }

    /// The right edge of the sticker that a way leaves, and the left edge of the one it enters.
    pub(super) fn sides(&self, way: &Way) -> (i32, i32) {
        let left = |node: usize| self.column_x[self.placing.columns[node]];
        let width = px(self.chart.stickers[way.from].kind.width());
        (left(way.from) + width, left(way.to))
    }
}

/// The breadth of a channel or gutter with its margins.
fn breadth(tracks: &Tracks, place: usize, margin: i32) -> i32 {
    let tracks = tracks.get(&place).and_then(|tracks| tracks.values().max());
    tracks.map_or(margin * 2, |last| count(*last) * TRACK + margin * 2)
}

impl Coordinates for Geometry<'_> {
    fn exit_y(&self, way: &Way) -> i32 {
        let sticker = &self.chart.stickers[way.from];
        let main = self.main_y(way.from);
        let height = px(sticker.parts[sticker.main].height());
        main + match way.exit {
            Exit::Done if self.straight.contains(&way.start()) => px(PORT),
            // Lower than arrows enter, so that none lies upon an arrow into the next column.
            Exit::Done => px(PORT) + LOWER,
            Exit::Unchanged => height - 4,
            Exit::Refused => height + 8,
        }
    }

    fn entry_y(&self, node: usize) -> i32 {
        self.main_y(node) + px(PORT)
    }

    fn gutter_y(&self, gutter: usize, wire: Wire) -> i32 {
        let track = self.gutters.get(&gutter).and_then(|tracks| tracks.get(&wire));
        self.gutter_y[gutter] + GUTTER + count(track.copied().unwrap_or_default()) * TRACK
    }

    fn channel_x(&self, channel: usize, wire: Wire) -> i32 {
        let track = self.channels.get(&channel).and_then(|tracks| tracks.get(&wire));
        self.channel_x[channel] + BESIDE + count(track.copied().unwrap_or_default()) * TRACK
    }
}
