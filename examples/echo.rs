//! The upper limit of all measurements: actix-web answers with the JSON that it received.
//!
//! It has no store, actors or rules. It prints the address on which it listens.

use actix_web::{App, HttpResponse, HttpServer, web};

async fn echo(body: web::Bytes) -> actix_web::Result<HttpResponse> {
    let value: serde_json::Value = serde_json::from_slice(&body)?;
    Ok(HttpResponse::Created().json(value))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().default_service(web::post().to(echo)))
        .backlog(2_048)
        .bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("{address}");
    }
    server.run().await
}
