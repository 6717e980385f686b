//! Tests of the boards: what they say about outcomes that the exploration does not find.

use super::*;
use crate::{
    aggregate_types, body,
    domain::kernel::{
        CommandRoutes, Date, Decision, Empty, Issuer, Method, Period, Quantity, Timestamp,
    },
    rejections,
};
use Command::{Admit, Announce, Call};
use Event::{Admitted, Announced};
use serde::{Deserialize, Serialize};

struct Theatre;

impl Business for Theatre {
    const NAME: &'static str = "theatre";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Play>();
    }
}

/// A play that runs for some evenings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Play(Option<Period>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Command {
    Announce { evenings: Period },
    Admit,
    Call { guests: Quantity },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Announced { evenings: Period },
    Admitted,
}

rejections! {
    enum Rejection {
        NotToday: "the play is not today";
        TooFew: "there are too few guests";
    }
}

impl Aggregate for Play {
    const NAME: &'static str = "theatre/plays";
    aggregate_types!(Theatre);

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, command: Command, now: Timestamp, _: &Empty) -> Decision<Self> {
        let is_today = self.0.is_some_and(|evenings| evenings.contains(Date::at(now)));
        match command {
            Announce { evenings } => Ok(vec![Announced { evenings }]),
            Admit if is_today => Ok(vec![Admitted]),
            Admit => Err(Rejection::NotToday),
            // The samples have no such quantity.
            Call { guests: Quantity(31) } => Ok(vec![]),
            Call { .. } => Err(Rejection::TooFew),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Announced { evenings } => Self(Some(evenings)),
            Admitted => self,
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let announce = body!(|evenings: Period| Announce { evenings });
        CommandRoutes::new().on_item("announce", [Method::Put], announce)
    }
}

#[test]
fn a_command_within_a_period_is_tried_on_a_day_of_it_and_one_without_an_outcome_is_named() {
    let mut builder = ModelBuilder::default();
    let boards = builder.business::<Theatre>().boards();
    let page = page(&boards[0]);
    let named = "No outcome was found in the states, at the times and with the values that were \
                 tried: theatre/plays Call.\n";
    assert!(page.contains(named), "{page}");
    assert!(svg(&boards).contains(named.trim_end()));
    for row in [
        "| Admit |  | anyone | Admitted | NotToday |",
        "| Call | `guests: Quantity` | anyone | none was found | TooFew |",
    ] {
        assert!(page.contains(row), "{row} is not in\n{page}");
    }
}
