//! The deliveries of subscriptions with a webhook: one signed `POST` for each event, on a thread of
//! its own.
//!
//! ```text
//! manager ─▶ worker: one for each such subscription, a consumer like any other
//!              claim ─▶ one chain for each aggregate: its events, one after the other
//!                         gate ─▶ POST ─▶ 2xx: acknowledge      else: release, with a pause
//! ```
//! An event that was sent too often is parked by the subscription.

use super::{address::PublicOnly, signature::signature};
use crate::{
    actors::{
        Backoff, CallOutcome, Caller, ClaimId, ClaimedEvent, GATES_OF_WEBHOOKS, Gate, GateKind,
        Runtime, SubscriptionError, Webhook, Wish, clock, with_causes,
    },
    inbound::{feed::encoded, position_token::PositionToken},
    random::{between, random},
};
use actix_web::http::header::CONTENT_TYPE;
use reqwest::{Client, ClientBuilder, StatusCode, redirect::Policy};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, watch},
    task::{AbortHandle, JoinSet},
    time::sleep,
};

/// The deliveries of one subscription under way at once, unless its gate says otherwise.
const DELIVERIES_MAX: usize = 8;

/// The events of one claim.
const BATCH_EVENTS: usize = 64;

/// The aggregates with deliveries of one subscription, before it claims further events.
const CHAINS_MAX: usize = 64;

/// The lease of a claim. A chain stops after half of it.
const LEASE: Duration = Duration::from_secs(300);

/// The longest wait of a claim.
const CLAIM_WAIT: Duration = Duration::from_secs(30);

/// The longest time of one delivery.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// The longest wait for a permit of the gate.
const PERMIT_WAIT: Duration = Duration::from_secs(5);

/// The delivered events that are acknowledged at once, and the longest time until then.
const ACKNOWLEDGED_TOGETHER: usize = 16;
const ACKNOWLEDGE_EVERY: Duration = Duration::from_secs(1);

/// The pauses between the deliveries of one event.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(3_600) };

/// The pause after a failure of the journal, or of a worker.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// The pause of deliveries that cannot be signed, because the key of the secret is lost.
const LOST_PAUSE: Duration = Duration::from_secs(60);

/// The thread of all deliveries. It ends when this is dropped.
pub struct Webhooks {
    is_over: watch::Sender<bool>,
}

impl Webhooks {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system starts no further thread, or TLS is not available.
    pub fn start(runtime: &Runtime) -> io::Result<Self> {
        let (is_over, mut over) = watch::channel(false);
        let clients = Clients::new().map_err(io::Error::other)?;
        let runtime = runtime.clone();
        let system = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("webhooks".to_owned()).spawn(move || {
            system.block_on(async move {
                tokio::select! {
                    _ = over.wait_for(|is_over| *is_over) => {}
                    () = manage(&runtime, &clients) => {}
                }
            });
            // A read of the journal that is under way is not waited for.
            system.shutdown_background();
        })?;
        Ok(Self { is_over })
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.is_over.send_replace(true);
    }
}

/// The clients for the two kinds of addresses.
#[derive(Clone)]
struct Clients {
    /// For addresses that an operator chose.
    any: Client,
    /// For addresses that must be public.
    public: Client,
}

impl Clients {
    fn new() -> Result<Self, String> {
        let build = |builder: ClientBuilder| builder.build().map_err(|error| with_causes(&error));
        // If an embedding program has already installed a provider, that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .timeout(DELIVERY_MAX)
                .user_agent(concat!("madang/", env!("CARGO_PKG_VERSION")))
        };
        let any = build(builder())?;
        let public = build(builder().dns_resolver(Arc::new(PublicOnly)))?;
        Ok(Self { any, public })
    }
}

