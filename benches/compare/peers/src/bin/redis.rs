//! Redis behind actix-web. Each write is one MULTI/EXEC in one round trip, and Redis answers it
//! after the fsync of its append-only file.
//!
//! Each worker has one multiplexed connection over a Unix socket, on its own thread: all requests
//! of a worker that are there together are one write, without a switch of threads.

use peers::{OrderRequest, Result, Store, Stored, Taxi, argument};
use redis::{AsyncCommands, AsyncConnectionConfig, Client, aio::MultiplexedConnection, pipe};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The last numbers in use, shared by the workers.
struct Numbers {
    taxis: AtomicU64,
    orders: AtomicU64,
}

struct RedisStore {
    connection: MultiplexedConnection,
    numbers: Arc<Numbers>,
}

impl Store for RedisStore {
    async fn create(&self, taxi: Taxi) -> Result<(u64, Taxi)> {
        let number = self.numbers.taxis.fetch_add(1, Ordering::Relaxed) + 1;
        let fields = [
            ("taxi", serde_json::to_string(&taxi)?),
            ("stock", taxi.stock_cnt.to_string()),
            ("version", "1".to_owned()),
        ];
        let mut write = pipe();
        write.atomic().hset_multiple(format!("taxi:{number}"), &fields).ignore();
        write.incr("taxis", 1).ignore();
        write.query_async::<()>(&mut self.connection.clone()).await?;
        Ok((number, taxi))
    }

    async fn order(&self, order: &OrderRequest) -> Result<u64> {
        let number = self.numbers.orders.fetch_add(1, Ordering::Relaxed) + 1;
        let payment = serde_json::to_string(&(number, order.fare(), "Approved"))?;
        let mut write = pipe();
        write.atomic().set(format!("order:{number}"), serde_json::to_string(order)?).ignore();
        write.set(format!("payment:{number}"), payment).ignore();
        write.incr("orders", 1).ignore();
        write.query_async::<()>(&mut self.connection.clone()).await?;
        Ok(number)
    }

    async fn restock(&self, number: u64, stock: u64) -> Result<Taxi> {
        let key = format!("taxi:{number}");
        let mut write = pipe();
        write.atomic().hset(&key, "stock", stock).ignore();
        write.hincr(&key, "version", 1).ignore();
        write.hget(&key, "taxi");
        let (json,): (String,) = write.query_async(&mut self.connection.clone()).await?;
        Ok(Taxi { stock_cnt: stock, ..serde_json::from_str(&json)? })
    }

    async fn read(&self, number: u64) -> Result<Option<Taxi>> {
        let mut connection = self.connection.clone();
        let key = format!("taxi:{number}");
        let found: (Option<String>, Option<u64>) =
            connection.hmget(key, &["taxi", "stock"]).await?;
        let (Some(json), Some(stock_cnt)) = found else { return Ok(None) };
        Ok(Some(Taxi { stock_cnt, ..serde_json::from_str(&json)? }))
    }

    async fn stored(&self) -> Result<Stored> {
        stored(&mut self.connection.clone()).await
    }
}

/// Counts what is stored, and checks that the keys are as many as the counters say.
async fn stored(connection: &mut MultiplexedConnection) -> Result<Stored> {
    let mut counts = pipe();
    counts.get("taxis").get("orders").hget("taxi:1", "version").cmd("DBSIZE");
    let (taxis, orders, version, keys): (Option<u64>, Option<u64>, Option<u64>, u64) =
        counts.query_async(connection).await?;
    let counters = u64::from(taxis.is_some()) + u64::from(orders.is_some());
    let (taxis, orders) = (taxis.unwrap_or(0), orders.unwrap_or(0));
    if keys != counters + taxis + 2 * orders {
        return Err(format!("{keys} keys for {taxis} taxis and {orders} orders").into());
    }
    Ok(Stored { taxis, orders, payments: orders, restocks: version.unwrap_or(1) - 1 })
}

/// A connection without a limit of time, and with room for all requests of a worker at once.
async fn connect(client: &Client) -> Result<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let config = config.set_pipeline_buffer_size(1_024).set_write_backpressure_boundary(1 << 16);
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

#[actix_web::main]
async fn main() -> Result<()> {
    let client = Client::open(format!("unix://{}", argument("--socket")?))?;
    let found = stored(&mut connect(&client).await?).await?;
    let (taxis, orders) = (AtomicU64::new(found.taxis), AtomicU64::new(found.orders));
    let numbers = Arc::new(Numbers { taxis, orders });
    peers::serve(move || {
        let (client, numbers) = (client.clone(), numbers.clone());
        async move {
            let connection = connect(&client).await?;
            Ok(RedisStore { connection, numbers })
        }
    })
    .await
}
