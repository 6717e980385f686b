//! Generators of random rules and actions for the property tests.

use crate::actors::gate::rules::{BreakerRules, LimitRules, QueueRules, RateRules, Rules, Span};
use proptest::{option, prelude::*};
use std::time::Duration;

/// An action of a caller at a gate, or the passing of time.
#[derive(Clone, Debug)]
pub enum Deed {
    Enter,
    Reserve,
    Wait(Option<u64>),
    Leave(usize),
    Report(usize, bool),
    GiveBack(usize),
    Pass(u64),
}

/// Generates any action.
pub fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => Just(Deed::Enter),
        2 => Just(Deed::Reserve),
        4 => option::weighted(0.8, 0..600_u64).prop_map(Deed::Wait),
        1 => any::<usize>().prop_map(Deed::Leave),
        4 => (any::<usize>(), any::<bool>())
            .prop_map(|(which, failed)| Deed::Report(which, failed)),
        2 => any::<usize>().prop_map(|which| Deed::Report(which, true)),
        1 => any::<usize>().prop_map(Deed::GiveBack),
        4 => (0..60_u64).prop_map(Deed::Pass),
        1 => (0..900_u64).prop_map(Deed::Pass),
    ]
}

fn limit() -> impl Strategy<Value = LimitRules> {
    prop_oneof![
        Just(LimitRules::Unlimited),
        (1..5_usize).prop_map(LimitRules::Fixed),
        (1..3_usize, 3..30_usize).prop_map(|(min, max)| LimitRules::Adaptive { min, max }),
    ]
}

fn queue() -> impl Strategy<Value = QueueRules> {
    (1..6_usize, 1..500_u64, 1..30_u64, 1..120_u64).prop_map(
        |(calls_max, max, target, interval)| QueueRules {
            calls_max,
            waiting_max: Duration::from_millis(max),
            wait_target: Duration::from_millis(target),
            wait_interval: Duration::from_millis(interval),
        },
    )
}

fn breaker() -> impl Strategy<Value = BreakerRules> {
    let span = prop_oneof![(1..8_u32).prop_map(Span::Calls), (1..3_u32).prop_map(Span::Seconds)];
    let rates = (0.2..1.0_f64, 0.2..1.0_f64, option::of(1..5_u32));
    let times = (50..300_u64, 1..200_u64, 1..800_u64);
    (span, 1..6_u32, rates, times, 1.0..50.0_f64, 1..6_u32).prop_map(
        |(span, minimum_calls, rates, times, probes_per_s, trial_calls)| BreakerRules {
            span,
            minimum_calls,
            failure_rate: rates.0,
            slow_call: Duration::from_millis(times.0),
            slow_call_rate: rates.1,
            consecutive_failures: rates.2,
            open: Duration::from_millis(times.1),
            open_max: Duration::from_millis(times.1 + times.2),
            probes_per_s,
            trial_calls,
        },
    )
}

/// Generates any valid rules.
pub fn rules() -> impl Strategy<Value = Rules> {
    let rate = (1.0..100.0_f64, 1..5_u32)
        .prop_map(|(per_s, burst)| RateRules { per_s, burst: burst.into() });
    (option::of(rate), limit(), queue(), option::of(breaker()), 50..600_u64).prop_map(
        |(rate, limit, queue, breaker, permit)| Rules {
            rate,
            limit,
            queue,
            breaker,
            permit: Duration::from_millis(permit),
            retry_after_max: Duration::from_secs(5),
            hold: Duration::ZERO,
        },
    )
}
