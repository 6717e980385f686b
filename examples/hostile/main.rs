//! Clients that try to bring a server down, beside well-behaved clients.
//!
//! ```text
//! hostile --address 127.0.0.1:8080 --process 4711 --seconds 60 --connections 5000
//! ```
//!
//! First, a few aggregates get a long history. Then the attack runs for the given time. A number of
//! connections of each slow kind stay open, and closed ones are opened again. Some clients send
//! hostile queries. Some repeat the idempotency key of an aggregate with a long history. Meanwhile
//! a few well-behaved clients order and read. They have a thread of their own, so that the time
//! which the attack needs for itself is not measured. The program prints a Markdown table.

mod attack;
mod clients;
mod preparation;
mod wire;

use attack::{SLOW, attack};
use clap::Parser;
use clients::be_a_client;
use preparation::{WRITERS, prepare};
use rustix::process::{Resource, getrlimit, nice, setrlimit};
use std::{
    error::Error,
    fs, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime,
    task::JoinSet,
    time::{sleep, timeout},
};
use wire::{ask, connect, get};

/// The time within which a well-behaved client must be answered; later answers count as failures.
const SERVED_WITHIN: Duration = Duration::from_secs(10);
/// The `nice` value of the attack's thread. The thread stands for other machines, so the server and
/// the well-behaved clients come first on the cores of this one.
const ATTACK_NICE: i32 = 10;
/// The open files that the client reserves for everything except the attack.
const FILES_KEPT: u64 = 256;

#[derive(Parser, Clone, Debug)]
struct Options {
    /// The address of the server
    #[arg(long)]
    address: SocketAddr,
    /// The process id of the server, to read its memory
    #[arg(long)]
    process: u32,
    /// The duration of the attack
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The number of connections of each slow kind
    #[arg(long, default_value_t = 5_000)]
    connections: usize,
    /// The number of clients that send hostile queries
    #[arg(long, default_value_t = 1_000)]
    queries: usize,
    /// The number of clients that repeat an idempotency key of an aggregate with a long history
    #[arg(long, default_value_t = 100)]
    replays: usize,
    /// The number of aggregates with a long history
    #[arg(long, default_value_t = 4)]
    hot: usize,
    /// The number of records of all these aggregates together
    #[arg(long, default_value_t = 2_000_000)]
    records: usize,
    /// The number of well-behaved clients
    #[arg(long, default_value_t = 8)]
    clients: usize,
}

/// The results of the well-behaved clients, and the figures of the attack.
#[derive(Debug, Default)]
struct Tally {
    orders_us: Mutex<Vec<u64>>,
    reads_us: Mutex<Vec<u64>>,
    not_served: AtomicU64,
    connected: AtomicU64,
    opened: AtomicU64,
    queries: AtomicU64,
    replays: AtomicU64,
    memory_peak_kib: AtomicU64,
}

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// Runs the attack on a thread of its own, and the well-behaved clients on this one.
async fn run(options: &Options, tally: &Arc<Tally>) -> Done {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let attacker = thread::Builder::new().name("attack".into()).spawn({
        let (options, tally) = (options.clone(), Arc::clone(tally));
        move || -> io::Result<()> {
            nice(ATTACK_NICE)?;
            let attacking = runtime::Builder::new_current_thread().enable_all().build()?;
            attacking.block_on(async {
                tokio::select! {
                    () = attack(&options, &tally) => {}
                    _ = stopped => {}
                }
            });
            Ok(())
        }
    })?;
    let mut others = JoinSet::new();
    for _ in 0..options.clients {
        let (to, tally) = (options.address, Arc::clone(tally));
        others.spawn(async move { be_a_client(to, &tally).await });
    }
    let (process, watched) = (options.process, Arc::clone(tally));
    others.spawn(async move { watch_memory(process, &watched).await });
    sleep(Duration::from_secs(options.seconds)).await;
    others.shutdown().await;
    drop(stop);
    attacker.join().map_err(|_| "the attack panicked")??;
    Ok(())
}

async fn watch_memory(process: u32, tally: &Tally) {
    loop {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        tally.memory_peak_kib.fetch_max(kib, Ordering::Relaxed);
        sleep(Duration::from_millis(200)).await;
    }
}

/// The percentile of the times, in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "no time here is longer than minutes")]
fn percentile_ms(taken_us: &Mutex<Vec<u64>>, hundredths: usize) -> f64 {
    let mut taken = taken_us.lock().unwrap_or_else(PoisonError::into_inner).clone();
    taken.sort_unstable();
    let at = (taken.len() * hundredths).div_ceil(100).saturating_sub(1);
    taken.get(at).map_or(f64::NAN, |us| *us as f64 / 1e3)
}

/// The health of the server afterwards, and the restarts in its operations log.
async fn aftermath(to: SocketAddr) -> io::Result<(String, usize)> {
    let mut stream = connect(to, 102).await?;
    let (status, _) = ask(&mut stream, &get("/actuator/health")).await?;
    let (_, log) = ask(&mut stream, &get("/admin/log?size=200")).await?;
    let health = if status == 200 { "UP".to_owned() } else { format!("DOWN ({status})") };
    let words = ["Restarted", "ShardReplaced", "ViewRebuilt", "JournalUnavailable"];
    Ok((health, words.iter().map(|word| log.matches(&format!("\"{word}\"")).count()).sum()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let mut options = Options::parse();
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    let most = files.maximum.unwrap_or(u64::MAX);
    setrlimit(Resource::Nofile, files)?;
    let others = (options.queries + options.replays + options.clients + WRITERS) as u64;
    let fitting = most.saturating_sub(others + FILES_KEPT) / SLOW.len() as u64;
    if fitting < options.connections as u64 {
        eprintln!(
            "hostile: only {fitting} connections of each kind, for lack of files (ulimit -n)"
        );
        options.connections = usize::try_from(fitting)?;
    }
    let begun = Instant::now();
    prepare(&options).await?;
    eprintln!("hostile: {} records in {:?}", options.records, begun.elapsed());
    let tally = Arc::<Tally>::default();
    run(&options, &tally).await?;

    let survived = fs::exists(format!("/proc/{}", options.process)).unwrap_or(false);
    let after = timeout(SERVED_WITHIN, aftermath(options.address)).await;
    let (health, restarts) = after
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .unwrap_or_else(|error| (error.to_string(), 0));
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!("| what | measured | limit |\n|---|---|---|");
    println!("| survived | {} | yes |", if survived { "yes" } else { "no" });
    println!("| health afterwards | {health} | UP |");
    println!("| memory peak | {} MiB | 1024 MiB |", count(&tally.memory_peak_kib) / 1_024);
    println!("| restarts of components | {restarts} | 0 |");
    for (name, taken) in [("orders", &tally.orders_us), ("reads", &tally.reads_us)] {
        let answered = taken.lock().unwrap_or_else(PoisonError::into_inner).len();
        let (p50, p99) = (percentile_ms(taken, 50), percentile_ms(taken, 99));
        println!("| {name} of others: {answered} answered, p50 | {p50:.1} ms | |");
        println!("| {name} of others: p99 | {p99:.1} ms | 100 ms |");
    }
    println!("| connections of others | {} | |", count(&tally.connected));
    println!("| others not served | {} | 0 |", count(&tally.not_served));
    println!(
        "| attack | {} slow connections of each of {} kinds ({} opened), {} hostile queries and {} replays answered | |",
        options.connections,
        SLOW.len(),
        count(&tally.opened),
        count(&tally.queries),
        count(&tally.replays)
    );
    Ok(())
}
