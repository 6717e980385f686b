//! The check of histories: rebuilds every aggregate, and compares its snapshot.

use super::{
    BATCH_MAX,
    findings::{Findings, Progressing, Repair},
    parallel::{Reports, in_parallel, report},
    stored::{HistoryReader, Stored},
};
use crate::{
    actors::{
        aggregate::{HistoryFlaw, check_history},
        support::catch_panic,
    },
    domain::kernel::Aggregate,
    store::{KindId, Stream},
};

/// The numbers that one thread checks before it takes the next ones.
const NUMBERS_PER_CHECK: u64 = 4 * BATCH_MAX as u64;

/// A function that rebuilds one aggregate and returns what is wrong with it.
type HistoryCheck = fn(&mut HistoryReader<'_>, Stream) -> Result<(), HistoryFlaw>;

/// The kinds of aggregates whose histories are checked.
#[derive(Default)]
pub struct HistoryChecks(Vec<(&'static str, KindId, HistoryCheck)>);

/// Numbers of one kind, as indexes into the list of its numbers.
struct Part {
    name: &'static str,
    kind: KindId,
    check: HistoryCheck,
    skip: u64,
    take: u64,
}

impl HistoryChecks {
    /// Adds a kind of aggregates.
    pub(super) fn add<A: Aggregate>(&mut self, kind: KindId) {
        let check: HistoryCheck = |histories, stream| {
            let snapshot = histories.snapshot(stream);
            let snapshot = snapshot.map_err(|error| HistoryFlaw::History(error.to_string()))?;
            check_history::<A>(snapshot, |each| histories.each_record(stream, each))
        };
        self.0.push((A::NAME, kind, check));
    }

    /// Checks all histories.
    pub(super) fn run(
        &self,
        stored: &Stored,
        findings: &mut Findings,
        progressing: Progressing<'_>,
    ) {
        let parts: Vec<Part> = self.0.iter().flat_map(|kind| parts(stored, kind)).collect();
        let total = parts.iter().map(|part| part.take).sum();
        let mut done = 0;
        let check = |part: &Part, reports: &Reports| {
            let found = catch_panic(|| part.check(stored)).and_then(|found| found);
            report(reports, part.name, part.take, total);
            found
        };
        let mut found = in_parallel(&parts, check, &mut |(_, more, total)| {
            done += more;
            progressing("aggregates", done, total);
        })
        .into_iter();
        let mut repairable = Vec::new();
        for (name, ..) in &self.0 {
            let of_kind = parts.iter().filter(|part| part.name == *name).count();
            let of_kind: Vec<_> = found.by_ref().take(of_kind).collect();
            let mut of_kind = of_kind.into_iter();
            let found = of_kind
                .try_fold(Found::default(), |found, more| Ok::<_, String>(found.with(more?)));
            findings.part(name, || {
                let Found { flaws, repairs } = found?;
                repairable.extend(repairs);
                Ok(flaws)
            });
        }
        findings.repairs.extend(repairable);
    }
}

/// What is wrong with some aggregates of one kind.
#[derive(Default)]
struct Found {
    /// A sentence for each of them.
    flaws: Vec<String>,
    repairs: Vec<Repair>,
}

impl Found {
    fn with(mut self, more: Self) -> Self {
        self.flaws.extend(more.flaws);
        self.repairs.extend(more.repairs);
        self
    }
}

/// Cuts the numbers of a kind into parts.
fn parts(
    stored: &Stored,
    &(name, kind, check): &(&'static str, KindId, HistoryCheck),
) -> impl Iterator<Item = Part> + use<> {
    let of = stored.journal.count(kind);
    let starts = (0..of).step_by(usize::try_from(NUMBERS_PER_CHECK).unwrap_or(usize::MAX));
    starts.map(move |skip| {
        let take = NUMBERS_PER_CHECK.min(of - skip);
        Part { name, kind, check, skip, take }
    })
}

impl Part {
    /// Checks the aggregates of this part.
    fn check(&self, stored: &Stored) -> Result<Found, String> {
        let Self { name, kind, skip, .. } = *self;
        let mut histories = stored.histories().map_err(|error| error.to_string())?;
        let mut found = Found::default();
        let take = usize::try_from(self.take).unwrap_or(usize::MAX);
        let numbers = stored.journal.numbers(kind, skip, take, false);
        for number in numbers.map_err(|error| error.to_string())? {
            let stream = Stream { kind, number };
            let checked = catch_panic(|| (self.check)(&mut histories, stream));
            let reason = match checked.map_err(HistoryFlaw::History).and_then(|it| it) {
                Ok(()) => continue,
                Err(HistoryFlaw::History(reason)) => reason,
                Err(HistoryFlaw::Snapshot(reason)) => {
                    found.repairs.push(Repair::Snapshot { name, stream });
                    reason
                }
            };
            found.flaws.push(format!("{name} {number}: {reason}"));
        }
        Ok(found)
    }
}
