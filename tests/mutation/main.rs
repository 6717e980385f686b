//! Damage to the data folder: a real server builds a store, its files are mutated, and a server is
//! started on each mutation. It refuses to start with a reason, or serves all acknowledged records.
//!
//! `MUTATIONS` sets the number of mutations (200 by default, 1,000 in the long form),
//! `MUTATION_SEED` their choice. `TESTED_MADANG` names another binary to test by the same rules.

mod acknowledged;
mod mutating;
mod running;
mod serving;
mod verdict;

#[path = "../support/mod.rs"]
mod support;

use mutating::{Base, Mutation};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use support::dice::Dice;
use tokio::task::JoinSet;
use verdict::{Verdict, judge};

/// The number of servers that run concurrently.
const SIDE_BY_SIDE: usize = 4;

#[tokio::test]
async fn a_damaged_store_is_refused_or_loses_nothing() {
    let mutations = from_environment("MUTATIONS", 200);
    let mut dice = Dice(from_environment("MUTATION_SEED", 0x5eed));
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let base = Arc::new(Base::build(folder.path()).await);
    println!("built in {:.1?}: {}", begin.elapsed(), base.describe());
    let untouched = judge(&base, folder.path(), 0, &Mutation::Nothing).await;
    assert!(matches!(untouched, Verdict::Healed), "an untouched copy: {untouched:?}");

    let all: Vec<Mutation> = (0..mutations).map(|nth| base.draw(nth, &mut dice)).collect();
    let counts = try_all(&base, folder.path(), all).await;
    let count = |name: &str| counts.get(name).map_or(0, Vec::len);
    println!(
        "{mutations} mutations in {:.1?}: {} refused, {} loud, {} healed, {} lost, {} silent, {} \
         without a sentence",
        begin.elapsed(),
        count("refused"),
        count("loud"),
        count("healed"),
        count("lost"),
        count("silent"),
        count("unworded")
    );
    for name in ["lost", "silent", "unworded"] {
        let bad = counts.get(name).map_or(&[][..], Vec::as_slice);
        for line in bad {
            println!("{name}: {line}");
        }
    }
    assert_eq!((count("lost"), count("silent"), count("unworded")), (0, 0, 0));
}

/// The outcomes, by verdict.
async fn try_all(
    base: &Arc<Base>,
    folder: &Path,
    all: Vec<Mutation>,
) -> BTreeMap<&'static str, Vec<String>> {
    let (next, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(all));
    let mut workers = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let (base, next, all) = (Arc::clone(base), Arc::clone(&next), Arc::clone(&all));
        let folder = folder.to_owned();
        workers.spawn(async move {
            let mut judged = Vec::new();
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                let Some(mutation) = all.get(nth) else { return judged };
                let verdict = judge(&base, &folder, nth + 1, mutation).await;
                judged.push((verdict.name(), format!("#{nth} {mutation:?}: {}", verdict.words())));
            }
        });
    }
    let mut counts: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    while let Some(judged) = workers.join_next().await {
        for (name, line) in judged.expect("a worker ends") {
            if std::env::var_os("MUTATIONS_SHOWN").is_some() {
                println!("{name}: {line}");
            }
            counts.entry(name).or_default().push(line);
        }
    }
    counts
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
