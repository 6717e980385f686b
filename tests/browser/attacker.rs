//! A web server with a page that attacks madang. For some paths it stands in for a name of the
//! attacker that resolves to the address of madang.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

const PAGE: &str = include_str!("attack.html");

/// Longer than any answer takes; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(60);

/// The server of the attacker. Its threads end with the test.
pub struct Attacker {
    listener: TcpListener,
}

/// One received request.
struct Request {
    path: String,
    bytes: Vec<u8>,
    body: String,
}

impl Attacker {
    /// Binds this address.
    ///
    /// # Panics
    /// When the address is taken.
    pub fn at(address: SocketAddr) -> Self {
        Self { listener: TcpListener::bind(address).expect("an address for the attacker") }
    }

    /// The address of the server.
    ///
    /// # Panics
    /// When the system does not return it.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("an address")
    }

    /// Serves the page that attacks the server at this base. The receiver gets the results of the
    /// page. All requests that are not for the attacker are forwarded to `behind`.
    pub fn serve(self, base: &str, behind: SocketAddr) -> Receiver<String> {
        let (tell, told) = channel();
        let base = base.to_owned();
        thread::spawn(move || {
            for stream in self.listener.incoming().map_while(Result::ok) {
                let (base, tell) = (base.clone(), tell.clone());
                thread::spawn(move || answer(stream, &base, behind, &tell));
            }
        });
        told
    }
}

/// Answers one request and closes the connection.
fn answer(mut stream: TcpStream, base: &str, behind: SocketAddr, tell: &Sender<String>) {
    let _ = stream.set_read_timeout(Some(HANG));
    let Some(request) = read(&stream) else { return };
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n";
    let bytes = match request.path.as_str() {
        "/attack" => format!("{head}{}", PAGE.replace("SERVER", base)).into_bytes(),
        "/done" => {
            let _ = tell.send(request.body);
            head.as_bytes().to_vec()
        }
        path => match path.strip_prefix("/redirect") {
            Some(path) => format!(
                "HTTP/1.1 307 Go on\r\nconnection: close\r\ncontent-length: 0\r\n\
                 location: {base}{path}\r\n\r\n"
            )
            .into_bytes(),
            None => forwarded(&request, behind),
        },
    };
    let _ = stream.write_all(&bytes);
    let _ = stream.shutdown(Shutdown::Both);
}

/// The answer of the server behind to exactly these bytes.
fn forwarded(request: &Request, behind: SocketAddr) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut stream) = TcpStream::connect(behind) else { return answer };
    let _ = stream.set_read_timeout(Some(HANG));
    let _ = stream.write_all(&request.bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut bytes, mut length) = (Vec::new(), 0);
    loop {
        let start = bytes.len();
        reader.read_until(b'\n', &mut bytes).ok().filter(|read| *read > 0)?;
        let line = String::from_utf8_lossy(&bytes[start..]).to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    bytes.extend_from_slice(&body);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Request { path, body: String::from_utf8_lossy(&body).into_owned(), bytes })
}
