//! Every record of a simulated world is explained by the board, which is drawn without a world.

use super::{claims, education, insurance, phone, rental, taxi};
use madang::{
    domain::{
        self,
        kernel::simulation::{Cause, Payload, Record, World, random_worlds},
    },
    model::{
        ModelBuilder,
        board::{Board, MessageName, Policy, Trigger},
    },
};
use std::sync::LazyLock;

static BUILDER: LazyLock<ModelBuilder> = LazyLock::new(|| {
    let mut builder = ModelBuilder::default();
    domain::install(&mut builder);
    builder
});
static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| BUILDER.boards());

/// The worlds of each business whose records are explained.
const WORLDS: u64 = 2_000;

#[test]
fn every_record_of_claims_is_explained_by_the_board() {
    random_worlds(WORLDS, claims::some_office, claims::people, explains);
}

#[test]
fn every_record_of_education_is_explained_by_the_board() {
    random_worlds(WORLDS, |_| education::school(), education::people, explains);
}

#[test]
fn every_record_of_insurance_is_explained_by_the_board() {
    random_worlds(WORLDS, insurance::some_company, insurance::people, explains);
}

#[test]
fn every_record_of_phone_is_explained_by_the_board() {
    random_worlds(WORLDS, phone::some_shop, phone::people, explains);
}

#[test]
fn every_record_of_rental_is_explained_by_the_board() {
    random_worlds(WORLDS, |_| rental::garage(), rental::people, explains);
}

#[test]
fn every_record_of_taxi_is_explained_by_the_board() {
    random_worlds(WORLDS / 5, taxi::some_company, taxi::people, explains);
}

/// Checks every record that a saga, a port or a lookup caused: an arrow of the board leads from its
/// trigger over a command to the record.
fn explains(world: &World) -> Result<(), String> {
    for record in world.journal() {
        let Cause::Dispatch(origin) = record.cause else { continue };
        let Some(trigger) =
            usize::try_from(origin.position - 1).ok().map(|at| &world.journal()[at])
        else {
            continue;
        };
        let (trigger, came) = (trigger_of(trigger), trigger_of(record));
        let explained = said(origin.by, &trigger).iter().any(|told| came_of(told, &came));
        if origin.by != "unknown" && !explained {
            return Err(format!("not drawn: {} on {trigger:?} leads to {came:?}", origin.by));
        }
    }
    Ok(())
}

fn trigger_of(record: &Record) -> Trigger {
    let told =
        |name: &str| MessageName { aggregate: record.kind.to_owned(), name: name.to_owned() };
    match &record.payload {
        Payload::Event(_) => Trigger::Event(BUILDER.event(record).unwrap_or_else(|| told("?"))),
        Payload::Refused(refused) => Trigger::Refused(told(&refused().command)),
        Payload::Unchanged { command } => Trigger::Unchanged(told(command)),
        Payload::TimerFired => Trigger::Timer,
    }
}

/// The commands that the board lets this saga, port or lookup send on this trigger.
fn said(by: &str, trigger: &Trigger) -> Vec<MessageName> {
    let mut said = vec![];
    for board in BOARDS.iter() {
        let policies = board.policies.iter().filter(|policy| policy.name == by);
        let lookups = board.lookups.iter().filter(|lookup| lookup.name == by);
        let reactions = policies.flat_map(Policy::reactions);
        let reactions = reactions.chain(lookups.flat_map(|lookup| lookup.reactions.clone()));
        let reactions = reactions.filter(|reaction| reaction.whenever == *trigger);
        said.extend(reactions.map(|reaction| reaction.then.clone()));
        let services = board.services.iter().filter(|service| service.name == by);
        for (asked, meanings) in services.flat_map(|service| &service.asks) {
            if Trigger::Event(asked.whenever.clone()) == *trigger {
                said.extend(meanings.values().flatten().cloned());
            }
        }
    }
    said
}

/// Whether the board lets this command have this outcome.
fn came_of(told: &MessageName, came: &Trigger) -> bool {
    let aggregates = BOARDS.iter().flat_map(|board| &board.aggregates);
    let mut commands = aggregates
        .filter(|aggregate| aggregate.name == told.aggregate)
        .flat_map(|aggregate| &aggregate.commands);
    let Some(command) = commands.find(|command| command.what.name == told.name) else {
        return false;
    };
    match came {
        Trigger::Refused(refused) => refused == told && !command.refused_as.is_empty(),
        Trigger::Unchanged(unchanged) => unchanged == told && command.may_change_nothing,
        Trigger::Timer => false,
        Trigger::Event(event) => {
            told.aggregate == event.aggregate && command.leads_to.contains(&event.name)
        }
    }
}
