//! The variants of a type and of its values, by name: which commands and states there are, and
//! which of them a world has reached.
//!
//! A path leads to a variant: the names of the fields and variants around it, then its own name. So
//! `["status", "Paid"]` is a struct whose field `status` is `Paid`, and `["Riding", "taxi", "Held"]`
//! is the variant `Riding` whose field `taxi` is `Held`. Lists, options and tuples add no name.

mod traced;
mod walked;

pub(super) use traced::{Traced, traced};
pub(super) use walked::{variant, visit};

/// A path to a variant.
pub(super) type Path = Vec<&'static str>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::{CardNumber, Id, Money, Text};
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Trip {
        Waiting,
        Riding { spot: Spot, since: u64 },
        Over(Option<Ending>),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Spot {
        Free,
        Taken(Id<Trip>),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Ending {
        ByPassenger { why: String },
        ByDriver,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Booking {
        name: Text,
        card: CardNumber,
        price: Money,
        is_paid: bool,
        stops: Vec<u8>,
        taxis: BTreeMap<Id<Trip>, Spot>,
        trip: Trip,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Chain {
        End,
        Link(Box<Chain>),
    }

    fn joined(paths: &[Path]) -> Vec<String> {
        let mut joined: Vec<String> = paths.iter().map(|path| path.join(".")).collect();
        joined.sort();
        joined
    }

    #[test]
    fn every_variant_of_a_type_is_found_however_deep_it_is() {
        let expected =
            ["Over", "Over.by-driver", "Over.by-passenger", "Riding", "Riding.spot.Free"];
        let found = joined(&traced::<Trip>().paths);
        assert_eq!(found, [&expected[..], &["Riding.spot.Taken", "Waiting"]].concat());
        let booking = joined(&traced::<Booking>().paths);
        assert!(booking.contains(&"trip.Riding.spot.Taken".to_owned()), "{booking:?}");
        assert!(booking.contains(&"taxis.Taken".to_owned()), "{booking:?}");
        assert_eq!(booking.len(), 9);
    }

    #[test]
    fn the_variants_of_a_value_are_named_like_those_of_its_type() {
        for sample in traced::<Booking>().samples {
            let all = joined(&traced::<Booking>().paths);
            let mut seen = vec![];
            visit(&sample, &mut |path| seen.push(path.join(".")));
            assert!(seen.len() > 1 && seen.iter().all(|path| all.contains(path)), "{seen:?}");
        }
        let riding = Trip::Riding { spot: Spot::Taken(Id::new(1)), since: 3 };
        let mut seen = vec![];
        visit(&riding, &mut |path| seen.push(path.join(".")));
        assert_eq!(seen, ["Riding", "Riding.spot.Taken"]);
    }

    #[test]
    fn a_command_is_named_as_its_variant() {
        assert_eq!(variant(&Trip::Over(None)), Some("Over"));
        assert_eq!(variant(&Ending::ByDriver), Some("by-driver"));
        assert_eq!(variant(&7_u64), None);
    }

    #[test]
    fn a_type_that_contains_itself_is_traced_to_a_bounded_depth() {
        let Traced { paths, samples } = traced::<Chain>();
        assert!(paths.len() > 2 && paths.len() < 40, "{paths:?}");
        assert!(samples.contains(&Chain::End));
    }
}
