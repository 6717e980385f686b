//! The bare echo: it parses a request and answers with the same JSON as the others. It stores
//! nothing, so it is the upper limit of all.

use peers::{OrderRequest, Result, Store, Stored, Taxi};

struct Echo;

impl Store for Echo {
    async fn create(&self, taxi: Taxi) -> Result<(u64, Taxi)> {
        Ok((1, taxi))
    }

    async fn order(&self, _: &OrderRequest) -> Result<u64> {
        Ok(1)
    }

    async fn restock(&self, _: u64, stock: u64) -> Result<Taxi> {
        Ok(Taxi::with_stock(stock))
    }

    async fn read(&self, _: u64) -> Result<Option<Taxi>> {
        Ok(Some(Taxi::with_stock(10)))
    }

    async fn stored(&self) -> Result<Stored> {
        Ok(Stored::default())
    }
}

#[actix_web::main]
async fn main() -> Result<()> {
    peers::serve(|| async { Ok(Echo) }).await
}
