//! Benchmarks the pure part of a taxi order: `decide` and `evolve`.

use criterion::{Criterion, criterion_group, criterion_main};
use madang::domain::{
    kernel::{Aggregate, Id, Money, Quantity, Timestamp},
    taxi::{
        grade::Grade,
        order::{Command, Customer, Event, Order},
        settings::Settings,
        taxi::{self, Model, Taxi},
    },
};
use std::hint::black_box;

fn called() -> Event {
    let customer = Customer { name: "Jung".into(), phone: "010-1234".into() };
    Event::Called {
        grade: Grade::Prime,
        customer,
        card_no: "383824245656".into(),
        fare: Money(5_000),
    }
}

fn domain(criterion: &mut Criterion) {
    let settings = Settings::default();
    let order = Order::default().evolve(called());
    criterion.bench_function("decide: an order is paid", |bench| {
        bench.iter(|| black_box(&order).decide(Command::Pay, Timestamp(7), &settings));
    });
    criterion.bench_function("evolve: an order is called", |bench| {
        bench.iter(|| Order::default().evolve(black_box(called())));
    });
    let model = Model {
        taxi_name: "sonata".into(),
        company_name: "tmap".into(),
        item_price: Money(4_900),
        grade: Grade::Basic,
    };
    let fleet = Taxi::default().evolve(taxi::Event::Registered { model, stock: Quantity(2_000) });
    let assigned = |fleet: Taxi, number| {
        let (reservation, stock) = (Id::new(number), Quantity(0));
        fleet.evolve(taxi::Event::Assigned { reservation, stock })
    };
    let busy = (1..=1_000).fold(fleet, assigned);
    criterion.bench_function("decide: one of 2000 taxis is assigned, 1000 are out", |bench| {
        let assign = taxi::Command::Assign { reservation: Id::new(5_000), grade: Grade::Basic };
        bench.iter(|| black_box(&busy).decide(assign.clone(), Timestamp(7), &settings));
    });
}

criterion_group!(benches, domain);
criterion_main!(benches);
