//! The text of an SVG: the stickers with their colours, the arrows, the legend.

use super::{
    chart::{Chart, Exit},
    crossings,
    geometry::{Frame, Geometry, ROUNDS},
    placing::Placing,
    routing::{Coordinates as _, Way, lines, ways},
    sticker::{self, Kind, MARGIN, Part, SIGN},
    text::escaped,
};
use crate::model::board::{Board, View};
use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

/// The colours are those of event storming. The board has a background of its own, so that it is
/// readable on a page of any colour.
const STYLE: &str = "\
text{font-family:'DejaVu Sans',Arial,Helvetica,sans-serif;fill:#1f2933}\
.wall{fill:#ffffff;stroke:#d5dae1}\
.lane-aggregate{fill:#fffbe8}.lane-policy,.lane-lookup{fill:#f8f2fc}.lane-service{fill:#fff1f6}\
.lane-view{fill:#f1f9ec}\
rect.command{fill:#a6ccf5;stroke:#3a7abf}rect.event{fill:#ffb866;stroke:#c97a1a}\
rect.policy{fill:#dcc2f1;stroke:#8e5bb5}rect.rejection{fill:#f6a5a0;stroke:#c0443c}\
rect.view{fill:#b9e3a3;stroke:#5a9a3a}rect.service{fill:#ffb3cf;stroke:#c2527f}\
rect.actor{fill:#fff27a;stroke:#c9b400}\
circle{fill:#5a9a3a}.sign{fill:#ffffff;text-anchor:middle}.what{fill:#6b7685}\
.wire{fill:none;stroke-width:1.5;stroke-linejoin:round}.later{stroke-dasharray:5 3}\
.of-command{stroke:#2f6fb3}.of-event{stroke:#b8670f}.of-policy{stroke:#7d46a8}\
.of-service{stroke:#b53d6d}.of-refusal{stroke:#b8342b}.of-lookup{stroke:#7d46a8}\
.head{fill:#39424e}";

/// The height of a view, the gap between views, and the pixels below the last.
const VIEW_GAP: i32 = 14;
const FOOT: i32 = 20;
const LEFT: i32 = 20;

/// The entries of the legend: class, text and width in pixels.
const LEGEND: [(&str, &str, i32); 7] = [
    ("actor", "who may", 84),
    ("command", "command", 92),
    ("rejection", "rejection", 92),
    ("event", "event", 72),
    ("policy", "policy decides", 118),
    ("service", "outside service", 124),
    ("view", "view", 64),
];

/// The boards, one below the other.
pub(super) fn document(boards: &[Board]) -> String {
    let drawn: Vec<Drawing> = boards.iter().map(Drawing::of).collect();
    let width = drawn.iter().map(|drawing| drawing.width).max().unwrap_or(0);
    let height: i32 = drawn.iter().map(|drawing| drawing.height).sum();
    let names: Vec<&str> = boards.iter().map(|board| board.business.as_str()).collect();
    let names = escaped(&names.join(", "));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>The event-storming board of {names}</title>\n<style>{STYLE}</style>\n"
    );
    let mut y = 0;
    for drawing in drawn {
        let _ = writeln!(text, "<g transform=\"translate(0 {y})\">\n{}</g>", drawing.text);
        y += drawing.height;
    }
    text + "</svg>\n"
}

/// The text of one board, and its size.
struct Drawing {
    text: String,
    width: i32,
    height: i32,
}

impl Drawing {
    fn of(board: &Board) -> Self {
        let chart = Chart::of(board);
        let placing = crossings::improved(&chart, Placing::of(&chart));
        let ways = ways(&chart, &placing);
        let geometry = Geometry::of(&chart, &placing, &ways, ROUNDS);
        let mut body = Body(String::new());
        for (nth, lane) in chart.lanes.iter().enumerate() {
            body.lane(geometry.lane(nth), &lane.name, lane.what);
        }
        body.arrows(&chart, &geometry, &ways);
        for (node, sticker) in chart.stickers.iter().enumerate() {
            let views = &sticker.views;
            body.sticker(&sticker.title, &sticker.parts, &geometry.parts(node), views);
        }
        let width = geometry.width.max(LEFT * 2 + 700);
        let height = body.views(&board.views, geometry.height, width) + FOOT;
        let mut drawing = Body(String::new());
        drawing.head(board, width, height);
        Self { text: drawing.0 + &body.0, width, height }
    }
}

struct Body(String);