/// Keeps one worker for each subscription with a webhook.
async fn manage(runtime: &Runtime, clients: &Clients) {
    let mut changes = runtime.subscription_changes();
    let mut workers: JoinSet<()> = JoinSet::new();
    let mut running: HashMap<String, AbortHandle> = HashMap::new();
    loop {
        changes.borrow_and_update();
        let wanted = runtime.webhooks();
        running.retain(|name, worker| {
            let is_wanted = wanted.iter().any(|definition| definition.name == *name);
            if !is_wanted {
                worker.abort();
                runtime.gates().remove(&gate_name(name));
            }
            is_wanted && !worker.is_finished()
        });
        for definition in wanted {
            let name = definition.name.clone();
            let worker = Worker::new(&name, runtime, clients);
            running.entry(name).or_insert_with(|| workers.spawn(worker.run()));
        }
        tokio::select! {
            outcome = changes.changed() => if outcome.is_err() { return },
            // A worker ends when its subscription is deleted, or when it panics.
            Some(_) = workers.join_next() => sleep(FAILURE_PAUSE).await,
        }
    }
}

fn gate_name(name: &str) -> String {
    format!("{GATES_OF_WEBHOOKS}{name}")
}

/// The deliveries of one subscription.
struct Worker {
    name: Arc<str>,
    runtime: Runtime,
    clients: Clients,
    gate: Arc<Gate>,
    permits: Arc<Semaphore>,
}

impl Worker {
    fn new(name: &str, runtime: &Runtime, clients: &Clients) -> Self {
        let gate = runtime.gates().with_limit(&gate_name(name), GateKind::Port, DELIVERIES_MAX);
        let permits = Arc::new(Semaphore::new(DELIVERIES_MAX));
        Self {
            name: name.into(),
            runtime: runtime.clone(),
            clients: clients.clone(),
            gate,
            permits,
        }
    }

    /// Claims and delivers events until the subscription is deleted.
    async fn run(self) {
        let mut chains: JoinSet<()> = JoinSet::new();
        loop {
            while chains.len() >= CHAINS_MAX {
                let _ = chains.join_next().await;
            }
            while chains.try_join_next().is_some() {}
            let id = ClaimId(random());
            let lease_ms = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
            let wish = Wish { id, events_max: BATCH_EVENTS, lease_ms, consumer: None };
            let (runtime, caller) = (&self.runtime, Caller::Trusted);
            let claimed = runtime.claim(&self.name, wish, (CLAIM_WAIT, encoded), &caller).await;
            // After the wait: the address or the secret may have changed meanwhile.
            let definition = runtime.subscription_definition(&self.name, &caller);
            let (claimed, webhook) = match (claimed, definition) {
                (Ok(claimed), Ok(definition)) => (claimed, definition.webhook.clone()),
                (Err(SubscriptionError::Unknown(_)), _) | (_, Err(_)) => return,
                (Err(error), _) => {
                    tracing::debug!(subscription = &*self.name, %error, "a claim is made later");
                    sleep(FAILURE_PAUSE).await;
                    continue;
                }
            };
            let Some(webhook) = webhook else { return };
            let mut by_aggregate: BTreeMap<(u16, u64), Vec<ClaimedEvent>> = BTreeMap::new();
            for event in claimed.events {
                by_aggregate.entry(event.aggregate).or_default().push(event);
            }
            for events in by_aggregate.into_values() {
                chains.spawn(self.chain(id, events, webhook.clone()).run());
            }
        }
    }

    fn chain(&self, id: ClaimId, events: Vec<ClaimedEvent>, webhook: Webhook) -> Chain {
        let client = if webhook.reaches_private { &self.clients.any } else { &self.clients.public };
        Chain {
            name: Arc::clone(&self.name),
            runtime: self.runtime.clone(),
            client: client.clone(),
            gate: Arc::clone(&self.gate),
            permits: Arc::clone(&self.permits),
            id,
            events,
            webhook,
            begun: Instant::now(),
        }
    }
}

/// The events of one aggregate in one claim, which are delivered one after the other.
struct Chain {
    name: Arc<str>,
    runtime: Runtime,
    client: Client,
    gate: Arc<Gate>,
    permits: Arc<Semaphore>,
    id: ClaimId,
    events: Vec<ClaimedEvent>,
    webhook: Webhook,
    begun: Instant,
}

/// The end of one delivery that did not succeed.
struct DeliveryFailure {
    pause: Duration,
    is_attempt: bool,
}

