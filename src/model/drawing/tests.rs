//! The drawings of the six businesses: complete, readable, and the same every time.

use super::{svg, text::width};
use crate::{
    domain,
    model::{ModelBuilder, board::Board},
};
use std::{collections::BTreeMap, sync::LazyLock};

/// The most crossings for each hundred straight lines of a board.
const CROSSINGS_MAX_PERCENT: usize = 40;

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| {
    let mut builder = ModelBuilder::default();
    domain::install(&mut builder);
    builder.boards()
});

/// A box of a sticker, with its class and its texts.
#[derive(Debug)]
struct Sheet {
    class: String,
    /// The first line of the sticker's title.
    title: String,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    texts: Vec<(i32, i32, u32, String)>,
}

/// A straight line of a wire, from the smaller to the larger coordinate.
#[derive(Clone, Copy, Debug)]
struct Line {
    wire: usize,
    is_level: bool,
    /// The coordinate that all its points have, and the range of the other one.
    at: i32,
    from: i32,
    to: i32,
}

static DRAWINGS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let drawn = |board: &'static Board| (board.business.as_str(), svg(std::slice::from_ref(board)));
    BOARDS.iter().map(drawn).collect()
});

fn drawing(board: &Board) -> &'static str {
    &DRAWINGS[board.business.as_str()]
}

fn attribute<'a>(line: &'a str, name: &str) -> &'a str {
    let start = format!(" {name}=\"");
    line.split_once(&start).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

fn number(line: &str, name: &str) -> i32 {
    attribute(line, name).parse().unwrap_or_default()
}

fn content(line: &str) -> String {
    let text = line.split_once('>').map(|(_, rest)| rest).unwrap_or_default();
    text.split('<').next().unwrap_or_default().replace("&lt;", "<").replace("&gt;", ">")
}

fn sheets(svg: &str) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = vec![];
    let mut title = None;
    for line in svg.lines() {
        if let Some(rest) = line.strip_prefix("<g class=\"sticker\"><title>") {
            title = Some(rest.split(&['<', '&'][..]).next().unwrap_or_default().to_owned());
        } else if line == "</g>" {
            title = None;
        } else if let Some(title) = &title {
            let (x, y) = (number(line, "x"), number(line, "y"));
            if line.starts_with("<rect") {
                sheets.push(Sheet {
                    class: attribute(line, "class").to_owned(),
                    title: title.clone(),
                    x,
                    y,
                    width: number(line, "width"),
                    height: number(line, "height"),
                    texts: vec![],
                });
            } else if line.starts_with("<text x") {
                let size = u32::try_from(number(line, "font-size")).unwrap();
                sheets.last_mut().unwrap().texts.push((x, y, size, content(line)));
            }
        }
    }
    sheets
}

fn lines(svg: &str) -> Vec<Line> {
    let mut lines = vec![];
    let wires = svg.lines().filter(|line| line.starts_with("<path class=\"wire "));
    for (wire, path) in wires.enumerate() {
        let (mut x, mut y) = (0, 0);
        let mut steps = attribute(path, "d").to_owned();
        for letter in ['M', 'H', 'V'] {
            steps = steps.replace(letter, &format!(";{letter}"));
        }
        for step in steps.split(';').filter(|step| !step.is_empty()) {
            let (letter, rest) = step.split_at(1);
            let (before_x, before_y) = (x, y);
            match letter {
                "M" => {
                    let (to_x, to_y) = rest.split_once(' ').unwrap();
                    (x, y) = (to_x.parse().unwrap(), to_y.parse().unwrap());
                    continue;
                }
                "H" => x = rest.parse().unwrap(),
                _ => y = rest.parse().unwrap(),
            }
            let is_level = letter == "H";
            let (at, from, to) = if is_level { (y, before_x, x) } else { (x, before_y, y) };
            lines.push(Line { wire, is_level, at, from: from.min(to), to: from.max(to) });
        }
    }
    lines
}

#[test]
fn a_board_is_drawn_the_same_every_time() {
    for board in BOARDS.iter() {
        let again = svg(std::slice::from_ref(board));
        assert_eq!(drawing(board), again, "{}", board.business);
    }
}

#[test]
fn every_command_event_and_view_is_drawn_exactly_once() {
    for board in BOARDS.iter() {
        let mut drawn: BTreeMap<(String, String), i32> = BTreeMap::new();
        for sheet in sheets(drawing(board)) {
            let name = sheet.title.split(' ').next().unwrap_or_default().to_owned();
            *drawn.entry((sheet.class, name)).or_default() += 1;
        }
        let mut take = |class: &str, name: &str| {
            *drawn.entry((class.to_owned(), name.to_owned())).or_default() -= 1;
        };
        for aggregate in &board.aggregates {
            aggregate.commands.iter().for_each(|command| take("command", &command.what.name));
            aggregate.events.iter().for_each(|event| take("event", &event.name));
        }
        board.views.iter().for_each(|view| take("view", &view.name));
        drawn.retain(|(class, _), left| {
            ["command", "event", "view"].contains(&class.as_str()) && *left != 0
        });
        assert!(drawn.is_empty(), "{}: drawn too often or not at all: {drawn:?}", board.business);
    }
}

