//! One persistent connection with the part of HTTP/1.1 that answers with a length need.

use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The connection of a user; it is opened when it is needed.
pub struct Client {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// The parts of an answer that the load counts.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Whether the server called an outside service first, without success.
    pub is_in_vain: bool,
    pub retry_after: Option<Duration>,
    pub location: Option<String>,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the answer is 429 or 503: the client may retry later.
    pub fn is_turned_away(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    /// The time of `Retry-After`, for an answer that has one.
    pub fn comes_back_after(&self) -> Option<Duration> {
        self.retry_after.filter(|_| self.is_turned_away())
    }
}

/// The head of an answer, and the length of its body.
struct Head {
    answer: Answer,
    body_bytes: usize,
    closes: bool,
}

/// The type of the problem of an outside service that did not answer.
const IN_VAIN: &[u8] = b"/problems/unavailable";

const READ_BYTES: usize = 16 * 1024;

impl Client {
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, buffer: Vec::with_capacity(READ_BYTES) }
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer has no length.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address).await?,
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        let (head, head_bytes) = loop {
            read_some(&mut stream, &mut self.buffer).await?;
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break (read_head(&self.buffer[..end])?, end + 4);
            }
        };
        while self.buffer.len() < head_bytes + head.body_bytes {
            read_some(&mut stream, &mut self.buffer).await?;
        }
        if !head.closes {
            self.stream = Some(stream);
        }
        let mut answer = head.answer;
        if answer.is_turned_away() {
            let body = &self.buffer[head_bytes..];
            answer.is_in_vain = body.windows(IN_VAIN.len()).any(|part| part == IN_VAIN);
        }
        Ok(answer)
    }

    /// Closes the connection and discards the rest of the answer.
    pub fn hang_up(&mut self) {
        self.stream = None;
    }
}

async fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_some(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn read_head(head: &[u8]) -> io::Result<Head> {
    let strange = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
    let head = std::str::from_utf8(head).map_err(|_| strange("the head is not UTF-8"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| strange("the answer has no status"))?;
    let mut body_bytes = matches!(status, 204 | 304).then_some(0);
    let mut answer = Answer { status, is_in_vain: false, retry_after: None, location: None };
    let mut closes = false;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => body_bytes = value.parse().ok(),
            "retry-after" => answer.retry_after = value.parse().ok().map(Duration::from_secs),
            "location" => answer.location = Some(value.to_owned()),
            "connection" => closes = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let body_bytes = body_bytes.ok_or_else(|| strange("the answer has no length"))?;
    Ok(Head { answer, body_bytes, closes })
}
