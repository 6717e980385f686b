//! Finds the decisions of a saga by delivering every input in every state that it can get to.

use super::{
    attempt,
    board::{Decision, Exploration, MessageName, Policy, Trigger},
    frontier::{Frontier, Story},
    kinds::{Kind, SampleEvent, sample_events},
};
use crate::domain::kernel::{
    Dispatch, EventSet, Id, Meta, NextState, RejectedCommand, Saga, Step, TimerChange, Timestamp,
    Unchanged,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most states explored per saga.
const STATES_MAX: usize = 1_024;

/// The conversation of the explored saga instance.
const CONVERSATION: u64 = 1;

/// The most commands of an instance without an answer.
const UNANSWERED_MAX: usize = 8;

/// The metadata of every explored event.
pub(super) const META: Meta =
    Meta { position: 1, version: 1, time: Timestamp(1), correlation: CONVERSATION };

/// The metadata of an event that comes after every timer that was set before.
const LATE: Meta = Meta { time: Timestamp(1 << 50), ..META };

/// An input of a saga: an event, or the answer to one of its commands, or its timer.
enum Stimulus<'a> {
    Heard(&'a SampleEvent, Meta),
    Rejected(RejectedCommand),
    Unchanged(Unchanged),
    TimerFired,
}

impl Stimulus<'_> {
    fn trigger(&self) -> Trigger {
        match self {
            Self::Heard(event, _) => Trigger::Event(event.message_name()),
            Self::Rejected(RejectedCommand { aggregate, command, .. }) => {
                Trigger::Refused(MessageName::new(aggregate, command.clone()))
            }
            Self::Unchanged(Unchanged { aggregate, command, .. }) => {
                Trigger::Unchanged(MessageName::new(aggregate, command.clone()))
            }
            Self::TimerFired => Trigger::Timer,
        }
    }
}

/// A state of a saga instance: its own, its commands that have not been answered, and its timer.
#[derive(Clone)]
struct State<S> {
    saga: S,
    unanswered: Vec<Dispatch>,
    has_timer: bool,
}

impl<S: Clone + std::fmt::Debug> State<S> {
    fn key(&self) -> String {
        let unanswered: Vec<String> = self.unanswered.iter().map(name_of).collect();
        format!("{:?} {unanswered:?} {}", self.saga, self.has_timer)
    }

    /// The state once this command is answered. The commands of an instance are delivered in order,
    /// so those before it have been answered, too, even when the saga does not receive the answer.
    fn answered(&self, nth: usize) -> Self {
        let unanswered = self.unanswered[nth + 1..].to_vec();
        Self { unanswered, ..self.clone() }
    }
}

fn name_of(dispatch: &Dispatch) -> String {
    format!("{} {} {}", dispatch.aggregate(), dispatch.number(), dispatch.command_name())
}

/// Finds the commands of a saga, when its events may come at any time.
pub(super) fn commands<S: Saga>(kinds: &[Box<dyn Kind>]) -> BTreeSet<MessageName> {
    let mut explorer = Explorer::<S>::new(kinds);
    explorer.explore(&BTreeSet::new());
    explorer.decisions.into_values().flatten().flatten().collect()
}

/// Finds the policy of a saga: the aggregate kinds it subscribes to, and its decisions. `own` are the
/// commands that only this saga dispatches: the events that only they lead to are answers, and come
/// at no other time.
pub(super) fn policy<S: Saga>(kinds: &[Box<dyn Kind>], own: &BTreeSet<MessageName>) -> Policy {
    let mut explorer = Explorer::<S>::new(kinds);
    explorer.explore(own);
    let decisions = explorer.decisions.into_iter();
    Policy {
        name: S::NAME.to_owned(),
        hears: S::Events::KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
        decisions: decisions.map(|(whenever, then)| Decision { whenever, then }).collect(),
        exploration: Exploration {
            states: explorer.frontier.explored(),
            is_cut_short: explorer.frontier.is_cut_short(),
            untried: BTreeSet::new(),
        },
    }
}

