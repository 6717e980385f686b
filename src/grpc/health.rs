//! The service `grpc.health.v1.Health`: whether the server takes calls.

use super::service::Businesses;
use crate::actors::{Runtime, Status};
use std::time::Duration;
use tokio::{sync::watch, time::timeout};
use tonic::server::NamedService;
use tonic_health::{ServingStatus, server::HealthReporter};

/// How often the health of the runtime is read.
const EVERY: Duration = Duration::from_secs(1);

/// The names that clients ask for: the whole server, and its service.
const NAMES: [&str; 2] = ["", Businesses::NAME];

/// Reports the health of the runtime until the server stops, and then ends the streams of those who
/// watch it.
pub async fn report(
    mut reporter: HealthReporter,
    runtime: Runtime,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let is_down = runtime.health().parts.iter().any(|part| part.status == Status::Down);
        let status = if is_down { ServingStatus::NotServing } else { ServingStatus::Serving };
        for name in NAMES {
            reporter.set_service_status(name, status).await;
        }
        if timeout(EVERY, stopping.wait_for(|is_stopping| *is_stopping)).await.is_ok() {
            break;
        }
    }
    for name in NAMES {
        reporter.set_service_status(name, ServingStatus::NotServing).await;
        reporter.clear_service_status(name).await;
    }
}
