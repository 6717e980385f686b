//! The requests of the taxi business and their answers, with the fields and bytes that madang has.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt::{self, Display};

/// The price of a basic ride.
const FARE: u64 = 3_800;

/// The body of `POST /taxi/taxis`, and what is stored of a taxi.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Taxi {
    /// The name of the car.
    pub taxi_name: String,
    /// The company that owns it.
    pub company_name: String,
    /// The stock.
    pub stock_cnt: u64,
    /// The price.
    pub item_price: u64,
}

impl Taxi {
    /// The taxi with another stock that a peer without memory answers with.
    #[must_use]
    pub fn with_stock(stock: u64) -> Self {
        let (taxi_name, company_name) = ("sonata".into(), "tmap".into());
        Self { taxi_name, company_name, stock_cnt: stock, item_price: 4_900 }
    }
}

/// The body of `POST /taxi/taxis/{number}/restock`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restock {
    /// The new stock.
    pub stock_cnt: u64,
}

/// The body of `POST /taxi/orders`, and what is stored of an order.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequest {
    /// The grade of the taxi.
    pub order_type: String,
    /// The name of the customer.
    pub name: String,
}

impl OrderRequest {
    /// The amount of the payment.
    #[must_use]
    pub fn fare(&self) -> u64 {
        FARE
    }
}

/// A link to a path with a number in it; it is written without an allocation.
struct Href(&'static str, u64, &'static str);

impl Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.0, self.1, self.2)
    }
}

impl Serialize for Href {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
struct Link {
    href: Href,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
}

fn get(base: &'static str, number: u64, rest: &'static str) -> Link {
    Link { href: Href(base, number, rest), method: None }
}

fn post(base: &'static str, number: u64, rest: &'static str) -> Link {
    Link { method: Some("POST"), ..get(base, number, rest) }
}

#[derive(Serialize)]
struct TaxiLinks {
    #[serde(rename = "self")]
    itself: Link,
    history: Link,
    restock: Link,
    revise: Link,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaxiAnswer<'a> {
    id: u64,
    taxi_name: &'a str,
    company_name: &'a str,
    stock_cnt: u64,
    registered_cnt: u64,
    item_price: u64,
    grade: &'a str,
    #[serde(rename = "_links")]
    links: TaxiLinks,
}

#[derive(Serialize)]
struct OrderLinks {
    #[serde(rename = "self")]
    itself: Link,
    history: Link,
    cancel: Link,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderAnswer<'a> {
    id: u64,
    order_type: &'a str,
    name: &'a str,
    phone: &'a str,
    card_no: &'a str,
    fare: u64,
    status: &'a str,
    #[serde(rename = "_links")]
    links: OrderLinks,
}

/// The representation of a taxi.
pub(crate) fn taxi(number: u64, taxi: &Taxi) -> serde_json::Result<Vec<u8>> {
    let base = "/taxi/taxis/";
    write(&TaxiAnswer {
        id: number,
        taxi_name: &taxi.taxi_name,
        company_name: &taxi.company_name,
        stock_cnt: taxi.stock_cnt,
        registered_cnt: taxi.stock_cnt,
        item_price: taxi.item_price,
        grade: "basic",
        links: TaxiLinks {
            itself: get(base, number, ""),
            history: get(base, number, "/history"),
            restock: post(base, number, "/restock"),
            revise: post(base, number, "/revise"),
        },
    })
}

/// The representation of a paid order.
pub(crate) fn order(number: u64, order: &OrderRequest) -> serde_json::Result<Vec<u8>> {
    let base = "/taxi/orders/";
    write(&OrderAnswer {
        id: number,
        order_type: &order.order_type,
        name: &order.name,
        phone: "",
        card_no: "",
        fare: order.fare(),
        status: "Paid",
        links: OrderLinks {
            itself: get(base, number, ""),
            history: get(base, number, "/history"),
            cancel: post(base, number, "/cancel"),
        },
    })
}

fn write(answer: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(384);
    serde_json::to_writer(&mut bytes, answer)?;
    Ok(bytes)
}
