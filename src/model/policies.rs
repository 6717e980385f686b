//! Finds the reactions of a saga by delivering every input in every reachable state.

use super::{
    attempt,
    board::{MessageName, Policy, Reaction, Trigger},
    kinds::{Kind, SampleEvent, sample_events},
};
use crate::domain::kernel::{
    Dispatch, EventSet, Id, Meta, NextState, Refused, Saga, Step, TimerChange, Timestamp, Unchanged,
};
use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    rc::Rc,
};

/// The most states explored per saga, the nearest to the initial state first.
const STATES_MAX: usize = 256;

/// The conversation of the explored saga instance.
const CONVERSATION: u64 = 1;

/// The metadata of every explored event.
pub(super) const META: Meta =
    Meta { position: 1, version: 1, time: Timestamp(1), correlation: CONVERSATION };

/// An input of a saga: an event, a rejection or a no-op of a command, or its timer.
#[derive(Clone)]
enum Stimulus {
    Heard(SampleEvent),
    Refused(Rc<Refused>),
    Unchanged(Unchanged),
    TimerFired,
}

impl Stimulus {
    fn trigger(&self) -> Trigger {
        match self {
            Self::Heard(happening) => Trigger::Event(happening.message_name()),
            Self::Refused(refused) => {
                Trigger::Refused(MessageName::new(&refused.aggregate, refused.command.clone()))
            }
            Self::Unchanged(unchanged) => Trigger::Unchanged(MessageName::new(
                &unchanged.aggregate,
                unchanged.command.clone(),
            )),
            Self::TimerFired => Trigger::Timer,
        }
    }
}

/// Finds the policy of a saga: the aggregate kinds it subscribes to, and its reactions.
pub(super) fn policy<S: Saga>(kinds: &[Box<dyn Kind>]) -> Policy {
    let mut exploration = Exploration::<S> {
        kinds,
        states: vec![],
        stimuli: vec![],
        pairs: VecDeque::new(),
        seen: HashSet::new(),
        said: HashSet::new(),
        reactions: BTreeSet::new(),
    };
    for happening in sample_events(kinds, S::Events::KINDS) {
        let heard = S::Events::from_event(&happening);
        let number = heard.and_then(|heard| attempt(|| S::route(&heard)).flatten());
        if number == Some(CONVERSATION) {
            exploration.add_stimulus(Stimulus::Heard(happening));
        }
    }
    exploration.add_state(S::default());
    while let Some((state, stimulus)) = exploration.pairs.pop_front() {
        exploration.explore(state, stimulus);
    }
    let hears = S::Events::KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    Policy { name: S::NAME.to_owned(), hears, reactions: exploration.reactions }
}

/// The exploration of a saga: every state gets every input. Both sets grow while it runs.
struct Exploration<'a, S> {
    kinds: &'a [Box<dyn Kind>],
    states: Vec<S>,
    stimuli: Vec<Stimulus>,
    /// The pairs of a state and an input that are not explored yet.
    pairs: VecDeque<(usize, usize)>,
    seen: HashSet<String>,
    said: HashSet<String>,
    reactions: BTreeSet<Reaction>,
}

impl<S: Saga> Exploration<'_, S> {
    fn add_state(&mut self, state: S) {
        if self.states.len() < STATES_MAX && self.seen.insert(format!("{state:?}")) {
            let nth = self.states.len();
            self.states.push(state);
            self.pairs.extend((0..self.stimuli.len()).map(|stimulus| (nth, stimulus)));
        }
    }

    fn add_stimulus(&mut self, stimulus: Stimulus) {
        let nth = self.stimuli.len();
        self.stimuli.push(stimulus);
        self.pairs.extend((0..self.states.len()).map(|state| (state, nth)));
    }

    fn explore(&mut self, state: usize, stimulus: usize) {
        let (state, stimulus) = (self.states[state].clone(), self.stimuli[stimulus].clone());
        let Some(step) = attempt(|| step(state, &stimulus)).flatten() else { return };
        for dispatch in step.dispatches {
            let then = MessageName::new(dispatch.aggregate(), dispatch.command_name());
            self.reactions.insert(Reaction { whenever: stimulus.trigger(), then });
            self.add_replies(&dispatch);
        }
        if matches!(step.timer, TimerChange::Set(_)) && self.said.insert("timer".to_owned()) {
            self.add_stimulus(Stimulus::TimerFired);
        }
        match step.next {
            NextState::Wait(state) | NextState::Stuck(state, _) => self.add_state(state),
            NextState::Done => {}
        }
    }

    /// Adds the replies to a dispatched command as inputs: its rejections and its no-op.
    fn add_replies(&mut self, dispatch: &Dispatch) {
        let (aggregate, number) = (dispatch.aggregate(), dispatch.number());
        let command = dispatch.command_name();
        if !self.said.insert(format!("{aggregate} {number} {command}")) {
            return;
        }
        let kinds = self.kinds;
        let refusals = kinds.iter().find(|kind| kind.name() == aggregate);
        for refused in refusals.map_or_else(Vec::new, |kind| kind.refusals(dispatch)) {
            self.add_stimulus(Stimulus::Refused(Rc::new(refused)));
        }
        let unchanged = Unchanged { aggregate: aggregate.to_owned(), number, command };
        self.add_stimulus(Stimulus::Unchanged(unchanged));
    }
}

fn step<S: Saga>(state: S, stimulus: &Stimulus) -> Option<Step<S>> {
    let me = Id::new(CONVERSATION);
    Some(match stimulus {
        Stimulus::Heard(happening) => state.react(me, S::Events::from_event(happening)?, &META),
        Stimulus::Refused(refused) => state.on_rejected(me, refused),
        Stimulus::Unchanged(unchanged) => state.on_no_op(me, unchanged),
        Stimulus::TimerFired => state.on_timer(me, META.time),
    })
}
