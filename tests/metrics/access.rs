//! Who may read the figures, and where.

use crate::support::{
    client,
    inside::Running,
    token::{SECRET, token},
};
use madang::config::Config;
use reqwest::{Method, Response};
use std::{fs, net::SocketAddr, path::Path};

/// A call taxi whose clients have tokens.
fn with_identity(folder: &Path, change: impl FnOnce(&mut Config)) -> Running {
    let secret = folder.join("secret");
    fs::write(&secret, SECRET).expect("written");
    Running::start(|config| {
        config.identity.secret_file = Some(secret);
        change(config);
    })
}

async fn sent(method: Method, address: SocketAddr, path: &str, token: Option<&str>) -> Response {
    let request = client().request(method, format!("http://{address}{path}"));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn with_identity_the_figures_need_the_role_admin() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = with_identity(folder.path(), |_| {});
    let (operator, other) = (token("ops", &["admin".into()]), token("kim", &[]));
    let status = async |token| sent(Method::GET, app.address, "/metrics", token).await.status();
    assert_eq!(status(None).await, 401);
    assert_eq!(status(Some(&*other)).await, 403);
    assert_eq!(status(Some(&*operator)).await, 200);
}

#[tokio::test]
async fn the_address_of_the_monitoring_serves_figures_and_probes_without_a_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = with_identity(folder.path(), |config| {
        config.metrics.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    });
    let at = app.metrics.expect("an address");
    assert!(app.greeting.contains(&format!("metrics at {at}")), "{}", app.greeting);
    let get = async |path| sent(Method::GET, at, path, None).await;
    let figures = get("/metrics").await.text().await.expect("text");
    assert!(figures.contains("madang_http_connections 0"), "{figures}");
    for probe in ["/actuator/health/liveness", "/actuator/health/readiness"] {
        assert_eq!(get(probe).await.status(), 200, "{probe}");
    }
    for path in ["/", "/taxi/orders", "/admin/gates", "/actuator/health"] {
        assert_eq!(get(path).await.status(), 404, "{path}");
    }
    assert_eq!(sent(Method::POST, at, "/metrics", None).await.status(), 405);
    let foreign = client().get(format!("http://{at}/metrics")).header("Host", "evil.example");
    assert_eq!(foreign.send().await.expect("an answer").status(), 421);
}

#[tokio::test]
async fn figures_that_are_off_are_served_nowhere() {
    let app = Running::start(|config| {
        config.metrics.enabled = false;
        config.metrics.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    });
    assert_eq!(app.metrics, None);
    assert_eq!(sent(Method::GET, app.address, "/metrics", None).await.status(), 404);
}

#[tokio::test]
async fn the_figures_are_read_only() {
    let app = Running::start(|_| {});
    let status =
        async |method: Method| sent(method, app.address, "/metrics", None).await.status().as_u16();
    assert_eq!(status(Method::HEAD).await, 200);
    assert_eq!(status(Method::OPTIONS).await, 204);
    assert_eq!(status(Method::POST).await, 405);
}
