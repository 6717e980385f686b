//! A client of HTTP/2 that sends single frames, also wrong ones, and takes only what it wants.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RESET: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GO_AWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(30);

/// A frame as the server sent it.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The reason of a reset stream or of the end of a connection.
    pub fn code(&self) -> u32 {
        let at = if self.kind == GO_AWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four bytes"))
    }
}

/// A connection of the client.
pub struct Raw(TcpStream);

impl Raw {
    /// Opens a connection, with a value for the window of each answer.
    pub fn open(address: SocketAddr, window: u32) -> Self {
        let mut raw = Self::silent(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        // SETTINGS_INITIAL_WINDOW_SIZE
        raw.send(SETTINGS, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat());
        raw
    }

    /// Opens a connection that sends only these bytes.
    pub fn silent(address: SocketAddr, bytes: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(HANG)).expect("a limit");
        stream.write_all(bytes).expect("sent");
        Self(stream)
    }

    /// Sends a frame; false when the server has closed the connection.
    pub fn try_send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let length = u32::try_from(payload.len()).expect("a length").to_be_bytes();
        let mut frame = [&length[1..], &[kind, flags]].concat();
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.0.write_all(&frame).is_ok()
    }

    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        assert!(self.try_send(kind, flags, stream, payload), "it is open");
    }

    /// Sends a request without a body.
    pub fn ask(&mut self, stream: u32, head: &[u8]) -> bool {
        self.try_send(HEADERS, END_HEADERS | END_STREAM, stream, head)
    }

    /// The next frame, or `None` at the end.
    pub fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let [high, middle, low, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
        self.0.read_exact(&mut payload).ok()?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }

    /// The next frame of this type, after any of others.
    #[track_caller]
    pub fn wait_for(&mut self, kind: u8) -> Frame {
        while let Some(frame) = self.next() {
            if frame.kind == kind {
                return frame;
            }
        }
        panic!("the connection ended without a frame of type {kind}");
    }

    /// The reason of the server for the end of the connection, if one arrived.
    pub fn end_if_told(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.next() {
            code = (frame.kind == GO_AWAY).then(|| frame.code()).or(code);
        }
        code
    }

    /// The reason of the server for the end of the connection.
    #[track_caller]
    pub fn end(&mut self) -> u32 {
        self.end_if_told().expect("a reason")
    }
}

/// The head of a request for this path, with further headers by their number in the static table
/// (RFC 7541, A).
pub fn head(method: u8, path: &str, further: &[(u8, &str)]) -> Vec<u8> {
    let mut head = vec![0x80 | method, 0x86];
    for (number, value) in [(4, path), (1, "localhost")].iter().chain(further) {
        match number.checked_sub(15) {
            Some(rest) => head.extend([15, rest]),
            None => head.push(*number),
        }
        head.push(u8::try_from(value.len()).expect("a short value"));
        head.extend_from_slice(value.as_bytes());
    }
    head
}

/// The method GET, and the header `accept`, in the static table.
pub const GET: u8 = 2;
pub const ACCEPT: u8 = 19;
