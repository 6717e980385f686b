//! The limit everything is measured against: actix-web answering with the JSON it was sent,
//! without a store, actors or rules. Prints the address it listens on.

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
