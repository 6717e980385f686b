//! The checks of a simulated taxi company at rest: the money, the taxis, the messages and the views.

use crate::{ensure, shown};
use madang::domain::{
    kernel::{AnyEvent as _, simulation::World},
    taxi::{
        availability::Availability,
        grade::Grade,
        my_page::MyPage,
        notice::{Change, Message},
        order::{self, Order},
        payment::{Fare, Payment},
        reservation::Reservation,
        taxi::{self, Taxi},
    },
};
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    world.check_money::<Fare>()?;
    for (number, _) in world.all::<Order>() {
        pages_are_true(world, number)?;
    }
    the_paid_grade_comes(world)?;
    free_taxis_are_offered(world)?;
    every_change_was_announced(world)
}

fn free_taxis_are_offered(world: &World) -> Result<(), String> {
    let rows = world.rows::<Availability>();
    for (number, taxi) in world.all::<Taxi>() {
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row);
        ensure(row.is_some_and(|row| row.stock_cnt == taxi.stock()), || {
            format!("taxi {number}: its row is {row:?}")
        })?;
    }
    Ok(())
}

/// No taxi was assigned to an order that was paid for a better one.
fn the_paid_grade_comes(world: &World) -> Result<(), String> {
    let mut grades = BTreeMap::new();
    for record in world.journal() {
        let Some((taxi, event)) = record.downcast::<Taxi>() else { continue };
        match event {
            taxi::Event::Registered { model, .. } | taxi::Event::Revised { model } => {
                grades.insert(taxi.number(), model.grade);
            }
            taxi::Event::Assigned { reservation, .. } => {
                let paid = paid_grade(world, reservation.number());
                let grade = grades.get(&taxi.number()).copied();
                ensure(grade >= Some(paid), || {
                    format!("taxi {taxi:?} is {grade:?}, and {reservation:?} is paid for {paid}")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn paid_grade(world: &World, number: u64) -> Grade {
    let paid = world.events::<Order>().into_iter().find_map(|(order, event)| match event {
        order::Event::Called { grade, .. } if order == number => Some(grade),
        _ => None,
    });
    paid.unwrap_or_default()
}

/// There is exactly one message for every change of every order.
fn every_change_was_announced(world: &World) -> Result<(), String> {
    use order::Event as E;
    let changes = world.events::<Order>().into_iter().filter_map(|(number, event)| {
        let change = match event {
            E::Called { .. } => Change::Requested,
            E::Paid { .. } => Change::Paid,
            E::Confirmed { .. } => Change::Confirmed,
            E::Cancelled { .. } => Change::Cancelled,
            E::Rejected { .. } => Change::Rejected,
            E::Completed { .. } => Change::Completed,
            E::Refunded { .. } => Change::Refunded,
            E::Released | E::Undone => return None,
        };
        Some(format!("{number} {change:?}"))
    });
    let mut changes: Vec<String> = changes.collect();
    let rows = world.rows::<Message>().into_iter();
    let mut told: Vec<String> =
        rows.map(|(_, row)| format!("{} {:?}", row.order_id, row.status)).collect();
    changes.sort();
    told.sort();
    ensure(changes == told, || format!("changes {changes:?}, messages {told:?}"))
}

fn pages_are_true(world: &World, number: u64) -> Result<(), String> {
    let rows = world.rows::<MyPage>();
    let Some((_, page)) = rows.into_iter().find(|(row, _)| *row == number) else {
        return Err(format!("order {number} has no page"));
    };
    let original = page.original_status.unwrap_or_default().0;
    let reserved = shown::<Reservation>(world, number, "originalStatus");
    let expected = match shown::<Order>(world, number, "originalStatus") {
        cancelled if !cancelled.is_empty() => cancelled,
        _ => reserved,
    };
    ensure(original == expected, || format!("order {number}: {expected}, its page {original}"))?;
    let shown = [
        shown::<Order>(world, number, "status"),
        shown::<Payment>(world, number, "status"),
        shown::<Reservation>(world, number, "status"),
    ];
    let status = json!(page.status).as_str().unwrap_or_default().to_owned();
    let page = [status, page.payment_status.0, page.reservation_status.0];
    ensure(shown == page, || format!("order {number}: {shown:?}, its page {page:?}"))
}