fn frontier<S: Saga>() -> Frontier<State<S>> {
    let blank = State { saga: S::default(), unanswered: vec![], has_timer: false };
    Frontier::new(blank.key(), blank, STATES_MAX)
}

struct Explorer<'a, S> {
    kinds: &'a [Box<dyn Kind>],
    events: Vec<SampleEvent>,
    /// The aggregates that have events.
    sampled: BTreeSet<(String, u64)>,
    decisions: BTreeMap<Trigger, BTreeSet<Vec<MessageName>>>,
    frontier: Frontier<State<S>>,
}

impl<'a, S: Saga> Explorer<'a, S> {
    fn new(kinds: &'a [Box<dyn Kind>]) -> Self {
        let events = sample_events(kinds, S::Events::KINDS).into_iter();
        let is_ours = |event: &SampleEvent| {
            let heard = S::Events::from_event(event)?;
            attempt(|| S::route(&heard)).flatten().filter(|number| *number == CONVERSATION)
        };
        let events: Vec<_> = events.filter(|event| is_ours(event).is_some()).collect();
        let address = |event: &SampleEvent| (event.kind().to_owned(), event.number());
        let sampled = events.iter().map(address).collect();
        Self { kinds, events, sampled, decisions: BTreeMap::new(), frontier: frontier() }
    }

    /// Explores the states; `own` are the commands that only the saga dispatches.
    fn explore(&mut self, own: &BTreeSet<MessageName>) {
        let sources: Vec<Source> = self
            .events
            .iter()
            .map(|event| Source::of(self.kind(event.kind()), event, own))
            .collect();
        while let Some(story) = self.frontier.next() {
            let events = std::mem::take(&mut self.events);
            for (event, source) in events.iter().zip(&sources) {
                self.deliver_event(&story, event, source);
            }
            self.events = events;
            for nth in 0..story.state.unanswered.len() {
                self.deliver_answers(&story, nth);
            }
            if story.state.has_timer {
                let mut state = story.state.clone();
                state.has_timer = false;
                self.deliver(&story, state, &Stimulus::TimerFired);
            }
        }
    }

    /// Whether there are events of the aggregate that this command is for. An aggregate whose number
    /// is computed has none; the events of any other stand for its own.
    fn is_sampled(&self, dispatch: &Dispatch) -> bool {
        self.sampled.contains(&(dispatch.aggregate().to_owned(), dispatch.number()))
    }

    fn kind(&self, name: &str) -> Option<&dyn Kind> {
        self.kinds.iter().find(|kind| kind.name() == name).map(AsRef::as_ref)
    }

    /// Delivers an event: as the answer to each command that leads to it, and as the result of a
    /// command of another sender.
    fn deliver_event(&mut self, story: &Story<State<S>>, event: &SampleEvent, source: &Source) {
        let is_answer = |dispatch: &Dispatch| {
            dispatch.aggregate() == event.kind()
                && (dispatch.number() == event.number() || !self.is_sampled(dispatch))
                && source.causes.contains(&dispatch.command_name())
        };
        let unanswered = &story.state.unanswered;
        let answered: Vec<usize> =
            (0..unanswered.len()).filter(|nth| is_answer(&unanswered[*nth])).collect();
        for nth in answered {
            for meta in [META, LATE] {
                self.deliver(story, story.state.answered(nth), &Stimulus::Heard(event, meta));
            }
        }
        if source.has_other_senders {
            for meta in [META, LATE] {
                self.deliver(story, story.state.clone(), &Stimulus::Heard(event, meta));
            }
        }
    }

    /// Delivers the rejections and the no-op with which this command may be answered.
    fn deliver_answers(&mut self, story: &Story<State<S>>, nth: usize) {
        let dispatch = &story.state.unanswered[nth];
        let state = story.state.answered(nth);
        let (aggregate, number) = (dispatch.aggregate(), dispatch.number());
        let Some(kind) = self.kind(aggregate) else { return };
        let command = dispatch.command_name();
        let may_change_nothing =
            kind.outcomes(&command).is_none_or(|outcomes| outcomes.may_change_nothing);
        for refused in kind.refusals(dispatch) {
            self.deliver(story, state.clone(), &Stimulus::Rejected(refused));
        }
        if may_change_nothing {
            let unchanged = Unchanged { aggregate: aggregate.to_owned(), number, command };
            self.deliver(story, state, &Stimulus::Unchanged(unchanged));
        }
    }

