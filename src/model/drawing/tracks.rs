//! The order of parallel tracks in a channel or a gutter, with few crossings.

use super::wires::{Pin, Pins, Side, Wire};
use std::collections::BTreeMap;

/// The price of two wires that lie upon each other, in crossings.
const OVERLAP: usize = 1_000;

/// The distance at which two parallel lines are one for the eye, in pixels.
const NEAR: i32 = 3;

/// The track of each wire, from 0; wires that do not meet share one.
pub(super) fn tracks(pins: &Pins) -> BTreeMap<Wire, usize> {
    let wires: Vec<Wire> = pins.keys().copied().collect();
    let costs: BTreeMap<(Wire, Wire), usize> = wires
        .iter()
        .flat_map(|a| wires.iter().map(move |b| (*a, *b)))
        .map(|(a, b)| ((a, b), cost(pins, a, b)))
        .collect();
    let mut order = wires;
    order.sort_by_key(|wire| (middle(pins, *wire), *wire));
    while improve(&mut order, &costs) {}
    packed(pins, &order)
}

/// Moves one wire to the place where it crosses the fewest others; false when it is there already.
fn improve(order: &mut Vec<Wire>, costs: &BTreeMap<(Wire, Wire), usize>) -> bool {
    for from in 0..order.len() {
        let wire = order[from];
        // The change of the cost when the wire moves step by step to the left or to the right.
        let mut best = (0_i64, from);
        for is_left in [true, false] {
            let others: Vec<usize> =
                if is_left { (0..from).rev().collect() } else { (from + 1..order.len()).collect() };
            let mut change = 0_i64;
            for place in others {
                let before = costs[&(order[place], wire)];
                let after = costs[&(wire, order[place])];
                let (now, then) = if is_left { (before, after) } else { (after, before) };
                change += i64::try_from(then).unwrap_or_default();
                change -= i64::try_from(now).unwrap_or_default();
                if change < best.0 {
                    best = (change, place);
                }
            }
        }
        if best.0 < 0 {
            order.remove(from);
            order.insert(best.1, wire);
            return true;
        }
    }
    false
}

/// The crossings when the track of `a` is before that of `b`.
fn cost(pins: &Pins, a: Wire, b: Wire) -> usize {
    if a == b {
        return 0;
    }
    let after = pins[&a].iter().filter(|pin| pin.side == Side::After);
    let before = pins[&b].iter().filter(|pin| pin.side == Side::Before);
    let crossing = after.clone().filter(|pin| is_within(pins, b, pin.at)).count()
        + before.clone().filter(|pin| is_within(pins, a, pin.at)).count();
    let is_near = |pin: &Pin, other: &Pin| (pin.at - other.at).abs() < NEAR;
    let overlapping = after.map(|pin| before.clone().filter(|other| is_near(pin, other)).count());
    crossing + OVERLAP * overlapping.sum::<usize>()
}

fn ends(pins: &Pins, wire: Wire) -> (i32, i32) {
    let at = pins[&wire].iter().map(|pin| pin.at);
    (at.clone().min().unwrap_or_default(), at.max().unwrap_or_default())
}

fn is_within(pins: &Pins, wire: Wire, at: i32) -> bool {
    let (start, end) = ends(pins, wire);
    start < at && at < end
}

fn middle(pins: &Pins, wire: Wire) -> i32 {
    let (start, end) = ends(pins, wire);
    start + end
}

/// The tracks in this order; a wire is beside those before it unless they do not meet.
fn packed(pins: &Pins, order: &[Wire]) -> BTreeMap<Wire, usize> {
    let mut tracks: BTreeMap<Wire, usize> = BTreeMap::new();
    for wire in order {
        let (start, end) = ends(pins, *wire);
        let meets = |other: &Wire| {
            let (from, to) = ends(pins, *other);
            from <= end + NEAR && start <= to + NEAR
        };
        let beside = tracks.iter().filter(|(other, _)| meets(other)).map(|(_, track)| track + 1);
        let track = beside.max().unwrap_or_default();
        tracks.insert(*wire, track);
    }
    tracks
}
