//! The stickers: what is written on them, and how large they are.

use super::{
    names::Names,
    text::{width, wrapped},
};
use crate::counted::counted;
use crate::model::{
    board::{self, Lookup, MessageName, Rejection, Trigger},
    shape::Variant,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// The sizes of the texts in pixels: names, and everything else.
const NAME: u32 = 13;
const NOTE: u32 = 10;

/// The height of the arrows above which a sticker begins: half a line of a name and its margin.
pub(super) const PORT: u32 = 14;

/// The width of the margin between the edge of a sticker and its text.
pub(super) const MARGIN: u32 = 8;

/// The radius of the sign of a view.
pub(super) const SIGN: u32 = 7;

/// A sticker on the board: coloured parts one below the other, one of them the main part.
pub(super) struct Sticker {
    pub(super) kind: Kind,
    pub(super) lane: usize,
    /// The whole text, shown when a pointer rests on the sticker.
    pub(super) title: String,
    /// The parts; those before the main part are above the row of the sticker.
    pub(super) parts: Vec<Part>,
    pub(super) main: usize,
    /// Whether a person may begin here, or a timer.
    pub(super) is_start: bool,
    /// The numbers of the views that show the event.
    pub(super) views: Vec<usize>,
}

/// The kinds of stickers, in reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Command,
    Event,
    Decision,
}

/// A coloured part of a sticker.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) lines: Vec<Line>,
}

/// A line of text with its size in pixels.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) size: u32,
}

impl Kind {
    /// The width of the stickers in pixels.
    pub(super) const fn width(self) -> u32 {
        match self {
            Self::Command | Self::Event => 140,
            Self::Decision => 184,
        }
    }
}

impl Part {
    fn new(class: &'static str) -> Self {
        Self { class, lines: vec![] }
    }

    fn with(mut self, text: &str, size: u32, kind: Kind) -> Self {
        let lines = wrapped(text, size, kind.width() - 2 * MARGIN).into_iter();
        self.lines.extend(lines.map(|text| Line { text, size }));
        self
    }

    /// The height in pixels.
    pub(super) fn height(&self) -> u32 {
        self.lines.iter().map(Line::height).sum::<u32>() + self.margin() * 2
    }

    /// The margin above and below the text.
    pub(super) fn margin(&self) -> u32 {
        let is_large = self.lines.iter().any(|line| line.size == NAME);
        if is_large { 6 } else { 3 }
    }
}

impl Line {
    pub(super) const fn height(&self) -> u32 {
        self.size + 3
    }
}

impl Sticker {
    fn new(kind: Kind, lane: usize, title: String, main: Part) -> Self {
        Self { kind, lane, title, parts: vec![main], main: 0, is_start: false, views: vec![] }
    }

    /// The height of the parts above the row.
    pub(super) fn above(&self) -> u32 {
        self.parts[..self.main].iter().map(Part::height).sum()
    }

    /// The height of the main part and of the parts below it.
    pub(super) fn below(&self) -> u32 {
        let signs = if self.views.is_empty() { 0 } else { SIGN };
        self.parts[self.main..].iter().map(Part::height).sum::<u32>() + signs
    }
}

/// A command with its issuers above and its rejections below.
pub(super) fn command(lane: usize, command: &board::Command, rejections: &[Rejection]) -> Sticker {
    let kind = Kind::Command;
    let name = &command.what.name;
    let main = Part::new("command").with(name, NAME, kind);
    let mut sticker = Sticker::new(kind, lane, with_details(name, &command.what.details()), main);
    let issuers: Vec<&str> = command.issuers.iter().map(String::as_str).collect();
    if !issuers.is_empty() {
        sticker.parts.insert(0, Part::new("actor").with(&issuers.join(", "), NOTE, kind));
        (sticker.main, sticker.is_start) = (1, true);
    }
    for waits_for in &command.waits_for {
        let _ = write!(sticker.title, "\na client waits for {waits_for}");
    }
    if !command.refused_as.is_empty() {
        let names: Vec<&str> = command.refused_as.iter().map(String::as_str).collect();
        sticker.parts.push(Part::new("rejection").with(&names.join(", "), NOTE, kind));
        let refused = rejections.iter().filter(|r| command.refused_as.contains(&r.what.name));
        for Rejection { what, reason, .. } in refused {
            let _ = write!(sticker.title, "\n{}: {reason}", what.name);
        }
    }
    sticker
}

