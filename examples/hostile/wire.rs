//! Requests and responses as bytes, over plain sockets.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// A GET request.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// A POST request with a JSON body; an empty key is left out.
pub fn post(path: &str, key: &str, body: &str) -> Vec<u8> {
    let key = if key.is_empty() { String::new() } else { format!("idempotency-key: {key}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{key}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Each kind connects from an address of its own, so that enough ports are free.
pub async fn connect(to: SocketAddr, kind: u8) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if to.ip().is_loopback() {
        socket.bind((Ipv4Addr::new(127, 0, 0, 10 + kind), 0).into())?;
    }
    socket.connect(to).await
}

/// Reads one response with a body of known length; returns its status and text.
pub async fn answer(stream: &mut TcpStream, heard: &mut Vec<u8>) -> io::Result<(u16, String)> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    loop {
        let end = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4);
        if let Some(end) = end {
            let lines = String::from_utf8_lossy(&heard[..end]).to_lowercase();
            let length =
                lines.split("content-length: ").nth(1).and_then(|l| l.split("\r\n").next());
            let length: usize = length.unwrap_or("0").parse().map_err(|_| bad())?;
            if heard.len() >= end + length {
                let body = String::from_utf8_lossy(&heard[end..end + length]).into_owned();
                heard.drain(..end + length);
                return Ok((lines.get(9..12).ok_or_else(bad)?.parse().map_err(|_| bad())?, body));
            }
        }
        if stream.read_buf(heard).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Sends a request and reads its response.
pub async fn ask(stream: &mut TcpStream, request: &[u8]) -> io::Result<(u16, String)> {
    stream.write_all(request).await?;
    answer(stream, &mut Vec::new()).await
}
