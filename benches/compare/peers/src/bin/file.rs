//! The echo with one append-only file: every record is in the file and synced (fdatasync) before
//! the answer. What arrives during a sync is written and synced together next (group commit).
//!
//! One thread writes. It wakes each worker once for a commit, and the worker completes all its
//! requests that the commit has. There is no index, so nothing is read.

use peers::{OrderRequest, Result, Store, Stored, Taxi, argument};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{BufReader, Read, Write},
    rc::Rc,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use tokio::sync::{Notify, oneshot};

/// The kinds of records. A record is its length (4 bytes), its kind (1 byte) and its JSON.
const TAXI: u8 = 1;
const ORDER: u8 = 2;
const PAYMENT: u8 = 3;
const RESTOCK: u8 = 4;

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// How often bytes were appended so far.
    appended: u64,
}

/// The file, and what waits for it.
struct Log {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// The appends that are on the disk.
    durable: AtomicU64,
    workers: Mutex<Vec<Arc<Notify>>>,
    taxis: AtomicU64,
    orders: AtomicU64,
    /// What was in the file at the start.
    found: Stored,
}

impl Log {
    fn append(&self, bytes: &[u8]) -> u64 {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = queue.bytes.is_empty();
        queue.bytes.extend_from_slice(bytes);
        queue.appended += 1;
        let appended = queue.appended;
        drop(queue);
        if was_empty {
            self.filled.notify_one();
        }
        appended
    }

    /// Writes and syncs what was appended, again and again. An error ends the process.
    fn write(&self, file: &mut File) -> Result<()> {
        let mut bytes = Vec::new();
        loop {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            while queue.bytes.is_empty() {
                queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut queue.bytes, &mut bytes);
            let appended = queue.appended;
            drop(queue);
            file.write_all(&bytes)?;
            file.sync_data()?;
            bytes.clear();
            self.durable.store(appended, Ordering::Release);
            for worker in &*self.workers.lock().unwrap_or_else(PoisonError::into_inner) {
                worker.notify_one();
            }
        }
    }
}

type Waiting = Rc<RefCell<VecDeque<(u64, oneshot::Sender<()>)>>>;

/// The log as one worker sees it.
struct FileStore {
    log: Arc<Log>,
    waiting: Waiting,
}

impl FileStore {
    fn new(log: Arc<Log>) -> Self {
        let (waiting, durable) = (Waiting::default(), Arc::new(Notify::new()));
        log.workers.lock().unwrap_or_else(PoisonError::into_inner).push(durable.clone());
        actix_web::rt::spawn(complete(log.clone(), waiting.clone(), durable));
        Self { log, waiting }
    }

    /// Appends the bytes, and waits until they are on the disk.
    async fn append(&self, bytes: &[u8]) -> Result<()> {
        let (done, on_disk) = oneshot::channel();
        // Appends of one worker are in order, because its thread does nothing in between.
        self.waiting.borrow_mut().push_back((self.log.append(bytes), done));
        Ok(on_disk.await?)
    }
}

/// Completes the requests of one worker that the last commit has.
async fn complete(log: Arc<Log>, waiting: Waiting, commit: Arc<Notify>) {
    loop {
        commit.notified().await;
        let durable = log.durable.load(Ordering::Acquire);
        let mut waiting = waiting.borrow_mut();
        while waiting.front().is_some_and(|(append, _)| *append <= durable) {
            if let Some((_, done)) = waiting.pop_front() {
                // A client that has gone does not wait.
                let _ = done.send(());
            }
        }
    }
}

fn record(into: &mut Vec<u8>, kind: u8, value: &impl serde::Serialize) -> Result<()> {
    let start = into.len();
    into.extend_from_slice(&[0, 0, 0, 0, kind]);
    serde_json::to_writer(&mut *into, value)?;
    let length = u32::try_from(into.len() - start - 5)?;
    into[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

impl Store for FileStore {
    async fn create(&self, taxi: Taxi) -> Result<(u64, Taxi)> {
        let number = self.log.taxis.fetch_add(1, Ordering::Relaxed) + 1;
        let mut bytes = Vec::with_capacity(128);
        record(&mut bytes, TAXI, &(number, &taxi))?;
        self.append(&bytes).await?;
        Ok((number, taxi))
    }

    async fn order(&self, order: &OrderRequest) -> Result<u64> {
        let number = self.log.orders.fetch_add(1, Ordering::Relaxed) + 1;
        let mut bytes = Vec::with_capacity(128);
        record(&mut bytes, ORDER, &(number, order))?;
        record(&mut bytes, PAYMENT, &(number, order.fare(), "Approved"))?;
        self.append(&bytes).await?;
        Ok(number)
    }

    async fn restock(&self, number: u64, stock: u64) -> Result<Taxi> {
        let mut bytes = Vec::with_capacity(64);
        record(&mut bytes, RESTOCK, &(number, stock))?;
        self.append(&bytes).await?;
        Ok(Taxi::with_stock(stock))
    }

    async fn read(&self, _: u64) -> Result<Option<Taxi>> {
        Ok(None)
    }

    async fn stored(&self) -> Result<Stored> {
        Ok(self.log.found)
    }
}

/// Counts the records of a file. A record that a crash cut off ends it.
fn count(file: &File) -> Result<Stored> {
    let mut stored = Stored::default();
    let (mut from, mut head) = (BufReader::with_capacity(1 << 20, file), [0; 5]);
    while from.read_exact(&mut head).is_ok() {
        let mut json = vec![0; usize::try_from(u32::from_le_bytes(head[..4].try_into()?))?];
        if from.read_exact(&mut json).is_err() {
            break;
        }
        match head[4] {
            TAXI => stored.taxis += 1,
            ORDER => stored.orders += 1,
            PAYMENT => stored.payments += 1,
            RESTOCK => stored.restocks += 1,
            kind => return Err(format!("no record has the kind {kind}").into()),
        }
    }
    Ok(stored)
}

#[actix_web::main]
async fn main() -> Result<()> {
    let path = argument("--data")? + "/log";
    let mut file = OpenOptions::new().append(true).read(true).create(true).open(path)?;
    let found = count(&file)?;
    let log = Arc::new(Log {
        queue: Mutex::default(),
        filled: Condvar::new(),
        durable: AtomicU64::new(0),
        workers: Mutex::default(),
        taxis: AtomicU64::new(found.taxis),
        orders: AtomicU64::new(found.orders),
        found,
    });
    let writer = log.clone();
    thread::spawn(move || {
        let error = writer.write(&mut file);
        eprintln!("the file cannot be written: {error:?}");
        std::process::abort();
    });
    peers::serve(move || {
        let log = log.clone();
        async { Ok(FileStore::new(log)) }
    })
    .await
}