#[test]
fn every_policy_is_one_lane_in_which_every_trigger_has_one_sticker() {
    for board in BOARDS.iter() {
        let svg = drawing(board);
        let stickers = sheets(svg).into_iter().filter(|sheet| sheet.title.starts_with("whenever "));
        let drawn: usize = stickers.map(|sheet| sheet.title.split(" or ").count()).sum();
        let decisions = board.policies.iter().map(|policy| policy.decisions.len());
        assert_eq!(drawn, decisions.sum::<usize>(), "{}", board.business);
        for policy in &board.policies {
            let name = policy.name.rsplit('/').next().unwrap();
            let label = format!(">{name}</text>");
            assert_eq!(svg.matches(&label).count(), 1, "{}: {name}", board.business);
        }
    }
}

#[test]
fn no_two_stickers_overlap_and_none_is_outside() {
    for board in BOARDS.iter() {
        let svg = drawing(board);
        let sheets = sheets(svg);
        let (width, height) = (number(svg, "width"), number(svg, "height"));
        for (nth, a) in sheets.iter().enumerate() {
            let is_inside =
                a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height;
            assert!(is_inside, "{}: {a:?} is outside", board.business);
            for b in &sheets[nth + 1..] {
                let is_beside = a.x + a.width <= b.x || b.x + b.width <= a.x;
                let is_below = a.y + a.height <= b.y || b.y + b.height <= a.y;
                assert!(is_beside || is_below, "{}: {a:?} and {b:?}", board.business);
            }
        }
    }
}

#[test]
fn no_text_is_wider_or_higher_than_its_sticker() {
    for board in BOARDS.iter() {
        let sheets = sheets(drawing(board));
        assert!(sheets.iter().all(|sheet| !sheet.texts.is_empty()));
        for sheet in &sheets {
            for (x, y, size, text) in &sheet.texts {
                let right = x + i32::try_from(width(text, *size).div_ceil(100)).unwrap();
                let bottom = sheet.y + sheet.height;
                let top = y - i32::try_from(*size).unwrap();
                let is_inside =
                    *x > sheet.x && right < sheet.x + sheet.width && top >= sheet.y && *y < bottom;
                assert!(is_inside, "{}: {text} in {sheet:?}", board.business);
            }
        }
    }
}

#[test]
fn no_arrow_runs_through_a_sticker() {
    for board in BOARDS.iter() {
        let svg = drawing(board);
        for sheet in sheets(svg) {
            let (x, y) = ((sheet.x, sheet.x + sheet.width), (sheet.y, sheet.y + sheet.height));
            for line in lines(svg) {
                let (across, along) = if line.is_level { (y, x) } else { (x, y) };
                let is_through = across.0 < line.at
                    && line.at < across.1
                    && line.from < along.1
                    && along.0 < line.to;
                assert!(!is_through, "{}: {line:?} in {sheet:?}", board.business);
            }
        }
    }
}

#[test]
fn no_two_arrows_lie_upon_each_other_unless_they_end_at_the_same_place() {
    for board in BOARDS.iter() {
        let lines = lines(drawing(board));
        let ends = |wire: usize, at: i32, to: i32| {
            let mut lines = lines.iter();
            lines.any(|line| line.is_level && (line.wire, line.at, line.to) == (wire, at, to))
        };
        for (nth, a) in lines.iter().enumerate() {
            for b in lines[nth + 1..].iter().filter(|b| b.wire != a.wire) {
                let is_upon = a.is_level == b.is_level
                    && a.at == b.at
                    && a.from.max(b.from) < a.to.min(b.to)
                    && !ends(a.wire, a.at, b.to)
                    && !ends(b.wire, a.at, a.to);
                assert!(!is_upon, "{}: {a:?} and {b:?}", board.business);
            }
        }
    }
}

#[test]
fn arrows_cross_seldom() {
    let mut counted = vec![];
    for board in BOARDS.iter() {
        let lines = lines(drawing(board));
        let (level, upright): (Vec<&Line>, Vec<&Line>) =
            lines.iter().partition(|line| line.is_level);
        let crossings = level.iter().map(|level| {
            let crossing = upright.iter().filter(|upright| {
                upright.wire != level.wire
                    && level.from < upright.at
                    && upright.at < level.to
                    && upright.from < level.at
                    && level.at < upright.to
            });
            crossing.count()
        });
        let crossings: usize = crossings.sum();
        counted.push((board.business.as_str(), crossings, lines.len()));
    }
    let is_within = |(_, crossings, lines): &(&str, usize, usize)| {
        crossings * 100 <= lines * CROSSINGS_MAX_PERCENT
    };
    assert!(counted.iter().all(is_within), "crossings and lines: {counted:?}");
}
