//! The attack: slow connections of every kind, hostile queries, and repeated idempotency keys.

use crate::{
    Options, SERVED_WITHIN, Tally,
    preparation::restock,
    wire::{ask, connect, get},
};
use madang::http::PositionToken;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
    time::{sleep, timeout},
};

/// The interval between the bytes of a slow client, and the pause of a hostile one.
const DRIBBLES_EVERY: Duration = Duration::from_secs(1);

/// The behaviour of a slow connection.
#[derive(Clone, Copy, Debug)]
pub enum Slow {
    Head,
    SecondHead,
    Body,
    PipelinesUnread,
    ReadsSlowly,
    Idle,
}

/// All kinds of slow connections.
pub const SLOW: [Slow; 6] = [
    Slow::Head,
    Slow::SecondHead,
    Slow::Body,
    Slow::PipelinesUnread,
    Slow::ReadsSlowly,
    Slow::Idle,
];

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

/// Runs the whole attack until the caller drops it.
pub async fn attack(options: &Options, tally: &Arc<Tally>) {
    let to = options.address;
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
    while all.join_next().await.is_some() {}
}