/// An event with the signs of the views that show it.
pub(super) fn event(lane: usize, event: &Variant, views: &[usize]) -> Sticker {
    let main = Part::new("event").with(&event.name, NAME, Kind::Event);
    let title = with_details(&event.name, &event.details());
    Sticker { views: views.to_vec(), ..Sticker::new(Kind::Event, lane, title, main) }
}

/// A decision of a policy: its triggers and its alternatives.
pub(super) fn decision(
    lane: usize,
    names: &Names,
    triggers: &[&Trigger],
    then: &BTreeSet<Vec<MessageName>>,
) -> Sticker {
    let kind = Kind::Decision;
    let whenever: Vec<String> = triggers.iter().map(|trigger| shown(trigger, names)).collect();
    let whenever = format!("whenever {}", whenever.join(" or "));
    let mut main = Part::new("policy").with(&whenever, NOTE, kind);
    let mut title = whenever;
    for (nth, commands) in then.iter().enumerate() {
        let commands: Vec<String> = commands.iter().map(|command| names.show(command)).collect();
        let commands = commands.join(", ");
        let commands = if nth == 0 { commands } else { format!("or {commands}") };
        let _ = write!(title, "\n{commands}");
        main = main.with(&commands, NAME, kind);
    }
    let is_start = triggers.contains(&&Trigger::Timer);
    Sticker { is_start, ..Sticker::new(kind, lane, title, main) }
}

fn shown(trigger: &Trigger, names: &Names) -> String {
    match trigger {
        Trigger::Event(event) => names.show(event),
        Trigger::Refused(command) => format!("{} is refused", names.show(command)),
        Trigger::Unchanged(command) => format!("{} has no effect", names.show(command)),
        Trigger::Timer => "the timer fires".to_owned(),
    }
}

/// An operation of an outside service with its answers.
pub(super) fn operation<'a>(
    lane: usize,
    names: &Names,
    operation: &str,
    answers: impl Iterator<Item = (&'a String, &'a BTreeSet<MessageName>)>,
) -> Sticker {
    let kind = Kind::Decision;
    let mut commands: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (answer, then) in answers {
        let then = then.iter().map(|command| names.show(command));
        commands.entry(answer).or_default().extend(then);
    }
    let mut main = Part::new("service").with(operation, NAME, kind);
    let mut title = operation.to_owned();
    for (answer, then) in commands {
        let then: Vec<String> = then.into_iter().collect();
        let meaning = format!("{answer}: {}", then.join(" or "));
        main = main.with(&meaning, NOTE, kind);
        let _ = write!(title, "\n{meaning}");
    }
    Sticker::new(kind, lane, title, main)
}

/// A lookup: the view that it reads, and the commands that follow.
pub(super) fn lookup(
    lane: usize,
    names: &Names,
    lookup: &Lookup,
    view: Option<usize>,
    then: &BTreeSet<&MessageName>,
) -> Sticker {
    let kind = Kind::Decision;
    let view_name = lookup.view.rsplit('/').next().unwrap_or_default();
    let then: Vec<String> = then.iter().map(|command| names.show(command)).collect();
    let reads = format!("reads {view_name}");
    let then = then.join(" or ");
    let main = Part::new("policy").with(&reads, NOTE, kind).with(&then, NAME, kind);
    let views = view.map(|nth| nth + 1).into_iter().collect();
    Sticker { views, ..Sticker::new(kind, lane, format!("{reads}\n{then}"), main) }
}

/// A view with its searchable fields.
pub(super) fn view(view: &board::View) -> Part {
    let name = view.name.rsplit('/').next().unwrap_or_default();
    let fields = format!("search by {}", view.searchable.join(", "));
    let kind = Kind::Decision;
    let shown = format!("shows {}", counted(view.shows.len(), "event"));
    let mut part = Part::new("view").with(name, NAME, kind).with(&shown, NOTE, kind);
    if !view.searchable.is_empty() {
        part = part.with(&fields, NOTE, kind);
    }
    part
}

fn with_details(name: &str, details: &str) -> String {
    if details.is_empty() { name.to_owned() } else { format!("{name} {{ {details} }}") }
}

/// The width of a lane's name.
pub(super) fn name_width(name: &str) -> u32 {
    width(name, NAME + 2).div_ceil(100)
}
