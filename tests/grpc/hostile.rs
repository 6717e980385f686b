//! Messages that are none: random bytes, and random fields, many at once.

use super::{
    Client, ORDER,
    messages::{Aggregate, GetRequest},
    order, path, start,
    support::dice::Dice,
    typed,
};
use prost::{
    bytes::{Buf as _, BufMut as _},
    encoding::{WireType, encode_key, encode_varint},
};
use prost_reflect::MessageDescriptor;
use tokio::task::JoinSet;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

const METHODS: [&str; 6] = ["Execute", "Get", "List", "Search", "Watch", "Nothing"];

/// The messages that are sent at once.
const AT_ONCE: usize = 64;

/// A codec that sends bytes as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = usize;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = usize;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<usize>, Status> {
        let len = from.remaining();
        from.advance(len);
        Ok(Some(len))
    }
}

fn bytes(dice: &mut Dice, len_max: u64) -> Vec<u8> {
    let len = dice.roll(len_max);
    (0..len).map(|_| u8::try_from(dice.roll(256)).expect("a byte")).collect()
}

const TEXTS: [&str; 10] =
    ["taxi", "orders", "call", "cancel", "mypages", "beginning", "id,desc", "{}", "\u{0}", ORDER];

/// A message with random fields: texts that are known names, random ones, numbers and bytes.
fn fields(dice: &mut Dice) -> Vec<u8> {
    let mut message = Vec::new();
    for _ in 0..dice.roll(9) {
        let tag = u8::try_from(1 + dice.roll(8)).expect("a tag");
        put_field(dice, u32::from(tag), &mut message);
    }
    message
}

/// A message with random fields of a typed one, some with a value of another type.
fn typed_fields(dice: &mut Dice, of: &MessageDescriptor) -> Vec<u8> {
    let numbers: Vec<_> = of.fields().map(|field| field.number()).collect();
    let mut message = Vec::new();
    for _ in 0..dice.roll(6) {
        let nth = usize::try_from(dice.roll(numbers.len() as u64 + 1)).expect("small");
        put_field(dice, numbers.get(nth).copied().unwrap_or(77), &mut message);
    }
    message
}

/// Adds a field: a number, a known name, or bytes.
fn put_field(dice: &mut Dice, number: u32, message: &mut Vec<u8>) {
    if dice.roll(3) == 0 {
        encode_key(number, WireType::Varint, message);
        encode_varint(dice.roll(u64::MAX), message);
        return;
    }
    let text = match usize::try_from(dice.roll(14)).expect("small") {
        nth if nth < TEXTS.len() => TEXTS[nth].as_bytes().to_vec(),
        _ => bytes(dice, 40),
    };
    encode_key(number, WireType::LengthDelimited, message);
    encode_varint(text.len() as u64, message);
    message.extend(text);
}

/// Sends a message; the status when it is refused.
async fn sent(client: Client, path: PathAndQuery, message: Vec<u8>) -> Option<Status> {
    let mut grpc = Grpc::new(client.0);
    grpc.ready().await.expect("the connection is open");
    // A stream that opens is dropped after its first response.
    let answer = grpc.server_streaming(Request::new(message.clone()), path.clone(), Raw).await;
    let answer = match answer {
        Ok(stream) => stream.into_inner().message().await,
        Err(status) => Err(status),
    };
    let status = answer.err()?;
    let is_well = !matches!(status.code(), Code::Internal | Code::Unknown | Code::Unavailable);
    assert!(is_well, "{path} {message:?} {status:?}");
    Some(status)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_makes_the_server_panic_or_blame_itself() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let mut dice = Dice(0x006d_6164_616e_6701);
    let typed = typed::methods();
    let (mut calls, mut refused) = (JoinSet::new(), 0);
    for nth in 0..10_000 {
        let (path, message) = if nth % 3 == 0 {
            let method = &typed[usize::try_from(dice.roll(typed.len() as u64)).expect("small")];
            (typed::path(method), typed_fields(&mut dice, &method.input()))
        } else {
            let message = if nth % 3 == 1 { bytes(&mut dice, 80) } else { fields(&mut dice) };
            (path(METHODS[usize::try_from(dice.roll(6)).expect("small")]), message)
        };
        calls.spawn(sent(client.clone(), path, message));
        if calls.len() == AT_ONCE {
            refused +=
                u32::from(calls.join_next().await.expect("a call").expect("it is well").is_some());
        }
    }
    refused += calls.join_all().await.into_iter().map(|it| u32::from(it.is_some())).sum::<u32>();
    assert!(refused > 5_000, "{refused} were refused");
    let answer = client.execute(order(0, "call", ORDER), &[]).await;
    assert!(answer.is_ok(), "the server goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_limit_is_refused() {
    let app = start(|config| config.grpc.message_bytes_max = 1_000);
    let client = Client::of(&app).await;
    let name = "x".repeat(1_100);
    let large = GetRequest { business: name, ..GetRequest::default() };
    let refused = client.call::<_, Aggregate>("Get", Request::new(large)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_above_the_limit_is_closed_and_the_others_are_served() {
    let app = start(|config| config.grpc.connections_max = 1);
    let first = Client::of(&app).await;
    first.execute(order(0, "call", ORDER), &[]).await.expect("an order");
    let address = app.grpc.expect("an address");
    let mut second = tokio::net::TcpStream::connect(address).await.expect("it is accepted");
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut second, &mut byte).await;
    assert!(matches!(read, Ok(0) | Err(_)), "it is closed");
    first.execute(order(0, "call", ORDER), &[]).await.expect("an order");
}
