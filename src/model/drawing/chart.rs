//! What is drawn of a board: its lanes, the stickers in them, and the arrows between stickers.

use super::{
    names::Names,
    sticker::{self, Sticker},
    waits::Waits,
};
use crate::model::board::{Board, Decision, MessageName, Trigger};
use std::collections::{BTreeMap, BTreeSet};

/// The stickers and arrows of a board.
pub(super) struct Chart {
    pub(super) lanes: Vec<Lane>,
    pub(super) stickers: Vec<Sticker>,
    pub(super) arrows: Vec<Arrow>,
    /// The pairs of an event and a command of the same aggregate that is accepted after it first.
    pub(super) enables: Vec<(usize, usize)>,
    commands: BTreeMap<MessageName, usize>,
    events: BTreeMap<MessageName, usize>,
}

/// A lane: the stickers of one aggregate, saga, service or lookup from left to right.
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) what: &'static str,
}

/// An arrow between two stickers.
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) exit: Exit,
    pub(super) to: usize,
    /// Whether it is followed at once: an event of its command, or a step that a client waits for.
    pub(super) is_sync: bool,
}

/// The place where an arrow leaves a sticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// What follows from the sticker.
    Done,
    /// What follows when the command is refused.
    Refused,
    /// What follows when the command has no effect.
    Unchanged,
}

impl Chart {
    pub(super) fn of(board: &Board) -> Self {
        let mut chart = Self {
            lanes: vec![],
            stickers: vec![],
            arrows: vec![],
            enables: vec![],
            commands: BTreeMap::new(),
            events: BTreeMap::new(),
        };
        chart.aggregates(board);
        let waits = Waits::of(board);
        let names = Names::of(board);
        for policy in &board.policies {
            let lane = chart.lane(&policy.name, "policy");
            for (triggers, then) in grouped(&policy.decisions) {
                let node = chart.push(sticker::decision(lane, &names, &triggers, then));
                for trigger in triggers {
                    let commands = then.iter().flatten();
                    let is_sync = commands.clone().any(|then| waits.includes(trigger, then));
                    chart.trigger(trigger, node, is_sync);
                    chart.follow(node, commands, |then| waits.includes(trigger, then));
                }
            }
        }
        chart.outside(board, &names, &waits);
        chart.merge_arrows();
        chart
    }

    fn aggregates(&mut self, board: &Board) {
        for aggregate in &board.aggregates {
            let lane = self.lane(&aggregate.name, "aggregate");
            let name = |name: &str| MessageName::new(&aggregate.name, name);
            for event in &aggregate.events {
                let views = board.views.iter().enumerate();
                let views = views.filter(|(_, view)| view.shows.contains(&name(&event.name)));
                let views: Vec<usize> = views.map(|(nth, _)| nth + 1).collect();
                let node = self.push(sticker::event(lane, event, &views));
                self.events.insert(name(&event.name), node);
            }
            for command in &aggregate.commands {
                let node = self.push(sticker::command(lane, command, &aggregate.rejections));
                self.commands.insert(name(&command.what.name), node);
                let after = command.after.iter().filter_map(|after| self.events.get(&name(after)));
                self.enables.extend(after.map(|event| (*event, node)));
                for event in &command.leads_to {
                    if let Some(event) = self.events.get(&name(event)) {
                        self.arrows.push(Arrow {
                            from: node,
                            exit: Exit::Done,
                            to: *event,
                            is_sync: true,
                        });
                    }
                }
            }
        }
    }

