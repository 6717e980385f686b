//! An aggregate kind with its type erased: its commands, their outcomes, and its events.

use super::{
    attempt,
    board::{self, Command, CommandRequest, Rejection},
    sampling::traced,
    shape::{Traced, Variant},
};
use crate::domain::kernel::{
    Aggregate, AnyEvent, Dispatch, Id, Issuer, Method, Place, Refused, Rejection as _,
    RejectionKind, SettingsOf, Timestamp, command_name, simulation::Record,
};
use std::{
    any::Any,
    collections::{BTreeMap, HashSet, VecDeque},
    marker::PhantomData,
    rc::Rc,
};

/// The numbers of the instances that events belong to: the explored instance, then another one.
pub(super) const NUMBERS: [u64; 2] = [1, 2];

/// The most states explored per aggregate kind, the nearest to the initial state first.
const STATES_MAX: usize = 512;

/// The most samples explored per command, and the most settings.
const COMMAND_SAMPLES_MAX: usize = 24;
const SETTINGS_MAX: usize = 4;

/// The times at which commands are decided: an early and a late one.
const TIMES: [Timestamp; 2] = [Timestamp(1), Timestamp(1 << 50)];

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
    /// All possible events of the kind.
    fn sample_events(&self) -> Vec<SampleEvent>;
    /// All rejections with which the kind may refuse a command.
    fn refusals(&self, dispatch: &Dispatch) -> Vec<Refused>;
    fn describe(&self) -> board::Aggregate;
    /// The name of the event in a record of a simulation.
    fn event_in(&self, record: &Record) -> Option<String>;
}

pub(super) fn kind<A: Aggregate>() -> Box<dyn Kind> {
    Box::new(Of::<A>(PhantomData))
}

struct Of<A>(PhantomData<fn() -> A>);

impl<A: Aggregate> Kind for Of<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn sample_events(&self) -> Vec<SampleEvent> {
        let happening = |event: A::Event, number| {
            let name = command_name(&event);
            SampleEvent { kind: A::NAME, number, event: Rc::new(event), name }
        };
        let samples = traced::<A::Event>().samples.into_iter();
        samples.flat_map(|event| NUMBERS.map(|number| happening(event.clone(), number))).collect()
    }

    fn refusals(&self, dispatch: &Dispatch) -> Vec<Refused> {
        let Some(command) = dispatch.command::<A>() else { return vec![] };
        let id = Id::<A>::new(dispatch.number());
        let rejections = traced::<A::Rejection>().samples.into_iter();
        rejections.map(|rejection| Refused::new(id, command, rejection)).collect()
    }

    fn describe(&self) -> board::Aggregate {
        let Traced { whole, mut types, samples } = traced::<A::Command>();
        let Traced { whole: events, types: of_events, .. } = traced::<A::Event>();
        types.0.extend(of_events.0);
        let mut commands: BTreeMap<String, Command> = BTreeMap::new();
        for command in &samples {
            let described = commands.entry(command_name(command)).or_default();
            described.issuers.extend(issuers(A::issuer(command)));
        }
        explore::<A>(&samples, &mut commands);
        let describe = |what: Variant| {
            let found = commands.remove(&what.name).unwrap_or_default();
            Command { what, ..found }
        };
        board::Aggregate {
            name: A::NAME.to_owned(),
            aliases: A::ALIASES.iter().map(|alias| (*alias).to_owned()).collect(),
            requests: requests::<A>(),
            commands: whole.variants().into_iter().map(describe).collect(),
            events: events.variants(),
            rejections: rejections::<A>(),
            types,
        }
    }

    fn event_in(&self, record: &Record) -> Option<String> {
        record.downcast::<A>().map(|(_, event)| command_name(&event))
    }
}

fn issuers(issuer: Issuer) -> Vec<String> {
    match issuer {
        Issuer::Anyone => vec!["anyone".to_owned()],
        Issuer::Customer => vec!["customer".to_owned()],
        Issuer::Staff(roles) => roles.iter().map(|role| (*role).to_owned()).collect(),
        Issuer::Internal => vec![],
    }
}

fn requests<A: Aggregate>() -> Vec<CommandRequest> {
    let request = |route: crate::domain::kernel::CommandRoute<A>| {
        let method = match route.method {
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
        };
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

fn rejections<A: Aggregate>() -> Vec<Rejection> {
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

/// Submits every command in every reachable state, and records the outcomes.
fn explore<A: Aggregate>(samples: &[A::Command], noted: &mut BTreeMap<String, Command>) {
    let settings = settings::<A>();
    let commands = few_of_each(samples);
    let mut states = VecDeque::from([A::default()]);
    let mut seen = HashSet::from([format!("{:?}", A::default())]);
    while let Some(state) = states.pop_front() {
        for command in &commands {
            let Some(noted) = noted.get_mut(&command_name(command)) else { continue };
            for (settings, now) in settings.iter().flat_map(|s| TIMES.map(|now| (s, now))) {
                match attempt(|| state.decide(command.clone(), now, settings)) {
                    Some(Err(rejection)) => _ = noted.refused_as.insert(command_name(&rejection)),
                    Some(Ok(events)) => {
                        noted.leads_to.extend(events.iter().map(command_name));
                        let next = attempt(|| events.into_iter().fold(state.clone(), A::evolve));
                        if let Some(next) = next
                            && seen.len() < STATES_MAX
                            && seen.insert(format!("{next:?}"))
                        {
                            states.push_back(next);
                        }
                    }
                    None => {}
                }
            }
        }
    }
}

/// The settings to explore: the default first, then samples.
fn settings<A: Aggregate>() -> Vec<SettingsOf<A>> {
    let unusual = traced::<SettingsOf<A>>().samples.into_iter();
    std::iter::once(SettingsOf::<A>::default()).chain(unusual).take(SETTINGS_MAX).collect()
}

fn few_of_each<C: Clone + std::fmt::Debug>(samples: &[C]) -> Vec<C> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut is_few = |sample: &&C| {
        let count = counts.entry(command_name(sample)).or_default();
        *count += 1;
        *count <= COMMAND_SAMPLES_MAX
    };
    samples.iter().filter(|sample| is_few(sample)).cloned().collect()
}

/// All possible events of the kinds with these names.
pub(super) fn sample_events(kinds: &[Box<dyn Kind>], names: &[&str]) -> Vec<SampleEvent> {
    let heard = kinds.iter().filter(|kind| names.contains(&kind.name()));
    heard.flat_map(|kind| kind.sample_events()).collect()
}
