//! Messages that are none: random bytes, and random fields.

use super::{
    Client, ORDER,
    messages::{Aggregate, GetRequest},
    order, path, start,
    support::dice::Dice,
};
use prost::bytes::{Buf as _, BufMut as _};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

const METHODS: [&str; 6] = ["Execute", "Get", "List", "Search", "Watch", "Nothing"];

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

/// A message with random fields: texts that are known names, random ones, numbers and bytes.
fn fields(dice: &mut Dice) -> Vec<u8> {
    const TEXTS: [&str; 10] = [
        "taxi",
        "orders",
        "call",
        "cancel",
        "mypages",
        "beginning",
        "id,desc",
        "{}",
        "\u{0}",
        ORDER,
    ];
    let mut message = Vec::new();
    for _ in 0..dice.roll(9) {
        let tag = u8::try_from(1 + dice.roll(8)).expect("a tag");
        if dice.roll(3) == 0 {
            message.push(tag << 3);
            prost::encoding::encode_varint(dice.roll(u64::MAX), &mut message);
            continue;
        }
        let text = match usize::try_from(dice.roll(14)).expect("small") {
            nth if nth < TEXTS.len() => TEXTS[nth].as_bytes().to_vec(),
            _ => bytes(dice, 40),
        };
        message.push(tag << 3 | 2);
        prost::encoding::encode_varint(text.len() as u64, &mut message);
        message.extend(text);
    }
    message
}

#[tokio::test]
async fn no_message_makes_the_server_panic_or_blame_itself() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let mut dice = Dice(0x006d_6164_616e_6701);
    let mut refused = 0;
    for nth in 0..10_000 {
        let message = if nth % 2 == 0 { bytes(&mut dice, 80) } else { fields(&mut dice) };
        let method = METHODS[usize::try_from(dice.roll(6)).expect("small")];
        let mut grpc = Grpc::new(client.0.clone());
        grpc.ready().await.expect("the connection is open");
        // A stream that opens is dropped after its first response.
        let answer = grpc.server_streaming(Request::new(message.clone()), path(method), Raw).await;
        let answer = match answer {
            Ok(stream) => stream.into_inner().message().await,
            Err(status) => Err(status),
        };
        if let Err(status) = answer {
            refused += 1;
            let is_well =
                !matches!(status.code(), Code::Internal | Code::Unknown | Code::Unavailable);
            assert!(is_well, "{method} {message:?} {status:?}");
        }
    }
    assert!(refused > 5_000, "{refused} were refused");
    let answer = client.execute(order(0, "call", ORDER), &[]).await;
    assert!(answer.is_ok(), "the server goes on");
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused() {
    let app = start(|config| config.grpc.message_bytes_max = 1_000);
    let client = Client::of(&app).await;
    let name = "x".repeat(1_100);
    let large = GetRequest { business: name, ..GetRequest::default() };
    let refused = client.call::<_, Aggregate>("Get", Request::new(large)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
}

#[tokio::test]
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
