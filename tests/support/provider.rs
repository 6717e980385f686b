//! A card payment provider outside the server, which stores every charge and refund by its key.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
};

/// The entry of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// `charge` or `refund`.
    pub operation: String,
    /// The number of the order.
    pub order: u64,
    /// The number of calls; a repeated call under the same key changes nothing.
    pub asked: usize,
    /// The card to be charged, as received.
    pub card: String,
}

pub type Ledger = Arc<Mutex<HashMap<String, Entry>>>;

/// A provider that approves everything.
pub struct Provider {
    pub address: SocketAddr,
    ledger: Ledger,
    handle: ServerHandle,
}

impl Provider {
    /// # Panics
    /// When no port is free.
    pub fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// # Panics
    /// When the address is taken.
    pub fn start_at(address: SocketAddr) -> Self {
        let ledger = Ledger::default();
        let shared = Arc::clone(&ledger);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let ledger = web::Data::from(Arc::clone(&shared));
                    App::new().app_data(ledger).default_service(web::post().to(answer))
                });
                let server = server.workers(1).bind(address).unwrap();
                let address = server.addrs()[0];
                let server = server.disable_signals().run();
                sender.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = receiver.recv().unwrap();
        Self { address, ledger, handle }
    }

    /// The configuration that makes a server use this provider.
    pub fn config(&self) -> String {
        format!(
            // Long enough that no charge is abandoned on a slow machine.
            "[http]\nwait_max_ms = 30000\n[ports.\"taxi/payment\"]\ntransport = \"http\"\n\
             url = \"http://{}/\"\ntimeout_ms = 29000\nwithin_ms = 29999\n",
            self.address
        )
    }

    /// The charged cards.
    ///
    /// # Panics
    /// When a request panicked.
    pub fn cards(&self) -> Vec<String> {
        self.ledger.lock().unwrap().values().map(|entry| entry.card.clone()).collect()
    }

    /// The number of charges and refunds of each order, by distinct keys.
    ///
    /// # Panics
    /// When a request panicked.
    pub fn charges_and_refunds(&self) -> HashMap<u64, (usize, usize)> {
        let mut counts = HashMap::<u64, (usize, usize)>::new();
        for entry in self.ledger.lock().unwrap().values() {
            let (charges, refunds) = counts.entry(entry.order).or_default();
            match entry.operation.as_str() {
                "charge" => *charges += 1,
                _ => *refunds += 1,
            }
        }
        counts
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn answer(
    request: HttpRequest,
    body: web::Json<Value>,
    ledger: web::Data<Mutex<HashMap<String, Entry>>>,
) -> HttpResponse {
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok());
    let Some(key) = key else { return HttpResponse::BadRequest().finish() };
    let (Some(operation), Some(order)) = (body["operation"].as_str(), body["orderId"].as_u64())
    else {
        return HttpResponse::BadRequest().finish();
    };
    let mut ledger = ledger.lock().unwrap();
    let entry = ledger.entry(key.to_owned()).or_default();
    operation.clone_into(&mut entry.operation);
    entry.order = order;
    entry.asked += 1;
    body["cardNo"].as_str().unwrap_or_default().clone_into(&mut entry.card);
    HttpResponse::Ok().json(serde_json::json!({ "status": "approved" }))
}
