//! A card payment provider whose mood is the test's to choose.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
};
use tokio::sync::watch;

/// How the provider answers to one kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It does what it is asked.
    Approves,
    /// It does nothing, and says that it failed.
    Fails,
    /// It says nothing until its mood is better, and does it then.
    Hangs,
    /// It says nothing to the first question under a key, and does what the next asks.
    HangsFirst,
}

/// What was asked under each key, how often, and whether it was done.
type Asked = Mutex<HashMap<String, (usize, bool)>>;

/// A provider outside the house.
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
                sender.send((address, server.handle())).expect("the test waits");
                server.await.expect("it ends well");
            });
        });
        let (address, handle) = receiver.recv().expect("it listens");
        Self { address, shared, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How it answers whoever wants a card charged from now on.
    pub fn charges(&self, mood: Mood) {
        self.shared.charges.send_replace(mood);
    }

    /// How it answers whoever wants money given back from now on.
    pub fn refunds(&self, mood: Mood) {
        self.shared.refunds.send_replace(mood);
    }

    /// How often it was asked under this key.
    pub fn asked(&self, key: &str) -> usize {
        self.shared.asked.lock().expect("no panic").get(key).map_or(0, |(times, _)| *times)
    }

    /// How often it was asked under keys that begin like this.
    pub fn asked_in_all(&self, beginning: &str) -> usize {
        let asked = self.shared.asked.lock().expect("no panic");
        let alike = asked.iter().filter(|(key, _)| key.starts_with(beginning));
        alike.map(|(_, (times, _))| times).sum()
    }

    /// Whether what this key stands for was done.
    pub fn has_done(&self, key: &str) -> bool {
        self.shared.asked.lock().expect("no panic").get(key).is_some_and(|(_, done)| *done)
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
    // Behind what tells the store and the port from others.
    let (ours, key) = key.rsplit_once('/').expect("keys of a port of a store");
    let mood = if body["operation"] == "charge" { &shared.charges } else { &shared.refunds };
    let undone = body["charge"].as_str().and_then(|key| key.rsplit_once('/'));
    let times = {
        let mut asked = shared.asked.lock().expect("no panic");
        if let Some((store_and_port, key)) = undone {
            assert!(store_and_port == ours && asked.contains_key(key), "refund of what was asked");
        }
        let (times, _) = asked.entry(key.to_owned()).or_default();
        *times += 1;
        *times
    };
    let mut mood = mood.subscribe();
    let now = *mood.borrow_and_update();
    match now {
        Mood::Fails => return HttpResponse::InternalServerError().finish(),
        Mood::HangsFirst if times > 1 => {}
        Mood::Hangs | Mood::HangsFirst => {
            let better = mood.wait_for(|mood| *mood == Mood::Approves).await;
            assert!(better.is_ok(), "the provider is there as long as it is asked");
        }
        Mood::Approves => {}
    }
    if let Some((_, done)) = shared.asked.lock().expect("no panic").get_mut(key) {
        *done = true;
    }
    HttpResponse::Ok().json(serde_json::json!({ "status": "approved" }))
}
