//! What random worlds reached: every command with its answers, every state, every timer.

use super::variants::{self, Path};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

/// What random worlds reached, and what they never reached.
///
/// `Display` is a table with one line for each command, state and timer. The list of all of them
/// comes from the types of the businesses, so that none is forgotten.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    parts: BTreeMap<&'static str, Part>,
    worlds: u64,
}

/// What the worlds reached of one aggregate kind or saga.
#[derive(Clone, Debug, Default)]
struct Part {
    commands: BTreeMap<&'static str, Answers>,
    states: HashMap<Path, u64>,
    timer: Option<Timer>,
}

/// How often a command was answered in each way.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    accepted: u64,
    unchanged: u64,
    refused: u64,
}

/// How often a timer was set, and how often it fired.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    set: u64,
    fired: u64,
}

/// The answer of an aggregate to a command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Accepted,
    Unchanged,
    Refused,
}

/// All commands, states and timers that there are.
#[derive(Default)]
pub(super) struct Reachable(Reached);

impl Reachable {
    /// Adds an aggregate kind, of which every instance begins in the state `blank`.
    pub(super) fn aggregate(
        &mut self,
        name: &'static str,
        commands: Vec<Path>,
        states: Vec<Path>,
        blank: &impl Serialize,
    ) {
        let outermost = commands.into_iter().filter(|path| path.len() == 1);
        let commands = outermost.map(|path| (path[0], Answers::default())).collect();
        self.0.parts.insert(name, Part { commands, states: known(states, blank), timer: None });
    }

    /// Adds a saga, of which every instance begins in the state `blank`.
    pub(super) fn saga(
        &mut self,
        name: &'static str,
        states: Vec<Path>,
        blank: &impl Serialize,
        has_timer: bool,
    ) {
        let (commands, timer) = (BTreeMap::new(), has_timer.then(Timer::default));
        self.0.parts.insert(name, Part { commands, states: known(states, blank), timer });
    }
}

/// The states with the number of times that each was reached; the first one is reached by all.
fn known(states: Vec<Path>, blank: &impl Serialize) -> HashMap<Path, u64> {
    let mut known: HashMap<Path, u64> = states.into_iter().map(|path| (path, 0)).collect();
    variants::visit(blank, &mut |path| _ = known.remove(path));
    known
}

impl Reached {
    pub(super) fn command(&mut self, kind: &'static str, command: &impl Serialize, answer: Answer) {
        let Some(name) = variants::variant(command) else { return };
        let answers = self.parts.entry(kind).or_default().commands.entry(name).or_default();
        match answer {
            Answer::Accepted => answers.accepted += 1,
            Answer::Unchanged => answers.unchanged += 1,
            Answer::Refused => answers.refused += 1,
        }
    }

    pub(super) fn state(&mut self, part: &'static str, state: &impl Serialize) {
        let states = &mut self.parts.entry(part).or_default().states;
        variants::visit(state, &mut |path| match states.get_mut(path) {
            Some(times) => *times += 1,
            None => _ = states.insert(path.to_vec(), 1),
        });
    }

    pub(super) fn timer_set(&mut self, saga: &'static str) {
        self.timer(saga).set += 1;
    }

    pub(super) fn timer_fired(&mut self, saga: &'static str) {
        self.timer(saga).fired += 1;
    }

    fn timer(&mut self, saga: &'static str) -> &mut Timer {
        self.parts.entry(saga).or_default().timer.get_or_insert_default()
    }

    /// Counts one more world.
    pub(super) const fn world(&mut self) {
        self.worlds += 1;
    }

    /// Adds what other worlds of the same businesses reached.
    pub(super) fn merge(&mut self, other: Self) {
        self.worlds += other.worlds;
        for (name, part) in other.parts {
            let mine = self.parts.entry(name).or_default();
            for (command, answers) in part.commands {
                let sum = mine.commands.entry(command).or_default();
                sum.accepted += answers.accepted;
                sum.unchanged += answers.unchanged;
                sum.refused += answers.refused;
            }
            for (path, times) in part.states {
                *mine.states.entry(path).or_default() += times;
            }
            if let Some(Timer { set, fired }) = part.timer {
                let sum = mine.timer.get_or_insert_default();
                sum.set += set;
                sum.fired += fired;
            }
        }
    }

