//! Submits every command to an aggregate in every state that it can get to, and records what
//! happens.

use super::{
    attempt,
    board::{ClientsWait, Command, Exploration},
    frontier::{Frontier, Story},
    sampling::{USUAL_DAY, traced},
};
use crate::domain::kernel::{Aggregate, Issuer, Progress, SettingsOf, Timestamp, command_name};
use std::collections::{BTreeMap, HashSet};

/// The most states explored per aggregate kind.
const STATES_MAX: usize = 1_024;

/// The most samples tried per command in a state, by the cost of its story (see
/// [`Frontier`]), and the most settings. What depends on an unusual value shows after a simple story.
const COMMAND_SAMPLES_MAX: [usize; 3] = [32, 8, 3];
const SETTINGS_MAX: [usize; 3] = [16, 2, 1];

/// The most different events kept per name.
const EVENTS_MAX: usize = 64;

/// The times at which commands are decided: an early and a late one.
const TIMES: [Timestamp; 2] = [Timestamp(1), Timestamp(1 << 50)];

/// The times of the second exploration, which a kind has when a command is always refused in the
/// first. One is on the usual date of the samples, for a rule about a period such as a stay. Times of
/// decisions are in states, so one time more means more states, and fewer long stories within the
/// limit.
const MORE_TIMES: [Timestamp; 3] =
    [Timestamp(1), Timestamp(USUAL_DAY * DAY_MS), Timestamp(1 << 50)];

/// The milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// What the exploration of an aggregate kind found.
#[derive(Clone)]
pub(super) struct Explored<A: Aggregate> {
    /// The outcomes of the commands, by name.
    pub(super) commands: BTreeMap<String, Command>,
    /// A few different events of each name.
    pub(super) events: Vec<A::Event>,
    /// Each rejection of each command once, with the name of the command.
    pub(super) rejections: Vec<(String, A::Rejection)>,
    /// The events between which clients wait.
    pub(super) clients_wait: ClientsWait,
    /// The extent of the exploration.
    pub(super) exploration: Exploration,
    /// The events that are kept, and their numbers by name. Events that differ in texts alone are
    /// the same here, because what follows from an event hardly depends on a text.
    kept: HashSet<String>,
    counts: BTreeMap<String, usize>,
    /// The number of events in the shortest story before each command.
    lengths: BTreeMap<String, usize>,
}

/// A state, with the name of its last event and the number of its events.
#[derive(Clone)]
struct State<A> {
    aggregate: A,
    last: Option<String>,
    length: usize,
}

/// One attempt: a command with the settings and the time of the decision.
struct Attempt<'a, A: Aggregate> {
    name: &'a str,
    command: &'a A::Command,
    settings: &'a SettingsOf<A>,
    now: Timestamp,
    is_unusual: bool,
}

impl<A: Aggregate> Explored<A> {
    /// Explores the kind.
    pub(super) fn explore() -> Self {
        let first = Self::at(&TIMES);
        if first.always_refused() == 0 {
            return first;
        }
        let second = Self::at(&MORE_TIMES);
        if second.always_refused() < first.always_refused() { second } else { first }
    }

    /// The number of commands that were never accepted.
    fn always_refused(&self) -> usize {
        self.commands.values().filter(|command| !command.has_outcome()).count()
    }

    /// Explores the kind; its commands are decided at these times.
    fn at(times: &[Timestamp]) -> Self {
        let commands = few_of_each::<A>();
        let settings = settings::<A>();
        let mut explored = Self::of(&commands);
        let blank = State { aggregate: A::default(), last: None, length: 0 };
        let key = format!("{:?}", blank.aggregate);
        let mut frontier = Frontier::new(key, blank, STATES_MAX);
        while let Some(story) = frontier.next() {
            let costly = story.cost().min(2);
            for (nth, settings) in settings.iter().take(SETTINGS_MAX[costly]).enumerate() {
                for (name, samples) in &commands {
                    let samples = samples.iter().take(COMMAND_SAMPLES_MAX[costly]);
                    for (mth, command) in samples.enumerate() {
                        let is_unusual = nth > 0 || mth > 0;
                        for now in times {
                            let attempt =
                                Attempt { name, command, settings, now: *now, is_unusual };
                            explored.attempt(&mut frontier, &story, &attempt);
                        }
                    }
                }
            }
        }
        explored.exploration.states = frontier.explored();
        explored.exploration.is_cut_short |= frontier.is_cut_short();
        explored
    }

