//! An aggregate kind with its type erased: its commands, their outcomes, and its events.

use super::{
    board::{self, Command, CommandRequest, Rejection},
    exploring::Explored,
    sampling::traced,
    shape::{Traced, Variant},
};
use crate::domain::kernel::{
    Aggregate, AnyEvent, Dispatch, Id, Place, RejectedCommand, Rejection as _, RejectionKind,
    command_name, simulation::Record,
};
use std::{any::Any, collections::BTreeSet, rc::Rc, sync::OnceLock};

/// The numbers of the instances that events belong to: the explored instance, then another one.
pub(super) const NUMBERS: [u64; 2] = [1, 2];

/// A possible event of an instance.
#[derive(Clone)]
pub(super) struct SampleEvent {
    kind: &'static str,
    number: u64,
    event: Rc<dyn Any>,
    /// The bare name of the event.
    pub(super) name: String,
}

impl SampleEvent {
    pub(super) fn message_name(&self) -> board::MessageName {
        board::MessageName::new(self.kind, self.name.clone())
    }

    pub(super) const fn kind(&self) -> &'static str {
        self.kind
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}

impl AnyEvent for SampleEvent {
    fn downcast<A: Aggregate>(&self) -> Option<(Id<A>, A::Event)> {
        let event = (self.kind == A::NAME).then(|| self.event.downcast_ref::<A::Event>());
        event.flatten().map(|event| (Id::new(self.number), event.clone()))
    }
}

/// An aggregate kind with its type erased.
pub(super) trait Kind: Send + Sync {
    fn name(&self) -> &'static str;
    /// The events that occur in the reachable states.
    fn sample_events(&self) -> Vec<SampleEvent>;
    /// The rejections with which the kind may refuse this command.
    fn refusals(&self, dispatch: &Dispatch) -> Vec<RejectedCommand>;
    /// The outcomes of the command with this name.
    fn outcomes(&self, command: &str) -> Option<&Command>;
    /// The commands that lead to the event with this name.
    fn causes(&self, event: &str) -> BTreeSet<&str>;
    fn describe(&self) -> board::Aggregate;
    /// The name of the event in a record of a simulation.
    fn event_in(&self, record: &Record) -> Option<String>;
}

pub(super) fn kind<A: Aggregate>() -> Box<dyn Kind> {
    Box::new(Of::<A>(OnceLock::new()))
}

/// The kind `A`; it is explored when it is needed first.
struct Of<A: Aggregate>(OnceLock<Explored<A>>);

impl<A: Aggregate> Of<A> {
    fn explored(&self) -> &Explored<A> {
        self.0.get_or_init(Explored::explore)
    }
}

impl<A: Aggregate> Kind for Of<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn sample_events(&self) -> Vec<SampleEvent> {
        let sample = |event: &A::Event, number| {
            let (event, name) = (Rc::new(event.clone()), command_name(event));
            SampleEvent { kind: A::NAME, number, event, name }
        };
        let events = self.explored().events.iter();
        events.flat_map(|event| NUMBERS.map(|number| sample(event, number))).collect()
    }

    fn refusals(&self, dispatch: &Dispatch) -> Vec<RejectedCommand> {
        let Some(command) = dispatch.command::<A>() else { return vec![] };
        let (id, name) = (Id::<A>::new(dispatch.number()), command_name(command));
        let rejections = self.explored().rejections.iter().filter(|(refused, _)| *refused == name);
        rejections
            .map(|(_, rejection)| RejectedCommand::new(id, command, rejection.clone()))
            .collect()
    }

    fn outcomes(&self, command: &str) -> Option<&Command> {
        self.explored().commands.get(command)
    }

    fn causes(&self, event: &str) -> BTreeSet<&str> {
        let commands = self.explored().commands.iter();
        let causes = commands.filter(|(_, command)| command.leads_to.contains(event));
        causes.map(|(name, _)| name.as_str()).collect()
    }

    fn describe(&self) -> board::Aggregate {
        let Traced { whole, mut types, .. } = traced::<A::Command>();
        let Traced { whole: events, types: of_events, .. } = traced::<A::Event>();
        types.0.extend(of_events.0);
        let Explored { commands, clients_wait, mut exploration, .. } = self.explored().clone();
        let describe = |what: Variant| {
            let found = commands.get(&what.name).cloned();
            if found.is_none() {
                exploration.untried.insert(what.name.clone());
            }
            Command { what, ..found.unwrap_or_default() }
        };
        board::Aggregate {
            name: A::NAME.to_owned(),
            aliases: A::ALIASES.iter().map(|alias| (*alias).to_owned()).collect(),
            requests: requests::<A>(),
            commands: whole.variants().into_iter().map(describe).collect(),
            events: events.variants(),
            rejections: rejections::<A>(),
            types,
            clients_wait,
            exploration,
        }
    }

    fn event_in(&self, record: &Record) -> Option<String> {
        record.downcast::<A>().map(|(_, event)| command_name(&event))
    }
}

fn requests<A: Aggregate>() -> Vec<CommandRequest> {
    let request = |route: crate::domain::kernel::CommandRoute<A>| {
        let method = route.method.name();
        let rest = match route.place {
            Place::Collection => String::new(),
            Place::Item => "/{number}".to_owned(),
            Place::Action => format!("/{{number}}/{}", route.name),
        };
        CommandRequest {
            name: route.name.to_owned(),
            request: format!("{method} /{}{rest}", A::NAME),
        }
    };
    A::command_routes().into_routes().into_iter().map(request).collect()
}

/// The rejections of a kind, each with a sample of its sentence.
pub(crate) fn rejections<A: Aggregate>() -> Vec<Rejection> {
    let Traced { whole, samples, .. } = traced::<A::Rejection>();
    let describe = |what: Variant| {
        let sample = samples.iter().find(|sample| command_name(sample) == what.name)?;
        let kind = match sample.kind() {
            RejectionKind::Conflict => "conflict",
            RejectionKind::Unknown => "unknown",
            RejectionKind::Invalid => "invalid",
        };
        Some(Rejection { what, reason: sample.to_string(), kind: kind.to_owned() })
    };
    whole.variants().into_iter().filter_map(describe).collect()
}

/// The events of the kinds with these names.
pub(super) fn sample_events(kinds: &[Box<dyn Kind>], names: &[&str]) -> Vec<SampleEvent> {
    let heard = kinds.iter().filter(|kind| names.contains(&kind.name()));
    heard.flat_map(|kind| kind.sample_events()).collect()
}
