//! The HTTP server of all peers: actix-web with one worker for each core, in front of a store.

use crate::{OrderRequest, Restock, Result, Store, Taxi, answers};
use actix_web::{
    App, HttpResponse, HttpServer, ResponseError,
    http::StatusCode,
    web::{Data, Json, Path, get, post},
};
use std::{
    fmt::{self, Display},
    future::Future,
};

/// An error of a store, as an answer.
#[derive(Debug)]
struct Failed(String);

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ResponseError for Failed {}

impl From<Box<dyn std::error::Error>> for Failed {
    fn from(error: Box<dyn std::error::Error>) -> Self {
        eprintln!("{error}");
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

type Answer = std::result::Result<HttpResponse, Failed>;

fn json(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(status).content_type("application/hal+json").body(body)
}

async fn create<S: Store>(store: Data<S>, Json(taxi): Json<Taxi>) -> Answer {
    let (number, taxi) = store.create(taxi).await?;
    Ok(json(StatusCode::CREATED, answers::taxi(number, &taxi)?))
}

async fn order<S: Store>(store: Data<S>, Json(order): Json<OrderRequest>) -> Answer {
    let number = store.order(&order).await?;
    Ok(json(StatusCode::CREATED, answers::order(number, &order)?))
}

async fn restock<S: Store>(store: Data<S>, number: Path<u64>, to: Json<Restock>) -> Answer {
    let taxi = store.restock(*number, to.stock_cnt).await?;
    Ok(json(StatusCode::OK, answers::taxi(*number, &taxi)?))
}

async fn read<S: Store>(store: Data<S>, number: Path<u64>) -> Answer {
    Ok(match store.read(*number).await? {
        Some(taxi) => json(StatusCode::OK, answers::taxi(*number, &taxi)?),
        None => HttpResponse::NotFound().finish(),
    })
}

async fn stored<S: Store>(store: Data<S>) -> Answer {
    Ok(HttpResponse::Ok().json(store.stored().await?))
}

/// Serves on a port of 127.0.0.1 that the system chooses, and prints the address. `open` makes the
/// store of each worker, on the thread of that worker.
///
/// # Errors
///
/// The server cannot listen.
pub async fn serve<S, F>(open: impl Fn() -> F + Clone + Send + 'static) -> Result<()>
where
    S: Store,
    F: Future<Output = Result<S>> + 'static,
{
    let server = HttpServer::new(move || {
        let open = open.clone();
        let open = move || {
            let store = open();
            async move { store.await.inspect_err(|error| eprintln!("no store: {error}")) }
        };
        App::new()
            .data_factory(open)
            .route("/taxi/taxis", post().to(create::<S>))
            .route("/taxi/taxis/{number}/restock", post().to(restock::<S>))
            .route("/taxi/taxis/{number}", get().to(read::<S>))
            .route("/taxi/orders", post().to(order::<S>))
            .route("/stored", get().to(stored::<S>))
    })
    .backlog(2_048)
    .bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("{address}");
    }
    Ok(server.run().await?)
}
