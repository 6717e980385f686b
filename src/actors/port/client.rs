//! A client of an outside service, behind its gate. It asks before the deadline, retries within a
//! budget, and defers the question when the service does not answer and the port is configured so.
//! A question that no client waits for is asked until it is answered.
//!
//! ```text
//! limited:  gate ─▶ attempt (─▶ hedge) ─▶ pause ─▶ gate ─▶ attempt .. until the last call
//!             │                                                  │
//!             └── turned away, or without answer ────────────────┘
//!                    │ fallback refuse          │ fallback defer, if there is room
//!                    ▼                          ▼
//!           TurnedAway, Unreachable      behind urgent calls, until given up
//! ```
//! The deadline of a question is counted from when its fact was recorded, so that neither a backlog
//! nor a restart extends it. *Turned away* means that no request went out, in this process or an
//! earlier one.

use super::{
    admission::PortAdmission,
    deadline::{Deadline, left},
    retry_budget::RetryBudget,
    transport::Transport,
};
use crate::{
    actors::{
        gate::{Gate, Outcome, Permit},
        operations::{Context, Contexts},
        settings::PortSettings,
        support::{between, now},
    },
    domain::kernel::{Answer, Ask, Patience, Timestamp},
    store::StoreId,
};
use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// A question to an outside service, and its context.
pub struct PortCall {
    /// What is asked.
    pub ask: Ask,
    /// When the fact that it is about was recorded.
    pub since: Timestamp,
    /// The number of the conversation it belongs to.
    pub conversation: u64,
    /// Whether it may have been asked before, by an earlier process or run.
    pub was_asked: bool,
}

/// A client of one outside service, over any transport.
pub struct PortClient {
    name: &'static str,
    settings: PortSettings,
    carrier: Transport,
    context: Arc<Context>,
    contexts: Arc<Contexts>,
    passage: Arc<PortAdmission>,
    /// The retry budget of questions that a client waits for.
    budget: RetryBudget,
    /// The retry budget of questions that no client waits for; separate, so that they take nothing
    /// from the others.
    patient_budget: RetryBudget,
}

impl PortClient {
    /// A client as configured. The store id becomes part of every idempotency key, which tells our
    /// keys from those of other stores.
    ///
    /// # Errors
    /// What is wrong with the settings, as a sentence.
    pub fn new(
        settings: PortSettings,
        store: Option<StoreId>,
        context: Arc<Context>,
        contexts: Arc<Contexts>,
        passage: Arc<PortAdmission>,
    ) -> Result<Self, String> {
        let name = context.name;
        let carrier = Transport::new(name, store, settings.clone())?;
        let (budget, patient_budget) = <_>::default();
        Ok(Self { name, settings, carrier, context, contexts, passage, budget, patient_budget })
    }

    /// Asks until there is an answer, or the patience of the question is over.
    pub async fn ask(&self, question: &PortCall) -> Answer {
        let was_asked = Cell::new(question.was_asked);
        if question.ask.patience == Patience::UntilAnswered {
            self.patient_budget.deposit();
            return self.ask_patiently(&question.ask, &was_asked).await;
        }
        let with_service = self.passage.step_out();
        let because = match self.ask_in_time(question, &was_asked).await {
            Ok(answer) => return answer,
            Err(because) => because,
        };
        drop(with_service);
        tracing::debug!(port = self.name, key = question.ask.key, because, "no answer in time");
        let left = left(question.since, now(), self.settings.deferred_within_ms);
        let put_off = self.passage.put_off(question.conversation).filter(|_| !left.is_zero());
        if put_off.is_some() {
            let patiently = self.ask_patiently(&question.ask, &was_asked);
            if let Ok(answer) = timeout(left, patiently).await {
                return answer;
            }
        }
        in_vain(because, was_asked.get())
    }

    /// The answer given while the port is suspended; `None` when the question waits.
    pub fn refusal(&self, question: &PortCall) -> Option<Answer> {
        let is_refused = question.ask.patience == Patience::Limited && !self.passage.may_put_off();
        is_refused.then(|| in_vain(self.is_suspended(), question.was_asked))
    }

    fn gate(&self) -> &Gate {
        &self.passage.gate
    }

    fn is_suspended(&self) -> String {
        format!("{} is suspended", self.name)
    }

