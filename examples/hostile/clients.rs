//! The well-behaved clients, whose service is measured.

use crate::{
    SERVED_WITHIN, Tally,
    wire::{ask, connect, get, post},
};
use std::{
    io,
    net::SocketAddr,
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// The interval between the requests of a well-behaved client.
const ASKS_EVERY: Duration = Duration::from_millis(40);

/// Orders and reads the order, as people do. A closed connection is opened again.
pub async fn be_a_client(to: SocketAddr, tally: &Tally) {
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
            tally.connected.fetch_add(1, Ordering::Relaxed);
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