    fn outside(&mut self, board: &Board, names: &Names, waits: &Waits) {
        for service in &board.services {
            let lane = self.lane(&service.name, "service");
            let mut operations: BTreeMap<&str, Vec<_>> = BTreeMap::new();
            for (asked, answers) in &service.asks {
                operations.entry(&asked.operation).or_default().push((&asked.whenever, answers));
            }
            for (operation, asks) in operations {
                let answers = asks.iter().flat_map(|(_, answers)| answers.iter());
                let node = self.push(sticker::operation(lane, names, operation, answers));
                for (whenever, answers) in asks {
                    let trigger = Trigger::Event(whenever.clone());
                    let commands = answers.values().flatten();
                    let is_sync = commands.clone().any(|then| waits.includes(&trigger, then));
                    self.trigger(&trigger, node, is_sync);
                    self.follow(node, commands, |then| waits.includes(&trigger, then));
                }
            }
        }
        for lookup in &board.lookups {
            let lane = self.lane(&lookup.name, "lookup");
            let view = board.views.iter().position(|view| view.name == lookup.view);
            let then = lookup.reactions.iter().map(|reaction| &reaction.then);
            let then: BTreeSet<&MessageName> = then.collect();
            let node = self.push(sticker::lookup(lane, names, lookup, view, &then));
            for reaction in &lookup.reactions {
                let is_sync = waits.includes(&reaction.whenever, &reaction.then);
                self.trigger(&reaction.whenever, node, is_sync);
                self.follow(node, [&reaction.then], |_| is_sync);
            }
        }
    }

    fn lane(&mut self, name: &str, what: &'static str) -> usize {
        let name = name.rsplit('/').next().unwrap_or(name).to_owned();
        self.lanes.push(Lane { name, what });
        self.lanes.len() - 1
    }

    fn push(&mut self, sticker: Sticker) -> usize {
        self.stickers.push(sticker);
        self.stickers.len() - 1
    }

    fn trigger(&mut self, trigger: &Trigger, to: usize, is_sync: bool) {
        let (from, exit) = match trigger {
            Trigger::Event(event) => (self.events.get(event), Exit::Done),
            Trigger::Refused(command) => (self.commands.get(command), Exit::Refused),
            Trigger::Unchanged(command) => (self.commands.get(command), Exit::Unchanged),
            Trigger::Timer => (None, Exit::Done),
        };
        self.arrows.extend(from.map(|from| Arrow { from: *from, exit, to, is_sync }));
    }

    fn follow<'a>(
        &mut self,
        from: usize,
        then: impl IntoIterator<Item = &'a MessageName>,
        is_sync: impl Fn(&MessageName) -> bool,
    ) {
        for command in then {
            let is_sync = is_sync(command);
            let to = self.commands.get(command);
            self.arrows.extend(to.map(|to| Arrow { from, exit: Exit::Done, to: *to, is_sync }));
        }
    }

    /// Leaves one arrow between each pair of stickers.
    fn merge_arrows(&mut self) {
        let mut merged: BTreeMap<(usize, Exit, usize), bool> = BTreeMap::new();
        for Arrow { from, exit, to, is_sync } in self.arrows.drain(..) {
            *merged.entry((from, exit, to)).or_default() |= is_sync;
        }
        let arrow = |((from, exit, to), is_sync)| Arrow { from, exit, to, is_sync };
        self.arrows = merged.into_iter().map(arrow).collect();
    }
}

type Alternatives = BTreeSet<Vec<MessageName>>;

/// The decisions with the same alternatives and triggers of the same kind as one.
fn grouped(decisions: &[Decision]) -> Vec<(Vec<&Trigger>, &Alternatives)> {
    let place = |trigger: &Trigger| match trigger {
        Trigger::Event(name) => (0, name.aggregate.clone()),
        Trigger::Refused(name) | Trigger::Unchanged(name) => (1, name.aggregate.clone()),
        Trigger::Timer => (2, String::new()),
    };
    let mut groups: Vec<(Vec<&Trigger>, &Alternatives)> = vec![];
    for Decision { whenever, then } in decisions {
        let is_same = |(triggers, known): &&mut (Vec<&Trigger>, &Alternatives)| {
            *known == then && place(triggers[0]) == place(whenever)
        };
        match groups.iter_mut().find(is_same) {
            Some((triggers, _)) => triggers.push(whenever),
            None => groups.push((vec![whenever], then)),
        }
    }
    groups
}