impl Chain {
    async fn run(self) {
        let (mut delivered, mut acknowledged_at) = (Vec::new(), Instant::now());
        for event in &self.events {
            let sent = if self.begun.elapsed() > LEASE / 2 {
                Err(DeliveryFailure { pause: Duration::ZERO, is_attempt: false })
            } else {
                self.deliver(event).await
            };
            match sent {
                Ok(()) => delivered.push(event.position),
                Err(failure) => {
                    self.acknowledge(&mut delivered).await;
                    return self.release(event.position, failure).await;
                }
            }
            let is_due = acknowledged_at.elapsed() >= ACKNOWLEDGE_EVERY;
            if delivered.len() >= ACKNOWLEDGED_TOGETHER || is_due {
                self.acknowledge(&mut delivered).await;
                acknowledged_at = Instant::now();
            }
        }
        self.acknowledge(&mut delivered).await;
    }

    async fn acknowledge(&self, delivered: &mut Vec<u64>) {
        if delivered.is_empty() {
            return;
        }
        let claim = (self.id, Some(std::mem::take(delivered)));
        let done = self.runtime.acknowledge(&self.name, claim, &Caller::Trusted).await;
        if let Err(error) = done {
            // The events are delivered again when the lease is over.
            tracing::debug!(subscription = &*self.name, %error, "deliveries are not acknowledged");
        }
    }

    /// Gives an event back. The later events of its aggregate go back with it.
    async fn release(&self, position: u64, DeliveryFailure { pause, is_attempt }: DeliveryFailure) {
        let (claim, how) = ((self.id, Some(vec![position])), (pause, is_attempt));
        let freed = self.runtime.release_events(&self.name, claim, how, &Caller::Trusted).await;
        match freed {
            Ok(freed) if !freed.parked.is_empty() => {
                let (event, events) = (PositionToken(position), freed.parked.len());
                tracing::warn!(subscription = &*self.name, %event, events, "events are parked");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(subscription = &*self.name, %error, "an event is not released");
            }
        }
    }

    /// Sends one event.
    async fn deliver(&self, event: &ClaimedEvent) -> Result<(), DeliveryFailure> {
        if self.webhook.secret.is_lost() {
            return Err(DeliveryFailure { pause: LOST_PAUSE, is_attempt: false });
        }
        let _permit = self.permits.acquire().await;
        let permit = self.gate.enter(Some(Instant::now() + PERMIT_WAIT)).await;
        let permit = permit
            .map_err(|away| DeliveryFailure { pause: away.retry_after, is_attempt: false })?;
        let sent = self.send(event).await;
        let (outcome, reason) = match sent {
            Ok(status) if status.is_success() => {
                permit.report(CallOutcome::Succeeded);
                return Ok(());
            }
            Ok(status) => {
                let is_overload = matches!(status.as_u16(), 408 | 429) || status.is_server_error();
                let outcome =
                    if is_overload { CallOutcome::Failed } else { CallOutcome::Succeeded };
                (outcome, format!("it answered {status}"))
            }
            Err(error) => (CallOutcome::Failed, with_causes(&error.without_url())),
        };
        permit.report(outcome);
        let (event_id, attempts) = (PositionToken(event.position), event.attempts);
        tracing::debug!(subscription = &*self.name, event = %event_id, attempts, reason, "not delivered");
        Err(DeliveryFailure { pause: pause_after(attempts), is_attempt: true })
    }

    async fn send(&self, event: &ClaimedEvent) -> reqwest::Result<StatusCode> {
        let id = PositionToken(event.position).to_string();
        let timestamp_s = clock::now().0 / 1_000;
        let signed = signature(&self.webhook.secret.0, &id, timestamp_s, &event.shown);
        let request = self.client.post(&self.webhook.url);
        let request = request
            .header(CONTENT_TYPE.as_str(), "application/cloudevents+json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", signed)
            .body(event.shown.clone());
        // The body of the answer is not read.
        Ok(request.send().await?.status())
    }
}

/// The pause after so many deliveries of an event: exponential, and its upper half is random.
fn pause_after(attempts: u32) -> Duration {
    let whole = BACKOFF.pause(attempts.saturating_sub(1)).as_millis();
    let whole = u64::try_from(whole).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(between(whole / 2, whole))
}
