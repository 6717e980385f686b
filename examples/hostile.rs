//! Clients that try to bring a server down, beside well-behaved clients.
//!
//! ```text
//! hostile --address 127.0.0.1:8080 --process 4711 --seconds 60 --connections 5000
//! ```
//!
//! First, a few aggregates get a long history. Then the attack runs for the given time. A number of
//! connections of each slow kind stay open, and closed ones are opened again. Some clients send
//! hostile queries. Some repeat the idempotency key of an aggregate with a long history. Meanwhile
//! a few well-behaved clients order and read. The program prints a Markdown table.

use clap::Parser;
use madang::http::PositionToken;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{
    error::Error,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

/// The time within which a well-behaved client must be answered; later answers count as failures.
const SERVED_WITHIN: Duration = Duration::from_secs(10);
/// The interval between the requests of a well-behaved client.
const ASKS_EVERY: Duration = Duration::from_millis(40);
/// The interval between the bytes of a slow client, and the pause of a hostile one.
const DRIBBLES_EVERY: Duration = Duration::from_secs(1);
/// The connections that write the long histories.
const WRITERS: usize = 64;
/// The commands that each of them has in progress.
const PIPELINED: usize = 8;
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

/// The behaviour of a slow connection.
#[derive(Clone, Copy, Debug)]
enum Slow {
    Head,
    SecondHead,
    Body,
    PipelinesUnread,
    ReadsSlowly,
    Idle,
}

const SLOW: [Slow; 6] = [
    Slow::Head,
    Slow::SecondHead,
    Slow::Body,
    Slow::PipelinesUnread,
    Slow::ReadsSlowly,
    Slow::Idle,
];

/// The results of the well-behaved clients, and the figures of the attack.
#[derive(Debug, Default)]
struct Tally {
    orders_us: Mutex<Vec<u64>>,
    reads_us: Mutex<Vec<u64>>,
    not_served: AtomicU64,
    opened: AtomicU64,
    queries: AtomicU64,
    replays: AtomicU64,
    memory_peak_kib: AtomicU64,
}

type Done = Result<(), Box<dyn Error + Send + Sync>>;

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

fn post(path: &str, key: &str, body: &str) -> Vec<u8> {
    let key = if key.is_empty() { String::new() } else { format!("idempotency-key: {key}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{key}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Each kind connects from an address of its own, so that enough ports are free.
async fn connect(to: SocketAddr, kind: u8) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if to.ip().is_loopback() {
        socket.bind((Ipv4Addr::new(127, 0, 0, 10 + kind), 0).into())?;
    }
    socket.connect(to).await
}

/// Reads one response with a body of known length; returns its status and text.
async fn answer(stream: &mut TcpStream, heard: &mut Vec<u8>) -> io::Result<(u16, String)> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    loop {
        let end = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4);
        if let Some(end) = end {
            let lines = String::from_utf8_lossy(&heard[..end]).to_lowercase();
            let length =
                lines.split("content-length: ").nth(1).and_then(|l| l.split("\r\n").next());
            let length: usize = length.unwrap_or("0").parse().map_err(|_| bad())?;
            if heard.len() >= end + length {
                let body = String::from_utf8_lossy(&heard[end..end + length]).into_owned();
                heard.drain(..end + length);
                return Ok((lines.get(9..12).ok_or_else(bad)?.parse().map_err(|_| bad())?, body));
            }
        }
        if stream.read_buf(heard).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn ask(stream: &mut TcpStream, request: &[u8]) -> io::Result<(u16, String)> {
    stream.write_all(request).await?;
    answer(stream, &mut Vec::new()).await
}

/// Writes the history of the hot aggregates. The first command of each has a key.
async fn prepare(options: &Options) -> Done {
    let to = options.address;
    let mut stream = connect(to, 100).await?;
    for nth in 0..options.hot {
        let taxi = r#"{"taxiName":"hot","companyName":"tmap","stockCnt":1,"itemPrice":1}"#;
        let (status, said) = ask(&mut stream, &post("/taxi/taxis", "", taxi)).await?;
        if status != 201 {
            return Err(format!("no taxi: {status} {said}").into());
        }
        let restock = restock(nth, &format!("hot-{nth}"));
        let (status, said) = ask(&mut stream, &restock).await?;
        if status != 200 {
            return Err(format!("no restock: {status} {said}").into());
        }
    }
    let left = Arc::new(AtomicU64::new(options.records as u64));
    let mut writers = JoinSet::<io::Result<()>>::new();
    for nth in 0..WRITERS {
        let (left, hot) = (Arc::clone(&left), options.hot);
        writers.spawn(async move {
            let (mut stream, mut heard) = (connect(to, 100).await?, Vec::new());
            let commands = restock(nth % hot, "").repeat(PIPELINED);
            let next = |left: u64| left.checked_sub(PIPELINED as u64);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok() {
                stream.write_all(&commands).await?;
                for _ in 0..PIPELINED {
                    answer(&mut stream, &mut heard).await?;
                }
            }
            Ok(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    Ok(())
}

fn restock(nth: usize, key: &str) -> Vec<u8> {
    post(&format!("/taxi/taxis/{}/restock", nth + 1), key, r#"{"stockCnt":1}"#)
}

/// Keeps one connection of this kind open until the server closes it.
async fn be_slow(to: SocketAddr, kind: Slow) -> io::Result<()> {
    let mut stream = connect(to, kind as u8).await?;
    let beginning = match kind {
        Slow::Idle => Vec::new(),
        Slow::Head => b"GET / HTTP/1.1\r\nx: ".to_vec(),
        Slow::SecondHead => {
            ask(&mut stream, &get("/")).await?;
            b"GET / HTTP/1.1\r\nx: ".to_vec()
        }
        Slow::Body => b"POST /taxi/orders HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\
                        \r\ncontent-length: 60000\r\n\r\n{"
            .to_vec(),
        Slow::PipelinesUnread => get("/").repeat((512 << 10) / get("/").len()),
        Slow::ReadsSlowly => get("/taxi/taxis?size=200").repeat(64),
    };
    // Bytes that the server does not accept at once are dropped: the attack then keeps it waiting.
    let _ = timeout(DRIBBLES_EVERY, stream.write_all(&beginning)).await;
    loop {
        sleep(DRIBBLES_EVERY).await;
        match kind {
            Slow::Head | Slow::SecondHead | Slow::Body => stream.write_all(b"x").await?,
            Slow::ReadsSlowly => drop(stream.read_u8().await?),
            Slow::PipelinesUnread | Slow::Idle => {
                // The kind reads nothing, so it detects a closed connection by its error.
                if let Ok(Err(error)) = timeout(Duration::ZERO, stream.writable()).await {
                    return Err(error);
                }
                if stream.take_error()?.is_some() || stream.peek(&mut [0]).await? == 0 {
                    return Ok(());
                }
            }
        }
    }
}

/// Returns the hostile queries in rotation.
fn query(nth: usize) -> Vec<u8> {
    match nth % 4 {
        0 => get(&format!("/taxi/mypages?{}", "id=1&".repeat(1_000))),
        1 => get("/taxi/mypages?page=900000000&size=200&sort=name,desc"),
        2 => get(&format!("/taxi/mypages?at-least={}", PositionToken(u64::MAX))),
        _ => get(&format!("/taxi/mypages?{}", "name_from=a&name_to=z&".repeat(400))),
    }
}

/// Sends a hostile request again and again.
async fn be_hostile(
    to: SocketAddr,
    kind: u8,
    requests: impl Fn(usize) -> Vec<u8>,
    count: &AtomicU64,
) {
    for nth in 0.. {
        let asked = async {
            let mut stream = connect(to, kind).await?;
            ask(&mut stream, &requests(nth)).await
        };
        if matches!(timeout(SERVED_WITHIN, asked).await, Ok(Ok(_))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        sleep(DRIBBLES_EVERY).await;
    }
}

/// Orders and reads the order, as people do. A closed connection is opened again.
async fn be_a_client(to: SocketAddr, tally: &Tally) {
    let mut kept: Option<TcpStream> = None;
    let mut number = 1_u64;
    for nth in 0_u64.. {
        let is_order = nth.is_multiple_of(2);
        let order = r#"{"orderType":"basic","name":"Jung"}"#;
        let request = if is_order {
            post("/taxi/orders", "", order)
        } else {
            get(&format!("/taxi/orders/{number}"))
        };
        let begun = Instant::now();
        let asked = async {
            // The server may have closed an idle connection, which is no failure.
            if let Some(mut stream) = kept.take()
                && let Ok(said) = ask(&mut stream, &request).await
            {
                return Ok((stream, said));
            }
            let mut stream = connect(to, 101).await?;
            let said = ask(&mut stream, &request).await?;
            io::Result::Ok((stream, said))
        };
        match timeout(SERVED_WITHIN, asked).await {
            Ok(Ok((stream, (200..300, said)))) => {
                kept = Some(stream);
                let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                let taken = if is_order { &tally.orders_us } else { &tally.reads_us };
                taken.lock().unwrap_or_else(PoisonError::into_inner).push(took_us);
                let id = said.split("\"id\":").nth(1).and_then(|rest| {
                    rest.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
                });
                number = id.unwrap_or(number);
            }
            _ => drop(tally.not_served.fetch_add(1, Ordering::Relaxed)),
        }
        sleep(ASKS_EVERY).await;
    }
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

/// Runs the whole attack until the time is over.
async fn attack(options: &Options, tally: &Arc<Tally>) {
    let to = options.address;
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let mut all = JoinSet::new();
    for kind in SLOW {
        for _ in 0..options.connections {
            let tally = Arc::clone(tally);
            all.spawn(async move {
                loop {
                    tally.opened.fetch_add(1, Ordering::Relaxed);
                    let _ = be_slow(to, kind).await;
                    sleep(DRIBBLES_EVERY).await;
                }
            });
        }
    }
    for nth in 0..options.queries {
        let tally = Arc::clone(tally);
        all.spawn(async move { be_hostile(to, 50, |n| query(n + nth), &tally.queries).await });
    }
    let hot = options.hot;
    for nth in 0..options.replays {
        let tally = Arc::clone(tally);
        let replay = move |_| restock(nth % hot, &format!("hot-{}", nth % hot));
        all.spawn(async move { be_hostile(to, 51, replay, &tally.replays).await });
    }
    for _ in 0..options.clients {
        let tally = Arc::clone(tally);
        all.spawn(async move { be_a_client(to, &tally).await });
    }
    let (process, watched) = (options.process, Arc::clone(tally));
    all.spawn(async move { watch_memory(process, &watched).await });
    let _ = timeout_at(until, async { while all.join_next().await.is_some() {} }).await;
    all.shutdown().await;
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
    attack(&options, &tally).await;

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
