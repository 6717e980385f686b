//! The number of crossings of the arrows, and the order of the lanes that has few of them.

use super::{
    chart::Chart,
    geometry::Geometry,
    placing::{Placing, moves},
    routing::{lines, ways},
    wires::Wire,
};

/// The most times that the order of the lanes is improved.
const IMPROVEMENTS_MAX: usize = 8;

/// A straight line of a wire: the coordinate that all its points have, and the range of the other.
struct Line {
    wire: Wire,
    at: i32,
    from: i32,
    to: i32,
}

/// The placing with one lane after the other moved to where the arrows cross least.
pub(super) fn improved(chart: &Chart, placing: Placing) -> Placing {
    let mut best = (crossings(chart, &placing), placing);
    for _ in 0..IMPROVEMENTS_MAX {
        let order = best.1.order();
        let others = moves(&order).map(|order| {
            let placing = best.1.with_lanes(chart, &order);
            (crossings(chart, &placing), placing)
        });
        // The first of the best is kept, so the result is the same every time.
        let better = others.min_by_key(|(crossings, _)| *crossings);
        match better.filter(|(crossings, _)| *crossings < best.0) {
            Some(better) => best = better,
            None => break,
        }
    }
    best.1
}

/// The number of places where two wires cross.
fn crossings(chart: &Chart, placing: &Placing) -> usize {
    let ways = ways(chart, placing);
    let geometry = Geometry::of(chart, placing, &ways, 1);
    let (mut level, mut upright) = (vec![], vec![]);
    for (wire, lines) in lines(&ways, &geometry, |way| geometry.sides(way)) {
        for corners in &lines.corners {
            for pair in corners.windows(2) {
                let [(x, y), (to_x, to_y)] = pair else { continue };
                if y == to_y {
                    level.push(Line { wire, at: *y, from: *x.min(to_x), to: *x.max(to_x) });
                } else {
                    upright.push(Line { wire, at: *x, from: *y.min(to_y), to: *y.max(to_y) });
                }
            }
        }
    }
    let crosses = |a: &Line, b: &Line| {
        a.wire != b.wire && a.from < b.at && b.at < a.to && b.from < a.at && a.at < b.to
    };
    level.iter().map(|a| upright.iter().filter(|b| crosses(a, b)).count()).sum()
}
