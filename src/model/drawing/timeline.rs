//! The time of each sticker: the number of steps of the shortest story that leads to it.
//!
//! A command and its events are one step, and so are the decisions on them. A command comes one step
//! after the decision that sends it, and after the event without which it is refused.

use super::{chart::Chart, sticker::Kind};

/// The step of each sticker, from 0.
pub(super) fn steps(chart: &Chart) -> Vec<usize> {
    let mut steps: Vec<Option<usize>> = vec![None; chart.stickers.len()];
    // The steps only get smaller, so this ends.
    while let Some((node, step)) = first_change(chart, &steps) {
        steps[node] = Some(step);
    }
    steps.into_iter().map(Option::unwrap_or_default).collect()
}

fn first_change(chart: &Chart, steps: &[Option<usize>]) -> Option<(usize, usize)> {
    let found = (0..steps.len()).filter_map(|node| {
        let step = step_of(chart, steps, node)?;
        steps[node].is_none_or(|known| step < known).then_some((step, node))
    });
    found.min().map(|(step, node)| (node, step))
}

fn step_of(chart: &Chart, steps: &[Option<usize>], node: usize) -> Option<usize> {
    let sticker = &chart.stickers[node];
    let before = chart.arrows.iter().filter(|arrow| arrow.to == node);
    let earliest = before.filter_map(|arrow| steps[arrow.from]).min();
    match sticker.kind {
        Kind::Decision if sticker.is_start && earliest.is_none() => {
            // A timer was set by another decision of the same policy.
            let others = 0..steps.len();
            let others = others.filter(|other| {
                let other = &chart.stickers[*other];
                other.lane == sticker.lane && !other.is_start
            });
            others.filter_map(|other| steps[other]).min().map(|step| step + 1)
        }
        Kind::Event | Kind::Decision => earliest,
        Kind::Command => {
            let enabling = chart.enables.iter().find(|(_, command)| *command == node);
            let enabled = match enabling {
                Some((event, _)) => steps[*event]? + 1,
                None => 0,
            };
            let sent = earliest.map(|step| step + 1);
            let begun = if sticker.is_start { Some(0) } else { sent };
            begun.map(|begun| begun.max(enabled))
        }
    }
}
