//! The places of the stickers: the order of the lanes, a column for each step and kind, and a row
//! within the lane.

use super::{chart::Chart, sticker::Kind, timeline};
use std::collections::{BTreeMap, BTreeSet};

/// The number of sweeps over the columns. The last one is forward, so that events are beside their
/// commands.
const SWEEPS: usize = 7;

/// The places of the stickers of a chart.
pub(super) struct Placing {
    /// The position of each lane, from the top.
    pub(super) lanes: Vec<usize>,
    /// The column of each sticker, without gaps.
    pub(super) columns: Vec<usize>,
    /// The row of each sticker in its lane.
    pub(super) rows: Vec<usize>,
    /// The kind of the stickers in each column.
    pub(super) kinds: Vec<Kind>,
}

impl Placing {
    pub(super) fn of(chart: &Chart) -> Self {
        let steps = timeline::steps(chart);
        let times = steps.iter().zip(&chart.stickers).map(|(step, sticker)| (*step, sticker.kind));
        let times: Vec<(usize, Kind)> = times.collect();
        let used: BTreeSet<(usize, Kind)> = times.iter().copied().collect();
        let used: Vec<(usize, Kind)> = used.into_iter().collect();
        let column = |time| used.binary_search(time).unwrap_or_default();
        let mut placing = Self {
            lanes: order_of_lanes(chart),
            columns: times.iter().map(column).collect(),
            rows: vec![0; chart.stickers.len()],
            kinds: used.into_iter().map(|(_, kind)| kind).collect(),
        };
        placing.assign_rows(chart);
        placing
    }

    /// The same columns, with the lanes in another order from the top.
    pub(super) fn with_lanes(&self, chart: &Chart, order: &[usize]) -> Self {
        let mut placing = Self {
            lanes: places(order),
            columns: self.columns.clone(),
            rows: vec![0; chart.stickers.len()],
            kinds: self.kinds.clone(),
        };
        placing.assign_rows(chart);
        placing
    }

    /// The lanes from the top.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by_key(|lane| self.lanes[*lane]);
        order
    }

    /// Orders the stickers of each cell by the average height of their neighbours.
    fn assign_rows(&mut self, chart: &Chart) {
        let mut cells: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (node, sticker) in chart.stickers.iter().enumerate() {
            cells.entry((self.columns[node], sticker.lane)).or_default().push(node);
        }
        for cell in cells.values() {
            for (row, node) in cell.iter().enumerate() {
                self.rows[*node] = row;
            }
        }
        for sweep in 0..SWEEPS {
            let is_forward = sweep % 2 == 0;
            let mut order: Vec<_> = cells.keys().copied().collect();
            if !is_forward {
                order.reverse();
            }
            for key in order {
                let cell = &cells[&key];
                self.assign_cell(chart, cell, is_forward);
            }
        }
    }

    fn assign_cell(&mut self, chart: &Chart, cell: &[usize], is_forward: bool) {
        let mut nodes: Vec<(usize, usize, usize)> = cell
            .iter()
            .map(|node| (self.barycenter(chart, *node, is_forward), self.rows[*node], *node))
            .collect();
        nodes.sort_unstable();
        let mut next = 0;
        for (_, _, node) in nodes {
            let row = self.beside(chart, node).map_or(next, |beside| next.max(beside));
            self.rows[node] = row;
            next = row + 1;
        }
    }

    /// The row of the command that leads to this event in the same step, so that the arrow between
    /// them is straight.
    fn beside(&self, chart: &Chart, node: usize) -> Option<usize> {
        if chart.stickers[node].kind != Kind::Event {
            return None;
        }
        let before = chart.arrows.iter().filter(|arrow| arrow.to == node).map(|arrow| arrow.from);
        let beside = before.filter(|from| self.columns[*from] + 1 == self.columns[node]);
        beside.map(|from| self.rows[from]).min()
    }

    /// The average height of the neighbours, in hundredths of a row.
    fn barycenter(&self, chart: &Chart, node: usize, is_forward: bool) -> usize {
        let height =
            |node: usize| self.lanes[chart.stickers[node].lane] * 10_000 + self.rows[node] * 100;
        let arrows = chart.arrows.iter();
        let neighbours = arrows.filter_map(|arrow| {
            let (here, there) =
                if is_forward { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) };
            (here == node).then_some(there)
        });
        let heights: Vec<usize> = neighbours.map(height).collect();
        if heights.is_empty() {
            height(node)
        } else {
            heights.iter().sum::<usize>() / heights.len()
        }
    }
}

/// The position of each lane: lanes with many arrows between them are close together.
fn order_of_lanes(chart: &Chart) -> Vec<usize> {
    let lane = |node: usize| chart.stickers[node].lane;
    let mut weights: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for arrow in &chart.arrows {
        let (from, to) = (lane(arrow.from), lane(arrow.to));
        *weights.entry((from.min(to), from.max(to))).or_default() += 1;
    }
    let cost = |order: &[usize]| {
        let places = places(order);
        let cost =
            |((a, b), weight): (&(usize, usize), &usize)| places[*a].abs_diff(places[*b]) * weight;
        weights.iter().map(cost).sum::<usize>()
    };
    let mut order: Vec<usize> = (0..chart.lanes.len()).collect();
    let mut best = cost(&order);
    while let Some((better, moved)) = moves(&order).map(|order| (cost(&order), order)).min()
        && better < best
    {
        (best, order) = (better, moved);
    }
    if order.iter().position(|lane| *lane == 0) > Some(order.len() / 2) {
        order.reverse();
    }
    places(&order)
}

/// The position of each lane in this order.
fn places(order: &[usize]) -> Vec<usize> {
    let mut places = vec![0; order.len()];
    for (place, lane) in order.iter().enumerate() {
        places[*lane] = place;
    }
    places
}

/// The orders in which one lane is at another place.
pub(super) fn moves(order: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let places = 0..order.len();
    places.clone().flat_map(move |from| {
        places.clone().map(move |to| {
            let mut moved = order.to_vec();
            let lane = moved.remove(from);
            moved.insert(to, lane);
            moved
        })
    })
}
