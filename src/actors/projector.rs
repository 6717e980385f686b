//! Keeps the rows of one view, each fact folded exactly once, on a thread of its own.

use super::{
    crash::caught,
    facade::{Collection, Page, Row, Trouble, ViewInfo, ViewQuery},
    progress::{Bell, Progress},
    room::{blocking, busy},
    rooms::Rooms,
};
use crate::{
    domain::kernel::{Query, View},
    store::{
        Record,
        journal::{Journal, Level},
        read_model::{FoundRow, ReadModel, ReadModelError, RowChange, SearchError, Wanted},
    },
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Records folded into one transaction.
const BATCH_RECORDS_MAX: usize = 2_048;

/// Rows kept in memory between transactions.
const RECENT_ROWS_MAX: usize = 16_384;

/// The pause after something failed that should not.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The shortest time between two transactions: what a view may be behind in calm times.
const PACE: Duration = Duration::from_millis(10);

/// The same in busy times, when most rows change several times in a row.
const BUSY_PACE: Duration = Duration::from_millis(60);

/// A turn with so many records makes the times busy.
const BUSY_RECORDS: usize = 256;

/// Records that do not touch the view are passed without a transaction, up to so many.
const PASSED_RECORDS_MAX: u64 = 10_000;

/// The rows of a view, for everybody who reads them.
pub struct Rows {
    /// What clients see of the view.
    pub info: ViewInfo,
    /// How far it is.
    pub progress: Arc<Progress>,
    model: Arc<ReadModel>,
    reached: watch::Receiver<u64>,
}

impl Rows {
    /// Waits until everything up to this position is in the rows.
    async fn reach(&self, position: u64) {
        let mut reached = self.reached.clone();
        // An error means that the projector is gone, and with it the process.
        let _ = reached.wait_for(|reached| *reached >= position).await;
    }

    /// As `reach`, but not longer than this.
    async fn reach_within(&self, position: Option<u64>, patience: Duration) -> Result<(), Trouble> {
        let Some(position) = position else { return Ok(()) };
        let reached = tokio::time::timeout(patience, self.reach(position)).await;
        reached.map_err(|_| {
            Trouble::NotYet(format!("the view has not reached position {position} yet"))
        })
    }

    /// A page of rows.
    pub async fn search(&self, query: ViewQuery) -> Result<Collection<Row>, Trouble> {
        self.reach_within(query.at_least, query.patience).await?;
        let model = Arc::clone(&self.model);
        let (rows, total) = off_the_loop(move || {
            let Page { number: page, size, sort } = query.page;
            let descending = sort.as_ref().is_some_and(|sort| sort.descending);
            let sort = sort.map(|sort| sort.field);
            model.search(&query.conditions, &Wanted { page, size, sort, descending })
        })
        .await?;
        let items = rows.into_iter().map(|FoundRow { number, body }| Row { number, body });
        let items = items.collect();
        Ok(Collection { items, total })
    }

    /// One row.
    pub async fn row(
        &self,
        number: u64,
        at_least: Option<u64>,
        patience: Duration,
    ) -> Result<Option<Row>, Trouble> {
        self.reach_within(at_least, patience).await?;
        let model = Arc::clone(&self.model);
        let body = off_the_loop(move || Ok(model.get(number)?)).await?;
        Ok(body.map(|body| Row { number, body }))
    }

    /// The rows a lookup asks for, as of this position or later; goes on until it has them.
    pub async fn find<V: View>(&self, query: Query, at_least: u64) -> Vec<(u64, V)> {
        self.reach(at_least).await;
        loop {
            let (model, query) = (Arc::clone(&self.model), query.clone());
            match off_the_loop(move || model.find(&query)).await {
                Ok(rows) => {
                    let read =
                        |row: FoundRow| Some((row.number, serde_json::from_slice(&row.body).ok()?));
                    return rows.into_iter().filter_map(read).collect();
                }
                Err(trouble) => tracing::error!(view = V::NAME, %trouble, "a lookup failed"),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, Trouble> {
    match blocking(move || Ok(work())).await? {
        Ok(done) => Ok(done),
        Err(SearchError::BadQuery(because)) => Err(Trouble::BadQuery(because)),
        Err(error) => {
            tracing::error!(%error, "a view cannot be read");
            Err(busy("the view"))
        }
    }
}

/// Folds the journal into the rows of one view.
pub struct Projector<V: View> {
    model: Arc<ReadModel>,
    /// The last position folded, and the last one written down.
    cursor: u64,
    committed: u64,
    journal: Arc<Journal>,
    rooms: Arc<Rooms>,
    progress: Arc<Progress>,
    reached: watch::Sender<u64>,
    bell: Bell,
    recent: HashMap<u64, Option<V>>,
    /// The row of the largest number, where new rows go on from it.
    last: Option<V>,
}

/// There may be something to fold.
#[derive(Message)]
#[rtype(result = "()")]
struct Wake;

impl<V: View> Actor for Projector<V> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (addr, bell) = (ctx.address(), self.bell.clone());
        let wake = Arc::new(move || bell.ring(|| addr.do_send(Wake)));
        self.journal.subscribe(Level::Durable, wake);
        self.ring(ctx);
    }
}

impl<V: View> Handler<Wake> for Projector<V> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        match self.turn() {
            Ok(BATCH_RECORDS_MAX) => {
                self.bell.hush();
                self.ring(ctx);
            }
            // The bell goes on ringing for a while, so that what comes meanwhile is one turn.
            Ok(records) => {
                let pace = if records < BUSY_RECORDS { PACE } else { BUSY_PACE };
                ctx.run_later(pace, |projector, ctx| {
                    projector.bell.hush();
                    if projector.journal.durable() > projector.cursor {
                        projector.ring(ctx);
                    }
                });
            }
            Err(because) => {
                self.progress.trouble(Some(because));
                self.recent.clear();
                self.last = None;
                self.bell.hush();
                ctx.run_later(RETRY_PAUSE, |projector, ctx| projector.ring(ctx));
            }
        }
    }
}

impl<V: View> Projector<V> {
    /// A projector over this file, and the handle through which its rows are read.
    pub fn new(
        model: ReadModel,
        journal: Arc<Journal>,
        rooms: Arc<Rooms>,
        info: ViewInfo,
    ) -> Result<(Self, Arc<Rows>), ReadModelError> {
        let cursor = model.cursor()?;
        let model = Arc::new(model);
        let progress = Progress::new(format!("view {}", V::NAME));
        progress.reach(cursor);
        let (sender, reached) = watch::channel(cursor);
        let rows =
            Rows { info, progress: Arc::clone(&progress), model: Arc::clone(&model), reached };
        let (bell, recent) = (Bell::default(), HashMap::new());
        let projector = Self {
            model,
            cursor,
            committed: cursor,
            journal,
            rooms,
            progress,
            reached: sender,
            bell,
            recent,
            last: None,
        };
        Ok((projector, Arc::new(rows)))
    }

    fn ring(&self, ctx: &mut Context<Self>) {
        let addr = ctx.address();
        self.bell.ring(|| addr.do_send(Wake));
    }

    /// Folds a batch, and says of how many records.
    fn turn(&mut self) -> Result<usize, String> {
        let records = self.journal.read(self.cursor, BATCH_RECORDS_MAX, Level::Durable);
        let records = records.map_err(|error| error.to_string())?;
        let Some(last) = records.last().map(|record| record.position) else { return Ok(0) };
        let mut touched = Vec::new();
        for record in &records {
            self.fold(record, &mut touched)?;
        }
        touched.sort_unstable();
        touched.dedup();
        let changes: Result<Vec<_>, String> = touched
            .into_iter()
            .map(|number| Ok((number, self.recent[&number].as_ref().map(change).transpose()?)))
            .collect();
        let changes = changes?;
        if !changes.is_empty() || last - self.committed >= PASSED_RECORDS_MAX {
            self.model.commit(last, &changes).map_err(|error| error.to_string())?;
            self.committed = last;
        }
        self.cursor = last;
        if self.recent.len() > RECENT_ROWS_MAX {
            self.recent.clear();
        }
        self.progress.reach(last);
        self.progress.trouble_over();
        self.reached.send_replace(last);
        Ok(records.len())
    }

    fn fold(&mut self, record: &Record, touched: &mut Vec<u64>) -> Result<(), String> {
        let Some(heard) = self.rooms.hear::<V::Hears>(record)? else { return Ok(()) };
        let meta = record.meta();
        let in_record = |because| format!("record {}: {because}", record.position);
        let Some(number) = caught(|| V::key(&heard, &meta)).map_err(in_record)? else {
            return Ok(());
        };
        let mut before = match self.recent.remove(&number) {
            Some(row) => row,
            None => self.stored(number).map_err(in_record)?,
        };
        if V::CONTINUES && before.is_none() {
            before = self.last().map_err(in_record)?;
        }
        let after = caught(|| V::fold(before, heard, &meta)).map_err(in_record)?;
        if V::CONTINUES {
            self.last.clone_from(&after);
        }
        self.recent.insert(number, after);
        touched.push(number);
        Ok(())
    }

    /// The row that a new one goes on from.
    fn last(&self) -> Result<Option<V>, String> {
        if self.last.is_some() {
            return Ok(self.last.clone());
        }
        match self.model.last().map_err(|error| error.to_string())? {
            Some(number) => self.stored(number),
            None => Ok(None),
        }
    }

    fn stored(&self, number: u64) -> Result<Option<V>, String> {
        let body = self.model.row(number).map_err(|error| error.to_string())?;
        let row = body.map(|body| serde_json::from_slice(&body)).transpose();
        row.map_err(|error| format!("row {number}: {error}"))
    }
}

fn change<V: View>(row: &V) -> Result<RowChange, String> {
    let row = serde_json::to_value(row).map_err(|error| error.to_string())?;
    Ok(RowChange::new(V::FIELDS, &row))
}
