//! `PostgreSQL` behind actix-web, through sqlx. Each request is one prepared statement with its own
//! transaction, in one round trip; `PostgreSQL` answers after its log is on the disk.
//!
//! Connections are sqlx's, the pool is not: sqlx's asks the server once more whenever a connection
//! comes back, so each request would be two round trips. Each worker has its own connections, on
//! its own thread, over a Unix socket.

use peers::{OrderRequest, Result, Store, Stored, Taxi, argument};
use sqlx::{
    ConnectOptions, PgConnection, Row,
    postgres::{PgConnectOptions, PgRow},
};
use std::{cell::RefCell, path::PathBuf};
use tokio::sync::Semaphore;

const CREATE: &str = "INSERT INTO taxis (taxi_name, company_name, stock, price) \
                      VALUES ($1, $2, $3, $4) RETURNING id";
const ORDER: &str = "WITH paid AS (INSERT INTO orders (order_type, name) VALUES ($1, $2) \
                     RETURNING id) INSERT INTO payments (order_id, amount, status) \
                     SELECT id, $3, 'Approved' FROM paid RETURNING order_id";
const RESTOCK: &str = "UPDATE taxis SET stock = $2, version = version + 1 WHERE id = $1 \
                       RETURNING taxi_name, company_name, stock, price";
const READ: &str = "SELECT taxi_name, company_name, stock, price FROM taxis WHERE id = $1";
const STORED: &str = "SELECT (SELECT count(*) FROM taxis), (SELECT count(*) FROM orders), \
                      (SELECT count(*) FROM payments), \
                      coalesce((SELECT version - 1 FROM taxis WHERE id = 1), 0)";

/// The connections of one worker.
struct PostgresStore {
    free: RefCell<Vec<PgConnection>>,
    /// As many permits as free connections.
    permits: Semaphore,
}

impl PostgresStore {
    async fn open(options: PgConnectOptions, connections: usize) -> Result<Self> {
        let mut free = Vec::with_capacity(connections);
        for _ in 0..connections {
            free.push(options.connect().await?);
        }
        Ok(Self { free: RefCell::new(free), permits: Semaphore::new(connections) })
    }

    /// Runs a statement on a free connection, the last one used.
    async fn run(&self, query: Query<'_>) -> Result<Option<PgRow>> {
        let _permit = self.permits.acquire().await?;
        let connection = self.free.borrow_mut().pop().ok_or("no connection is left")?;
        let mut taken = Taken { connection: Some(connection), free: &self.free };
        let connection = taken.connection.as_mut().ok_or("no connection is left")?;
        // sqlx reads up to the end of the transaction before it returns the row.
        Ok(query.fetch_optional(connection).await?)
    }

    async fn one(&self, query: Query<'_>) -> Result<PgRow> {
        self.run(query).await?.ok_or_else(|| "no row".into())
    }
}

/// A connection in use. It becomes free when this is dropped, also when the client has gone in the
/// middle of a statement: sqlx reads the rest of the answer before the next one.
struct Taken<'a> {
    connection: Option<PgConnection>,
    free: &'a RefCell<Vec<PgConnection>>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.free.borrow_mut().extend(self.connection.take());
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn number(row: &PgRow, column: usize) -> Result<u64> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?)?)
}

fn taxi(row: &PgRow) -> Result<Taxi> {
    let (taxi_name, company_name) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Taxi { taxi_name, company_name, stock_cnt: number(row, 2)?, item_price: number(row, 3)? })
}

impl Store for PostgresStore {
    async fn create(&self, taxi: Taxi) -> Result<(u64, Taxi)> {
        let (stock, price) = (i64::try_from(taxi.stock_cnt)?, i64::try_from(taxi.item_price)?);
        let query = sqlx::query(CREATE).bind(&taxi.taxi_name).bind(&taxi.company_name);
        let row = self.one(query.bind(stock).bind(price)).await?;
        Ok((number(&row, 0)?, taxi))
    }

    async fn order(&self, order: &OrderRequest) -> Result<u64> {
        let query = sqlx::query(ORDER).bind(&order.order_type).bind(&order.name);
        let row = self.one(query.bind(i64::try_from(order.fare())?)).await?;
        number(&row, 0)
    }

    async fn restock(&self, number: u64, stock: u64) -> Result<Taxi> {
        let (id, stock) = (i64::try_from(number)?, i64::try_from(stock)?);
        taxi(&self.one(sqlx::query(RESTOCK).bind(id).bind(stock)).await?)
    }

    async fn read(&self, number: u64) -> Result<Option<Taxi>> {
        let row = self.run(sqlx::query(READ).bind(i64::try_from(number)?)).await?;
        row.as_ref().map(taxi).transpose()
    }

    async fn stored(&self) -> Result<Stored> {
        let row = self.one(sqlx::query(STORED)).await?;
        let (taxis, orders) = (number(&row, 0)?, number(&row, 1)?);
        let (payments, restocks) = (number(&row, 2)?, number(&row, 3)?);
        Ok(Stored { taxis, orders, payments, restocks })
    }
}

#[actix_web::main]
async fn main() -> Result<()> {
    let socket = PathBuf::from(argument("--socket")?);
    let options = PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(argument("--port")?.parse()?)
        .username(&argument("--user")?)
        .database("postgres")
        .disable_statement_logging();
    let connections: usize = argument("--connections")?.parse()?;
    peers::serve(move || PostgresStore::open(options.clone(), connections)).await
}
