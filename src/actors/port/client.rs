//! The client of an outside service, behind its gate.
//!
//! It calls the service before the deadline and retries within a budget. When the service does not
//! answer, it defers the call if the port is configured so. A call that no client waits for is
//! retried until it is answered.
//!
//! ```text
//! urgent:   gate ─▶ attempt (─▶ hedge) ─▶ pause ─▶ gate ─▶ attempt .. until the latest start
//!             │                                                  │
//!             └── refused, or without an answer ─────────────────┘
//!                    │ fallback refuse          │ fallback defer, below `deferred_max`
//!                    ▼                          ▼
//!           TurnedAway, Unreachable      background, until `deferred_within_ms` passed
//! ```
//! The deadline of a call is counted from when its event was recorded. So neither a backlog nor a
//! restart extends it. `TurnedAway` means that no request was sent, by this process or an earlier
//! one.

use super::{
    admission::PortAdmission,
    deadline::{Deadline, left},
    failure_log::FailureLog,
    retry_budget::RetryBudget,
    spans::CallSpans,
    transport::Transport,
};
use crate::{
    actors::{
        gate::{CallOutcome, Gate, Permit},
        operations::{Component, Components},
        settings::PortSettings,
        support::{Backoff, in_millis, now},
    },
    domain::kernel::{PortReply, PortRequest, RetryPolicy, Timestamp},
    random::between,
    store::StoreId,
    traces::{TraceContext, Tracer},
};
use std::{
    cell::{Cell, OnceCell},
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// A call of an outside service, and its context.
pub struct PortCall {
    /// The request.
    pub ask: PortRequest,
    /// When the event that requires the call was recorded.
    pub since: Timestamp,
    /// The number of the conversation that it belongs to.
    pub conversation: u64,
    /// The trace of the call, if there is one. The service gets it.
    pub trace: Option<TraceContext>,
    /// Whether an earlier process or run may have made the call.
    pub was_asked: bool,
    /// Reads the request as later events changed it; `None` when none can.
    pub latest: Option<Latest>,
}

/// A call that starts later than this after its event reads what has changed it meanwhile, in
/// milliseconds.
const REVISED_AFTER_MS: u64 = 20;

/// A function that returns the request as of now, if it can be read.
pub type Latest = Box<dyn Fn() -> Option<PortRequest>>;

/// The request of a call. It can change until the first attempt, and is the same for all attempts.
struct Request<'a> {
    of: &'a PortCall,
    first: OnceCell<PortRequest>,
}

impl<'a> Request<'a> {
    const fn new(of: &'a PortCall) -> Self {
        Self { of, first: OnceCell::new() }
    }

    /// The request to send.
    fn get(&self) -> &PortRequest {
        let Some(latest) = &self.of.latest else { return &self.of.ask };
        self.first.get_or_init(|| {
            // Most calls start at once, and a read of the journal for each would slow them down.
            let waited_ms = now().0.saturating_sub(self.of.since.0);
            let latest = if waited_ms > REVISED_AFTER_MS { latest() } else { None };
            latest.unwrap_or_else(|| self.of.ask.clone())
        })
    }
}

/// The client of one outside service, over any transport.
pub struct PortClient {
    name: &'static str,
    settings: PortSettings,
    transport: Transport,
    component: Arc<Component>,
    components: Arc<Components>,
    admission: Arc<PortAdmission>,
    /// The retry budget of calls that a client waits for.
    budget: RetryBudget,
    /// The retry budget of calls that no client waits for. It is separate, so that they use up
    /// nothing of the other budget.
    background_budget: RetryBudget,
    /// The log of the failures of the service.
    failures: FailureLog,
    spans: CallSpans,
}

/// The reason of a failure as clients and the journal see it. The details are in the log.
const FAILED: &str = "the outside service failed";

impl PortClient {
    /// Creates a client with these settings. The store id becomes part of every idempotency key. So
    /// the keys of this store differ from the keys of other stores.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the settings.
    pub fn new(
        settings: PortSettings,
        store: Option<StoreId>,
        component: Arc<Component>,
        components: Arc<Components>,
        admission: Arc<PortAdmission>,
    ) -> Result<Self, String> {
        let name = component.name;
        let transport = Transport::new(name, store, settings.clone())?;
        let budget = || RetryBudget::new(settings.retry_share);
        let (budget, background_budget) = (budget(), budget());
        Ok(Self {
            name,
            settings,
            transport,
            component,
            components,
            admission,
            budget,
            background_budget,
            failures: FailureLog::new(name),
            spans: CallSpans::of(name, None),
        })
    }