    fn of(commands: &[(String, Vec<A::Command>)]) -> Self {
        let described = commands.iter().map(|(name, samples)| {
            let step =
                |command: &A::Command| A::AWAITED_STEP.filter(|_| A::may_start_step(command));
            let waits =
                samples.iter().flat_map(|command| [A::waits_for_port(command), step(command)]);
            let command = Command {
                issuers: samples.iter().flat_map(|command| issuers(A::issuer(command))).collect(),
                waits_for: waits.flatten().map(ToOwned::to_owned).collect(),
                ..Command::default()
            };
            (name.clone(), command)
        });
        Self {
            commands: described.collect(),
            events: vec![],
            rejections: vec![],
            clients_wait: ClientsWait::default(),
            exploration: Exploration::default(),
            kept: HashSet::new(),
            counts: BTreeMap::new(),
            lengths: BTreeMap::new(),
        }
    }

    fn attempt(
        &mut self,
        frontier: &mut Frontier<State<A>>,
        story: &Story<State<A>>,
        attempt: &Attempt<'_, A>,
    ) {
        let Attempt { name, command, settings, now, is_unusual } = *attempt;
        let before = &story.state;
        let decide = || before.aggregate.decide(command.clone(), now, settings);
        match super::attempt(decide) {
            Some(Err(rejection)) => self.reject(name, rejection),
            Some(Ok(events)) if events.is_empty() => {
                self.command(name).may_change_nothing = true;
            }
            Some(Ok(events)) => {
                self.accept(name, before, &events);
                let length = before.length + events.len();
                let last = events.last().map(command_name);
                let aggregate = before.aggregate.clone();
                let evolve = || events.into_iter().fold(aggregate, A::evolve);
                let Some(aggregate) = super::attempt(evolve) else { return };
                self.note_wait(&before.aggregate, &aggregate, last.as_deref());
                let key = format!("{aggregate:?}");
                frontier.add(story, name, is_unusual, (key, State { aggregate, last, length }));
            }
            None => {}
        }
    }

    fn command(&mut self, name: &str) -> &mut Command {
        self.commands.entry(name.to_owned()).or_default()
    }

    fn reject(&mut self, name: &str, rejection: A::Rejection) {
        if self.command(name).refused_as.insert(command_name(&rejection)) {
            self.rejections.push((name.to_owned(), rejection));
        }
    }

    fn accept(&mut self, name: &str, before: &State<A>, events: &[A::Event]) {
        self.command(name).leads_to.extend(events.iter().map(command_name));
        let shortest = self.lengths.get(name).copied();
        if shortest.is_none_or(|shortest| before.length < shortest) {
            self.lengths.insert(name.to_owned(), before.length);
            self.command(name).after.clone_from(&before.last);
        }
        for event in events {
            let count = self.counts.entry(command_name(event)).or_default();
            if *count < EVENTS_MAX && self.kept.insert(without_texts(&format!("{event:?}"))) {
                *count += 1;
                self.events.push(event.clone());
            }
        }
    }

    fn note_wait(&mut self, before: &A, after: &A, last: Option<&str>) {
        let is_pending = |state: &A| attempt(|| state.progress() == Progress::Pending);
        let is_blank = *before == A::default();
        let was_pending = !is_blank && is_pending(before) == Some(true);
        let events = match (was_pending, is_pending(after)) {
            (false, Some(true)) => &mut self.clients_wait.from,
            (true, Some(false)) => &mut self.clients_wait.until,
            _ => return,
        };
        events.extend(last.map(ToOwned::to_owned));
    }
}

/// The debug output of a value without what is between quotation marks.
fn without_texts(debug: &str) -> String {
    debug.split('"').step_by(2).collect()
}

fn issuers(issuer: Issuer) -> Vec<String> {
    match issuer {
        Issuer::Anyone => vec!["anyone".to_owned()],
        Issuer::Customer => vec!["customer".to_owned()],
        Issuer::Staff(roles) => roles.iter().map(|role| (*role).to_owned()).collect(),
        Issuer::Internal => vec![],
    }
}

/// The settings to explore: the default first, then samples.
fn settings<A: Aggregate>() -> Vec<SettingsOf<A>> {
    let unusual = traced::<SettingsOf<A>>().samples.into_iter();
    std::iter::once(SettingsOf::<A>::default()).chain(unusual).take(SETTINGS_MAX[0]).collect()
}

/// A few samples of each command with its name, in the order of the declaration.
fn few_of_each<A: Aggregate>() -> Vec<(String, Vec<A::Command>)> {
    let mut commands: Vec<(String, Vec<A::Command>)> = vec![];
    for command in traced::<A::Command>().samples {
        let name = command_name(&command);
        match commands.iter_mut().find(|(known, _)| *known == name) {
            Some((_, samples)) if samples.len() < COMMAND_SAMPLES_MAX[0] => samples.push(command),
            Some(_) => {}
            None => commands.push((name, vec![command])),
        }
    }
    commands
}