impl Body {
    fn add(&mut self, line: fmt::Arguments<'_>) {
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    fn rect(&mut self, class: &str, frame: Frame, radius: i32) {
        let Frame { x, y, width, height } = frame;
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             rx=\"{radius}\"/>"
        ));
    }

    fn text(&mut self, class: &str, (x, y): (i32, i32), size: u32, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.add(format_args!(
            "<text{class} x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{}</text>",
            escaped(text)
        ));
    }

    /// The title, the legend, and a sentence when outcomes may be missing.
    fn head(&mut self, board: &Board, width: i32, height: i32) {
        self.rect("wall", Frame { x: 1, y: 1, width: width - 2, height: height - 2 }, 10);
        self.text("", (LEFT, 38), 24, &board.business);
        let mut x =
            LEFT + i32::try_from(sticker::name_width(&board.business)).unwrap_or(0) * 2 + 24;
        for (class, text, width) in LEGEND {
            self.rect(class, Frame { x, y: 24, width: 14, height: 14 }, 2);
            self.text("", (x + 20, 35), 11, text);
            x += width + 8;
        }
        for (class, text) in [("", "at once, or while a client waits"), (" later", "later")] {
            self.add(format_args!(
                "<path class=\"wire of-event{class}\" d=\"M{x} 31H{}\"/>",
                x + 34
            ));
            self.text("", (x + 40, 35), 11, text);
            x += 250;
        }
        if let Some(missing) = board.missing_outcomes() {
            self.text("what", (LEFT, 62), 11, &missing);
        }
    }

    fn lane(&mut self, frame: Frame, name: &str, what: &str) {
        self.rect(&format!("lane-{what}"), frame, 6);
        self.text("", (frame.x + 10, frame.y + 24), 15, name);
        self.text("what", (frame.x + 10, frame.y + 39), 10, what);
    }

    fn sticker(&mut self, title: &str, parts: &[Part], frames: &[Frame], views: &[usize]) {
        self.add(format_args!("<g class=\"sticker\"><title>{}</title>", escaped(title)));
        for (part, frame) in parts.iter().zip(frames) {
            self.part(part, *frame);
        }
        if let Some(last) = frames.last() {
            let radius = i32::try_from(SIGN).unwrap_or_default();
            for (nth, view) in views.iter().rev().enumerate() {
                let nth = i32::try_from(nth).unwrap_or_default();
                let (x, y) = (last.x + last.width - 12 - nth * 16, last.y + last.height);
                self.add(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
                self.text("sign", (x, y + 4), 10, &view.to_string());
            }
        }
        self.0.push_str("</g>\n");
    }

    fn part(&mut self, part: &Part, frame: Frame) {
        self.rect(part.class, frame, 2);
        let mut y = frame.y + i32::try_from(part.margin()).unwrap_or_default();
        let x = frame.x + i32::try_from(MARGIN).unwrap_or_default();
        for line in &part.lines {
            y += i32::try_from(line.size).unwrap_or_default();
            self.text("", (x, y - 1), line.size, &line.text);
            y += 3;
        }
    }

    /// The arrows: each wire once, and one head for all arrows to a sticker.
    fn arrows(&mut self, chart: &Chart, geometry: &Geometry<'_>, ways: &[Way]) {
        for lines in lines(ways, geometry, |way| geometry.sides(way)).into_values() {
            let Way { from, exit, .. } = ways[lines.first];
            let from = &chart.stickers[from];
            let class = match (from.kind, exit) {
                (_, Exit::Refused | Exit::Unchanged) => "refusal",
                (Kind::Command, _) => "command",
                (Kind::Event, _) => "event",
                (Kind::Decision, _) => chart.lanes[from.lane].what,
            };
            let later = if lines.is_sync { "" } else { " later" };
            let d: Vec<String> = lines.corners.iter().map(|corners| path(corners)).collect();
            let d = d.join("");
            self.add(format_args!("<path class=\"wire of-{class}{later}\" d=\"{d}\"/>"));
        }
        let heads = ways.iter().map(|way| (geometry.sides(way).1, geometry.entry_y(way.to)));
        for (x, y) in heads.collect::<BTreeSet<_>>() {
            self.add(format_args!("<path class=\"head\" d=\"M{x} {y}l-8 -4v8z\"/>"));
        }
    }

    /// The lane of the views; returns its lower edge.
    fn views(&mut self, views: &[View], top: i32, width: i32) -> i32 {
        if views.is_empty() {
            return top;
        }
        let size = i32::try_from(Kind::Decision.width()).unwrap_or_default();
        let parts: Vec<Part> = views.iter().map(sticker::view).collect();
        let heights = parts.iter().map(|part| i32::try_from(part.height()).unwrap_or_default());
        let height = heights.max().unwrap_or_default();
        let lane = Frame { x: LEFT, y: top, width: width - 2 * LEFT, height: height + 30 };
        self.lane(lane, "views", "view");
        let mut x = LEFT + 110;
        for (nth, (view, part)) in views.iter().zip(parts).enumerate() {
            let height = i32::try_from(part.height()).unwrap_or_default();
            let frame = Frame { x, y: top + 12, width: size, height };
            self.sticker(&view.name, &[part], &[frame], &[nth + 1]);
            x += size + VIEW_GAP;
        }
        lane.y + lane.height
    }
}

/// A path through these corners, with horizontal and vertical lines. Corners on a straight line are
/// left out.
fn path(corners: &[(i32, i32)]) -> String {
    let is_on_line = |a: (i32, i32), b: (i32, i32), c: (i32, i32)| {
        (a.0 == b.0 && b.0 == c.0) || (a.1 == b.1 && b.1 == c.1)
    };
    let mut kept: Vec<(i32, i32)> = vec![];
    for &corner in corners {
        if let [.., before, last] = kept[..]
            && is_on_line(before, last, corner)
        {
            kept.pop();
        }
        kept.push(corner);
    }
    let mut path = String::new();
    for (nth, (x, y)) in kept.iter().enumerate() {
        let before = nth.checked_sub(1).map(|before| kept[before]);
        let _ = match before {
            None => write!(path, "M{x} {y}"),
            Some((_, from)) if from == *y => write!(path, "H{x}"),
            Some(_) => write!(path, "V{y}"),
        };
    }
    path
}