    fn deliver(&mut self, story: &Story<State<S>>, before: State<S>, stimulus: &Stimulus<'_>) {
        let State { saga, mut unanswered, has_timer } = before;
        let Some(step) = attempt(|| step(saga, stimulus)).flatten() else { return };
        if is_idle(&step, &story.state, &unanswered, has_timer) {
            return;
        }
        let trigger = stimulus.trigger();
        let name = format!("{trigger:?}");
        if !step.dispatches.is_empty() {
            let then = step
                .dispatches
                .iter()
                .map(|dispatch| MessageName::new(dispatch.aggregate(), dispatch.command_name()));
            self.decisions.entry(trigger).or_default().insert(then.collect());
        }
        for dispatch in step.dispatches {
            let is_known = unanswered.iter().any(|known| name_of(known) == name_of(&dispatch));
            if !is_known && unanswered.len() < UNANSWERED_MAX {
                unanswered.push(dispatch);
            }
        }
        let has_timer = match (&step.next, step.timer) {
            (NextState::Done, _) | (_, TimerChange::Clear) => false,
            (_, TimerChange::Set(_)) => true,
            (_, TimerChange::Keep) => has_timer,
        };
        let saga = match step.next {
            NextState::Wait(state) | NextState::Stuck(state, _) => state,
            NextState::Done => S::default(),
        };
        if saga == S::default() {
            unanswered.clear(); // an instance ends when all its commands have been answered
        }
        let state = State { saga, unanswered, has_timer };
        self.frontier.add(story, &name, false, (state.key(), state));
    }
}

/// The commands that lead to an event.
struct Source {
    causes: BTreeSet<String>,
    /// Whether another sender than the saga may submit one of them.
    has_other_senders: bool,
}

impl Source {
    fn of(kind: Option<&dyn Kind>, event: &SampleEvent, own: &BTreeSet<MessageName>) -> Self {
        let Some(kind) = kind else {
            return Self { causes: BTreeSet::new(), has_other_senders: true };
        };
        let causes: BTreeSet<String> =
            kind.causes(&event.name).into_iter().map(ToOwned::to_owned).collect();
        let is_of_others = |command: &String| {
            let is_own = own.contains(&MessageName::new(kind.name(), command.clone()));
            !is_own || kind.outcomes(command).is_none_or(|outcomes| !outcomes.issuers.is_empty())
        };
        let has_other_senders = causes.iter().any(is_of_others);
        Self { causes, has_other_senders }
    }
}

/// Whether a step leaves the instance as it was before the stimulus.
fn is_idle<S: Saga>(
    step: &Step<S>,
    before: &State<S>,
    unanswered: &[Dispatch],
    has_timer: bool,
) -> bool {
    let is_same = match &step.next {
        NextState::Wait(state) | NextState::Stuck(state, _) => *state == before.saga,
        NextState::Done => before.saga == S::default(),
    };
    is_same
        && step.dispatches.is_empty()
        && step.timer == TimerChange::Keep
        && unanswered.len() == before.unanswered.len()
        && has_timer == before.has_timer
}

fn step<S: Saga>(state: S, stimulus: &Stimulus<'_>) -> Option<Step<S>> {
    let me = Id::new(CONVERSATION);
    Some(match stimulus {
        Stimulus::Heard(event, meta) => state.react(me, S::Events::from_event(*event)?, meta),
        Stimulus::Rejected(refused) => state.on_rejected(me, refused),
        Stimulus::Unchanged(unchanged) => state.on_no_op(me, unchanged),
        Stimulus::TimerFired => state.on_timer(me, META.time),
    })
}