    /// This client, whose calls are traced.
    #[must_use]
    pub fn traced_by(self, tracer: Option<Arc<Tracer>>) -> Self {
        Self { spans: CallSpans::of(self.name, tracer), ..self }
    }

    /// Calls the service until there is an answer, or until the retry policy ends the call.
    pub async fn ask(&self, port_call: &PortCall) -> PortReply {
        let was_asked = Cell::new(port_call.was_asked);
        let request = Request::new(port_call);
        if port_call.ask.retry_policy == RetryPolicy::UntilAnswered {
            self.background_budget.deposit();
            return self.ask_until_answered(&request, &was_asked).await;
        }
        let with_service = self.admission.step_out();
        let reason = match self.ask_before_deadline(&request, &was_asked).await {
            Ok(answer) => return answer,
            Err(reason) => reason,
        };
        drop(with_service);
        tracing::debug!(port = self.name, key = port_call.ask.key, reason, "no answer in time");
        let left = left(port_call.since, now(), self.settings.deferred_within_ms);
        let put_off = self.admission.put_off(port_call.conversation).filter(|_| !left.is_zero());
        if put_off.is_some() {
            let answered = self.ask_until_answered(&request, &was_asked);
            if let Ok(answer) = timeout(left, answered).await {
                return answer;
            }
        }
        failure_reply(reason, was_asked.get())
    }

    /// The answer while the port is suspended; `None` when the call waits.
    pub fn refusal(&self, port_call: &PortCall) -> Option<PortReply> {
        let is_refused = port_call.ask.retry_policy == RetryPolicy::UntilDeadline
            && !self.admission.may_put_off();
        is_refused.then(|| failure_reply(self.suspended_reason(), port_call.was_asked))
    }

    fn gate(&self) -> &Gate {
        &self.admission.gate
    }

    fn suspended_reason(&self) -> String {
        format!("{} is suspended", self.name)
    }

    /// Makes a call that a client waits for, with retries until the latest start of an attempt.
    async fn ask_before_deadline(
        &self,
        request: &Request<'_>,
        was_asked: &Cell<bool>,
    ) -> Result<PortReply, String> {
        let deadline = Deadline::new(request.of.since, (now(), Instant::now()), &self.settings);
        let mut attempts = 0;
        loop {
            let waiting = self.spans.begin(request.of.trace.as_ref());
            let entered = self.enter(&deadline).await;
            self.spans.end_wait(&waiting, entered.as_ref().err().map(String::as_str));
            let permit = entered?;
            if attempts == 0 {
                self.budget.deposit();
            }
            was_asked.set(true);
            let reason = match self.attempt_hedged(request, permit, &deadline).await {
                Ok(answer) => return Ok(answer),
                Err(reason) => reason,
            };
            let pause = self.pause_after(attempts);
            let is_in_time = deadline.latest_start(Instant::now() + pause).is_some();
            if attempts >= self.settings.retries || !is_in_time || !self.budget.withdraw() {
                return Err(reason);
            }
            sleep(pause).await;
            self.admission.calls.retried();
            attempts += 1;
        }
    }

    /// Waits for a permit of the gate, at most until the latest start of an attempt.
    async fn enter(&self, deadline: &Deadline) -> Result<Permit, String> {
        let Some(latest_start) = deadline.latest_start(Instant::now()) else {
            return Err(format!("there was no time left to ask {}", self.name));
        };
        let entered = self.gate().enter(Some(latest_start)).await;
        let permit = entered.map_err(|away| away.to_string())?;
        if self.component.is_suspended() {
            return Err(self.suspended_reason());
        }
        Ok(permit)
    }

