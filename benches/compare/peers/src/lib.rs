//! What the peers share: the requests and answers of the taxi business, and an actix-web server in
//! front of a store. The peers differ in their store alone.

mod answers;
mod server;

pub use answers::{OrderRequest, Restock, Taxi};
pub use server::serve;

use serde::Serialize;
use std::{error::Error, future::Future};

/// The allocator that madang has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The result of a store. An error is answered with the status 500.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many of each are stored; the load is checked against it.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Stored {
    /// The stored taxis.
    pub taxis: u64,
    /// The stored orders.
    pub orders: u64,
    /// The stored payments.
    pub payments: u64,
    /// The stored changes of the stock of taxi 1.
    pub restocks: u64,
}

/// What a peer does with a request. Each worker thread of the server has a store of its own; a
/// method returns when the disk has what it stores.
pub trait Store: 'static {
    /// Stores a taxi, and returns its number.
    fn create(&self, taxi: Taxi) -> impl Future<Output = Result<(u64, Taxi)>>;
    /// Stores an order and its payment, both or neither, and returns the number of the order.
    fn order(&self, order: &OrderRequest) -> impl Future<Output = Result<u64>>;
    /// Stores another stock of a taxi, and returns the taxi.
    fn restock(&self, number: u64, stock: u64) -> impl Future<Output = Result<Taxi>>;
    /// Reads a taxi.
    fn read(&self, number: u64) -> impl Future<Output = Result<Option<Taxi>>>;
    /// Counts what is stored.
    fn stored(&self) -> impl Future<Output = Result<Stored>>;
}

/// The value of an argument of the peer, `--data target/x` for instance.
///
/// # Errors
///
/// The argument is missing.
pub fn argument(name: &str) -> Result<String> {
    let mut arguments = std::env::args().skip_while(|given| given != name).skip(1);
    arguments.next().ok_or_else(|| format!("{name} is missing").into())
}
