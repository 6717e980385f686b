//! A load generator that reports the latency of each class of answers.
//!
//! It measures what `siege` and `wrk` cannot: how soon clients are rejected, and whether they
//! succeed when they retry after `Retry-After`.
//!
//! ```text
//! load --users 255 --seconds 60 --body '{"orderType":"basic","name":"{n}"}' http://127.0.0.1:8080/taxi/orders
//! ```
//!
//! Without `--rate`, each user sends its next request after the answer (closed loop). With it, a
//! fixed number of requests per second is due (open loop). They are sent while a user is free,
//! however slowly they are answered. `{n}` in the path and the body counts up from `--from`. The
//! program prints JSON.

mod client;
mod options;
mod tally;

use clap::Parser as _;
use client::{Answer, Client};
use options::{Options, Template};
use std::{
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tally::Tally;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

/// The state that all users share.
struct Load {
    options: Options,
    template: Template,
    begin: Instant,
    end: Instant,
    /// The number of requests that were due so far.
    due: AtomicU64,
    tally: Mutex<Tally>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let template = Template::new(&options)?;
    let begin = Instant::now();
    let load = Arc::new(Load {
        template,
        begin,
        end: begin + Duration::from_secs_f64(options.seconds),
        due: AtomicU64::new(0),
        tally: Mutex::default(),
        options,
    });
    let users: Vec<_> = (0..load.options.users)
        .map(|_| tokio::spawn(Arc::clone(&load).ask_until_the_end()))
        .collect();
    for user in users {
        user.await?;
    }
    let tally = std::mem::take(&mut *load.tally());
    if let Some(file) = &load.options.created {
        std::fs::write(file, tally.created())?;
    }
    println!("{:#}", tally.report(&load.options, load.begin.elapsed()));
    Ok(())
}

impl Load {
    /// Runs one user. In an open loop, all requests of this connection.
    async fn ask_until_the_end(self: Arc<Self>) {
        let mut client = Client::new(self.template.address());
        let mut returning = JoinSet::new();
        while let Some(number) = self.next().await {
            let request = self.template.request(number);
            let Some(answer) = self.ask(&mut client, &request).await else { continue };
            let Some(after) = answer.comes_back_after().filter(|_| self.options.obey_retry_after)
            else {
                continue;
            };
            if self.options.rate.is_some() {
                // A client that waits for its retry does not block the connection.
                returning.spawn(Arc::clone(&self).come_back(request, after));
            } else {
                Arc::clone(&self).come_back(request, after).await;
            }
        }
        while returning.join_next().await.is_some() {}
    }

    /// The number of the next request, as soon as it is due; `None` when the time is over.
    async fn next(&self) -> Option<u64> {
        let nth = self.due.fetch_add(1, Ordering::Relaxed);
        if let Some(rate) = self.options.rate {
            #[allow(clippy::cast_precision_loss)] // the count stays below 2^53
            let at = self.begin + Duration::from_secs_f64(nth as f64 / rate);
            if at >= self.end {
                return None;
            }
            sleep_until(at).await;
        }
        let in_time = Instant::now() < self.end && self.options.count.is_none_or(|max| nth < max);
        in_time.then_some(self.options.from + nth)
    }

    /// Sends a request and counts its outcome.
    async fn ask(&self, client: &mut Client, request: &[u8]) -> Option<Answer> {
        let sent = Instant::now();
        let within = Duration::from_secs(self.options.timeout_s);
        let answer = timeout(within, client.ask(request)).await.ok().and_then(Result::ok);
        let took = sent.elapsed();
        if let Some(answer) = &answer {
            self.tally().answered(answer, took, self.begin.elapsed());
        } else {
            client.hang_up();
            self.tally().lost();
            // The pause avoids a busy loop when the server is gone.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        answer
    }

    /// Waits for the time of `Retry-After`, and sends the request once more.
    async fn come_back(self: Arc<Self>, request: Vec<u8>, after: Duration) {
        tokio::time::sleep(after).await;
        let mut client = Client::new(self.template.address());
        let answer = self.ask(&mut client, &request).await;
        self.tally().came_back(answer.is_some_and(|answer| answer.is_success()));
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