    /// Adds everything that there is, reached or not, and drops the states in which all begin.
    pub(super) fn among(mut self, Reachable(all): Reachable) -> Self {
        for (name, part) in &mut self.parts {
            if let Some(known) = all.parts.get(name) {
                part.states.retain(|path, _| known.states.contains_key(path));
            }
        }
        self.merge(all);
        self
    }

    /// The number of worlds.
    #[must_use]
    pub const fn worlds(&self) -> u64 {
        self.worlds
    }

    /// Everything that there is, in alphabetical order, with the number of times that it was
    /// reached: `command Cancel of taxi/orders`, `state status.Paid of taxi/orders`, `timer of
    /// taxi/ride`. A command is reached when it is accepted, also when it changes nothing.
    #[must_use]
    pub fn items(&self) -> Vec<(String, u64)> {
        let mut items = vec![];
        for (name, part) in &self.parts {
            for (command, Answers { accepted, unchanged, .. }) in &part.commands {
                items.push((format!("command {command} of {name}"), accepted + unchanged));
            }
            for (path, times) in &part.states {
                items.push((format!("state {} of {name}", path.join(".")), *times));
            }
            if let Some(timer) = part.timer {
                items.push((format!("timer of {name}"), timer.fired));
            }
        }
        items.sort();
        items
    }

    /// Checks that the worlds reached everything except the items of this list, each with the
    /// reason why no world can reach it. The names are those of [`Reached::items`].
    ///
    /// # Panics
    /// When something else was never reached, when an item of the list was reached, or when there
    /// is no such item. The message has the table.
    #[track_caller]
    pub fn everything_but(&self, unreachable: &[(&str, &str)]) {
        let items: BTreeMap<String, u64> = self.items().into_iter().collect();
        let is_listed = |item: &str| unreachable.iter().any(|(listed, _)| *listed == item);
        let (mut wrong, mut has_gaps) = (vec![], false);
        for (item, times) in &items {
            match (*times, is_listed(item)) {
                (0, false) => {
                    wrong.push(format!("never reached: {item}"));
                    has_gaps = true;
                }
                (1.., true) => wrong.push(format!("listed as unreachable, but reached: {item}")),
                _ => {}
            }
        }
        for (item, reason) in unreachable {
            if !items.contains_key(*item) {
                wrong.push(format!("listed as unreachable, but there is no such item: {item}"));
            }
            if reason.is_empty() {
                wrong.push(format!("listed as unreachable without a reason: {item}"));
            }
        }
        if has_gaps {
            wrong.push(ADVICE.to_owned());
        }
        assert!(wrong.is_empty(), "{self}\n{}", wrong.join("\n"));
    }
}

/// What to do about an item that was never reached.
const ADVICE: &str = "a person must submit the command; a long story needs longer worlds, such as \
                      `.acts(100..400)`; a rare one needs more worlds, or other shares";

const HEADING: &str = " accepted  no change   refused";

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "reached in {} random worlds:", self.worlds)?;
        for (name, part) in &self.parts {
            let heading = if part.commands.is_empty() { "" } else { HEADING };
            writeln!(f, "\n{name:<40}{heading}")?;
            for (command, answers) in &part.commands {
                let Answers { accepted, unchanged, refused } = answers;
                let untried =
                    if accepted + unchanged + refused == 0 { "  never tried" } else { "" };
                writeln!(f, "  {command:<38}{accepted:>9}{unchanged:>11}{refused:>10}{untried}")?;
            }
            let mut states: Vec<_> = part.states.iter().collect();
            states.sort();
            for (path, times) in states {
                let never = if *times == 0 { "  never" } else { "" };
                writeln!(f, "  in {:<35}{times:>9}{never}", path.join("."))?;
            }
            if let Some(Timer { set, fired }) = part.timer {
                let never = if fired == 0 { "  never" } else { "" };
                writeln!(f, "  timer fired, of {set:<22}{fired:>9}{never}")?;
            }
        }
        Ok(())
    }
}