    /// Makes a background call until there is an answer. The gate serves all urgent calls first.
    async fn ask_until_answered(&self, request: &Request<'_>, was_asked: &Cell<bool>) -> PortReply {
        let mut attempts = 0;
        loop {
            let waiting = self.spans.begin(request.of.trace.as_ref());
            let entered = self.gate().enter(None).await;
            self.spans.end_wait(&waiting, None);
            if self.component.is_suspended() {
                drop(entered);
                self.components.resumed(&self.component).await;
                continue;
            }
            let answer = match entered {
                Ok(permit) => {
                    was_asked.set(true);
                    self.attempt(request, permit, self.timeout()).await
                }
                // The gate may have been rebuilt. Its waiting callers enter again.
                Err(away) => Err(away.to_string()),
            };
            let reason = match answer {
                Ok(answer) => return answer,
                Err(reason) => reason,
            };
            tracing::debug!(
                port = self.name,
                key = request.of.ask.key,
                reason,
                attempts,
                "no answer yet"
            );
            sleep(self.background_pause_after(attempts)).await;
            self.admission.calls.retried();
            attempts += 1;
        }
    }

    /// Makes one attempt, and a concurrent second attempt when the first takes long. It returns the
    /// first answer and drops the other attempt. Both attempts have the same key.
    async fn attempt_hedged(
        &self,
        request: &Request<'_>,
        permit: Permit,
        deadline: &Deadline,
    ) -> Result<PortReply, String> {
        let mut first =
            pin!(self.attempt(request, permit, deadline.at_most(self.timeout(), Instant::now())));
        let Some(after_ms) = self.settings.hedge_after_ms else { return first.await };
        if let Ok(answer) = timeout(Duration::from_millis(after_ms), &mut first).await {
            return answer;
        }
        let Some(permit) = self.permit_to_hedge(deadline) else { return first.await };
        self.admission.calls.hedged();
        let second =
            self.attempt(request, permit, deadline.at_most(self.timeout(), Instant::now()));
        first_answer(first, second).await
    }

    /// A permit for a second attempt, if time, gate and budget allow it.
    fn permit_to_hedge(&self, deadline: &Deadline) -> Option<Permit> {
        if deadline.latest_start(Instant::now()).is_none() || !self.budget.withdraw() {
            return None;
        }
        let permit = self.gate().try_enter();
        if permit.is_none() {
            self.budget.put_back();
        }
        permit
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        permit: Permit,
        at_most: Duration,
    ) -> Result<PortReply, String> {
        let begun = Instant::now();
        let (ask, calling) = (request.get(), self.spans.begin(request.of.trace.as_ref()));
        let asked = timeout(at_most, self.transport.ask(ask, calling.trace.as_ref())).await;
        self.admission.calls.ended(matches!(asked, Ok(Ok(_))), begun.elapsed());
        let (reason, details) = match asked {
            Ok(Ok(answer)) => {
                self.failures.answered();
                self.spans.end_attempt(&calling, ask.operation, None);
                permit.report(CallOutcome::Succeeded);
                return Ok(answer);
            }
            Ok(Err(details)) => (FAILED.to_owned(), details),
            Err(_) => {
                let reason = format!("no answer within {} ms", at_most.as_millis());
                (reason.clone(), reason)
            }
        };
        self.failures.failed(&details);
        self.spans.end_attempt(&calling, ask.operation, Some(&reason));
        permit.report(CallOutcome::Failed);
        Err(reason)
    }

    const fn timeout(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    /// The pause before a retry that no client waits for. It is exponential while the budget lasts.
    /// Beyond the budget it is the longest pause.
    fn background_pause_after(&self, attempts: u32) -> Duration {
        let is_paid = self.background_budget.withdraw();
        self.pause_after(if is_paid { attempts } else { u32::MAX })
    }

    /// The exponential backoff. Its upper half is random.
    fn pause_after(&self, attempts: u32) -> Duration {
        let base = Duration::from_millis(self.settings.backoff_ms);
        let max = Duration::from_millis(self.settings.backoff_max_ms);
        let whole = in_millis(Backoff { base, max }.pause(attempts)).max(1);
        Duration::from_millis(between(whole / 2, whole))
    }
}

/// The answer after a failure: `Unreachable` if a request may have been sent, else `TurnedAway`.
fn failure_reply(reason: String, was_asked: bool) -> PortReply {
    if was_asked { PortReply::Unreachable(reason) } else { PortReply::TurnedAway(reason) }
}

/// Returns the first successful answer. If one future fails, it returns the result of the other.
async fn first_answer<T, E>(
    first: impl Future<Output = Result<T, E>>,
    second: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    tokio::select! {
        answer = &mut first => match answer {
            Ok(answer) => Ok(answer),
            Err(_) => second.await,
        },
        answer = &mut second => match answer {
            Ok(answer) => Ok(answer),
            Err(_) => first.await,
        },
    }
}

#[cfg(test)]
mod tests;