    /// Asks, with retries, until the last call for a client that waits.
    async fn ask_in_time(
        &self,
        question: &PortCall,
        was_asked: &Cell<bool>,
    ) -> Result<Answer, String> {
        let hurry = Deadline::new(question.since, (now(), Instant::now()), &self.settings);
        let mut attempts = 0;
        loop {
            let permit = self.enter(&hurry).await?;
            if attempts == 0 {
                self.budget.deposit();
            }
            was_asked.set(true);
            let because = match self.attempt_hedged(&question.ask, permit, &hurry).await {
                Ok(answer) => return Ok(answer),
                Err(because) => because,
            };
            let pause = self.pause_after(attempts);
            let is_in_time = hurry.last_call(Instant::now() + pause).is_some();
            if attempts >= self.settings.retries || !is_in_time || !self.budget.withdraw() {
                return Err(because);
            }
            sleep(pause).await;
            attempts += 1;
        }
    }

    /// Waits for a permit of the gate, at most until the last call.
    async fn enter(&self, hurry: &Deadline) -> Result<Permit, String> {
        let Some(last_call) = hurry.last_call(Instant::now()) else {
            return Err(format!("there was no time left to ask {}", self.name));
        };
        let entered = self.gate().enter(Some(last_call)).await;
        let permit = entered.map_err(|away| away.to_string())?;
        if self.context.is_suspended() {
            return Err(self.is_suspended());
        }
        Ok(permit)
    }

    /// Asks until there is an answer, behind all callers with a deadline.
    async fn ask_patiently(&self, ask: &Ask, was_asked: &Cell<bool>) -> Answer {
        let mut attempts = 0;
        loop {
            let entered = self.gate().enter(None).await;
            if self.context.is_suspended() {
                drop(entered);
                self.contexts.resumed(&self.context).await;
                continue;
            }
            let answer = match entered {
                Ok(permit) => {
                    was_asked.set(true);
                    self.attempt(ask, permit, self.timeout()).await
                }
                // The gate may have been replaced: its waiting callers enter again.
                Err(away) => Err(away.to_string()),
            };
            let because = match answer {
                Ok(answer) => return answer,
                Err(because) => because,
            };
            tracing::debug!(port = self.name, key = ask.key, because, attempts, "no answer yet");
            sleep(self.patient_pause_after(attempts)).await;
            attempts += 1;
        }
    }

    /// One attempt, and a second beside it when the first takes long: the first answer wins, and
    /// the other is dropped. Both go out under one key.
    async fn attempt_hedged(
        &self,
        ask: &Ask,
        permit: Permit,
        hurry: &Deadline,
    ) -> Result<Answer, String> {
        let mut first =
            pin!(self.attempt(ask, permit, hurry.at_most(self.timeout(), Instant::now())));
        let Some(after_ms) = self.settings.hedge_after_ms else { return first.await };
        if let Ok(answer) = timeout(Duration::from_millis(after_ms), &mut first).await {
            return answer;
        }
        let Some(permit) = self.permit_to_hedge(hurry) else { return first.await };
        let second = self.attempt(ask, permit, hurry.at_most(self.timeout(), Instant::now()));
        first_answer(first, second).await
    }

    /// A permit for a second attempt, when time, gate and budget allow one.
    fn permit_to_hedge(&self, hurry: &Deadline) -> Option<Permit> {
        if hurry.last_call(Instant::now()).is_none() || !self.budget.withdraw() {
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
        ask: &Ask,
        permit: Permit,
        at_most: Duration,
    ) -> Result<Answer, String> {
        let answer = match timeout(at_most, self.carrier.ask(ask)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} ms", at_most.as_millis())),
        };
        permit.report(if answer.is_ok() { Outcome::Succeeded } else { Outcome::Failed });
        answer
    }

    const fn timeout(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    /// The pause before a retry that no client waits for: exponential while its budget lasts, the
    /// longest pause beyond it.
    fn patient_pause_after(&self, attempts: u32) -> Duration {
        let is_paid = self.patient_budget.withdraw();
        self.pause_after(if is_paid { attempts } else { u32::MAX })
    }

    /// Exponential backoff, of which the upper half is random.
    fn pause_after(&self, attempts: u32) -> Duration {
        let doubled = self.settings.backoff_ms.saturating_mul(1 << attempts.min(16));
        let whole = doubled.min(self.settings.backoff_max_ms).max(1);
        Duration::from_millis(between(whole / 2, whole))
    }
}

/// The answer after a failure: `Unreachable` if a request may have gone out, else `TurnedAway`.
fn in_vain(because: String, was_asked: bool) -> Answer {
    if was_asked { Answer::Unreachable(because) } else { Answer::TurnedAway(because) }
}

/// Returns the first successful answer; when one future fails, the result of the other.
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
