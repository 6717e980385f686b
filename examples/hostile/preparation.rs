//! The preparation: a few aggregates get a long history.

use crate::{
    Done, Options,
    wire::{answer, ask, connect, post},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{io::AsyncWriteExt as _, task::JoinSet};

/// The connections that write the long histories.
pub const WRITERS: usize = 64;
/// The commands that each of them has in progress.
const PIPELINED: usize = 8;

/// Writes the history of the hot aggregates. The first command of each has a key.
pub async fn prepare(options: &Options) -> Done {
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

/// Adds one to the stock of a hot aggregate; an empty key is left out.
pub fn restock(nth: usize, key: &str) -> Vec<u8> {
    post(&format!("/taxi/taxis/{}/restock", nth + 1), key, r#"{"stockCnt":1}"#)
}
