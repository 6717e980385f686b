//! A card payment provider whose behaviour a test changes.

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
};
use tokio::sync::watch;

/// How the provider answers one kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It carries out the call.
    Approves,
    /// It carries out nothing and answers that it failed.
    Fails,
    /// It carries out nothing and answers with this status.
    Answers(u16),
    /// It does not answer until its mood changes, and then carries out the call.
    Hangs,
    /// It does not answer the first call under a key, and carries out the next one.
    HangsFirst,
}

/// The calls under each key.
type Asked = Mutex<HashMap<String, Calls>>;

/// The calls under one key.
#[derive(Default)]
struct Calls {
    times: usize,
    is_done: bool,
    /// The transaction number in the last of them.
    transaction: Option<String>,
}

/// A provider outside the application.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

struct Shared {
    asked: Asked,
    charges: watch::Sender<Mood>,
    refunds: watch::Sender<Mood>,
}

impl Provider {
    pub fn start() -> Self {
        let good = || watch::Sender::new(Mood::Approves);
        let shared = Shared { asked: Mutex::default(), charges: good(), refunds: good() };
        let shared = Arc::new(shared);
        let (data, (sender, receiver)) = (Arc::clone(&shared), mpsc::channel());
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let data = web::Data::from(Arc::clone(&data));
                    App::new().app_data(data).default_service(web::post().to(answer))
                });
                let server = server.workers(1).bind(("127.0.0.1", 0)).expect("a free port");
                let address = server.addrs()[0];
                let server = server.disable_signals().shutdown_timeout(0).run();
                sender.send((address, server.handle())).expect("the test receives the address");
                server.await.expect("it ends well");
            });
        });
        let (address, handle) = receiver.recv().expect("it listens");
        Self { address, shared, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Sets how it answers charges from now on.
    pub fn charges(&self, mood: Mood) {
        self.shared.charges.send_replace(mood);
    }

    /// Sets how it answers refunds from now on.
    pub fn refunds(&self, mood: Mood) {
        self.shared.refunds.send_replace(mood);
    }

    /// The number of calls under this key.
    pub fn asked(&self, key: &str) -> usize {
        self.shared.asked.lock().expect("no panic").get(key).map_or(0, |calls| calls.times)
    }

    /// The number of calls under keys with this prefix.
    pub fn asked_in_all(&self, beginning: &str) -> usize {
        let asked = self.shared.asked.lock().expect("no panic");
        let alike = asked.iter().filter(|(key, _)| key.starts_with(beginning));
        alike.map(|(_, calls)| calls.times).sum()
    }

    /// Whether the call under this key was carried out.
    pub fn has_done(&self, key: &str) -> bool {
        self.shared.asked.lock().expect("no panic").get(key).is_some_and(|calls| calls.is_done)
    }

    /// The transaction number in the last call under this key.
    pub fn transaction(&self, key: &str) -> Option<String> {
        self.shared.asked.lock().expect("no panic").get(key)?.transaction.clone()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.charges(Mood::Approves);
        self.refunds(Mood::Approves);
        drop(self.handle.stop(false));
    }
}

async fn answer(
    request: HttpRequest,
    body: web::Json<Value>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok());
    let Some(key) = key else { return HttpResponse::BadRequest().finish() };
    // The prefix of the key names the store and the port.
    let (ours, key) = key.rsplit_once('/').expect("keys of a port of a store");
    let mood = if body["operation"] == "charge" { &shared.charges } else { &shared.refunds };
    let undone = body["charge"].as_str().and_then(|key| key.rsplit_once('/'));
    let times = {
        let mut asked = shared.asked.lock().expect("no panic");
        if let Some((store_and_port, key)) = undone {
            assert!(store_and_port == ours && asked.contains_key(key), "an unknown charge: {key}");
        }
        let calls = asked.entry(key.to_owned()).or_default();
        calls.transaction = body["transactionId"].as_str().map(str::to_owned);
        calls.times += 1;
        calls.times
    };
    let mut mood = mood.subscribe();
    let now = *mood.borrow_and_update();
    match now {
        Mood::Fails => return HttpResponse::InternalServerError().finish(),
        Mood::Answers(status) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return HttpResponse::build(status).json(json!({
                "reason": "not enough money",
                "error": "in the table CHARGES at http://10.0.0.3",
            }));
        }
        Mood::HangsFirst if times > 1 => {}
        Mood::Hangs | Mood::HangsFirst => {
            let better = mood.wait_for(|mood| *mood == Mood::Approves).await;
            assert!(better.is_ok(), "the provider runs as long as it is called");
        }
        Mood::Approves => {}
    }
    if let Some(calls) = shared.asked.lock().expect("no panic").get_mut(key) {
        calls.is_done = true;
    }
    HttpResponse::Ok().json(json!({ "status": "approved", "transactionId": format!("t-{key}") }))
}
