//! Planted faults of the host: what restarts and delivers the parts of a business. The worlds of the
//! taxi company detect each one.

use super::{super::taxi, is_noticed};
use madang::domain::kernel::simulation::HostFault;

fn is_noticed_in_taxis(fault: HostFault) {
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_host_fault(fault);
        world
    }));
}

#[test]
fn a_restart_that_forgets_the_calls_in_progress_is_noticed() {
    is_noticed_in_taxis(HostFault::LosesEffects);
}

#[test]
fn a_restart_that_forgets_the_commands_in_delivery_is_noticed() {
    is_noticed_in_taxis(HostFault::LosesCommands);
}

#[test]
fn commands_of_one_saga_that_overtake_each_other_are_noticed() {
    is_noticed_in_taxis(HostFault::ReordersCommands);
}

#[test]
fn a_request_that_is_answered_before_it_is_durable_is_noticed() {
    is_noticed_in_taxis(HostFault::AnswersEarly);
}
