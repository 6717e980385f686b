//! Checks that the names which a business declares as texts belong to its types.

use crate::{
    domain::kernel::{Aggregate, CommandRoute},
    store::shape::{Shape, from_value, samples, trace},
};
use std::collections::BTreeSet;

/// Returns one sentence for each name of an aggregate kind that has no counterpart: a command that
/// is routed by its name, and a command that is offered in some state.
pub(super) fn wrong_names_of_aggregate<A: Aggregate>() -> Vec<String> {
    let routes = A::command_routes().into_routes();
    let mut wrong = Vec::new();
    // A command that reads itself in another way has no variants to compare with.
    if let Ok(Shape::Enum(_, variants)) = trace::<A::Command>() {
        let variants: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
        let by_name = routes.iter().filter_map(CommandRoute::variant);
        wrong.extend(by_name.filter(|name| !variants.contains(name)).map(|name| {
            format!(
                "{}: the command `{name}` is routed by its name and does not exist; {}",
                A::NAME,
                there_are(&variants)
            )
        }));
    }
    let names: Vec<_> = routes.iter().map(|route| route.name).collect();
    wrong.extend(offered::<A>().into_iter().filter(|name| !names.contains(name)).map(|name| {
        format!(
            "{}: the command `{name}` is offered and has no route; {}",
            A::NAME,
            there_are(&names)
        )
    }));
    wrong
}

/// The commands that are offered in any state.
fn offered<A: Aggregate>() -> BTreeSet<&'static str> {
    let shape = trace::<A>();
    let states = shape.iter().flat_map(samples).filter_map(|state| from_value::<A>(state).ok());
    states.flat_map(|state| state.available_commands().iter().copied()).collect()
}

fn there_are(names: &[&str]) -> String {
    format!("there are {}", names.join(", "))
}
