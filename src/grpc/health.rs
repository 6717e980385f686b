//! The service `grpc.health.v1.Health`: whether the server takes calls.

use crate::actors::{Runtime, Status};
use std::time::Duration;
use tokio::{sync::watch, time::timeout};
use tonic_health::{ServingStatus, server::HealthReporter};

/// How often the health of the runtime is read.
const EVERY: Duration = Duration::from_secs(1);

/// Reports the health of the runtime for the whole server, whose name is empty, and for these
/// services. When the server stops, the streams of those who watch it end.
pub async fn report(
    mut reporter: HealthReporter,
    mut names: Vec<String>,
    runtime: Runtime,
    mut stopping: watch::Receiver<bool>,
) {
    names.push(String::new());
    loop {
        let is_down = runtime.health().parts.iter().any(|part| part.status == Status::Down);
        let status = if is_down { ServingStatus::NotServing } else { ServingStatus::Serving };
        for name in &names {
            reporter.set_service_status(name, status).await;
        }
        if timeout(EVERY, stopping.wait_for(|is_stopping| *is_stopping)).await.is_ok() {
            break;
        }
    }
    for name in &names {
        reporter.set_service_status(name, ServingStatus::NotServing).await;
        reporter.clear_service_status(name).await;
    }
}
