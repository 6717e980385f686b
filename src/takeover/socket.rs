//! The sockets in the data folder, and the messages and files that pass through them.

use crate::files;
use rustix::{
    io::{IoSlice, IoSliceMut},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, listen, recvmsg, sendmsg, sockopt::socket_peercred,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, AsRawFd as _, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

/// The name of the socket of the conversation.
pub const CONTROL: &str = "take-over.sock";

/// The name of the socket on which a new process answers forwarded requests.
pub const RELAY: &str = "relay.sock";

/// The longest message, in bytes. A page of the journal is the longest.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// The listeners that are passed: HTTP and gRPC.
const LISTENERS_MAX: usize = 2;

/// The connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// The byte that carries the listeners.
const CARRIER: u8 = b'L';

/// The place of sockets: an open folder. The path of a socket has at most 107 bytes, so the folder
/// is named by its number in this process.
#[derive(Clone, Debug)]
pub struct Place(Arc<File>);

impl Place {
    /// Opens the data folder.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn of(data: &Path) -> io::Result<Self> {
        File::open(data).map(|folder| Self(Arc::new(folder)))
    }

    /// The path of a socket in the folder, for this process.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.0.as_raw_fd()))
    }

    /// Connects to a socket in the folder.
    ///
    /// # Errors
    /// When no process listens there.
    pub fn connect(&self, name: &str) -> io::Result<UnixStream> {
        UnixStream::connect(self.path(name))
    }

    /// Listens on a socket in the folder, for its owner alone, in the place of an earlier process.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn listen(&self, name: &str) -> io::Result<UnixListener> {
        let path = self.path(name);
        files::remove(&path)?;
        // The folder is 0700, and so is the umask of the binary.
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        listen(&listener, BACKLOG)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

/// The process at the other end; `None` when the system does not say it.
pub fn process_of(stream: &UnixStream) -> Option<u32> {
    socket_peercred(stream).ok()?.pid.as_raw_nonzero().get().try_into().ok()
}

/// Sends a message.
///
/// # Errors
/// When the other process is gone.
pub fn send(mut to: &UnixStream, message: &impl Serialize) -> io::Result<()> {
    send_bytes(&mut to, &serde_json::to_vec(message)?)
}

/// Sends bytes as a message.
///
/// # Errors
/// When the other process is gone.
pub fn send_bytes(to: &mut &UnixStream, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(bytes)
}

/// Receives a message.
///
/// # Errors
/// When the other process is gone, or says something else.
pub fn receive<T: DeserializeOwned>(mut from: &UnixStream) -> io::Result<T> {
    Ok(serde_json::from_slice(&receive_bytes(&mut from)?)?)
}

/// Receives the bytes of a message.
///
/// # Errors
/// When the other process is gone.
pub fn receive_bytes(from: &mut &UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other("a message is too long"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Passes open listeners to the other process.
///
/// # Errors
/// When it is gone.
pub fn send_listeners(to: &UnixStream, listeners: &[&OwnedFd]) -> io::Result<()> {
    let listeners: Vec<_> = listeners.iter().map(|listener| listener.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&listeners)) {
        return Err(io::Error::other("there are too many listeners"));
    }
    sendmsg(to, &[IoSlice::new(&[CARRIER])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives open listeners.
///
/// # Errors
/// When the other process is gone.
pub fn receive_listeners(from: &UnixStream) -> io::Result<Vec<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut carrier = [0];
    let mut parts = [IoSliceMut::new(&mut carrier)];
    let received = recvmsg(from, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let files = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    Ok(files.flatten().collect())
}
