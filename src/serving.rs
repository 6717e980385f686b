//! The command `serve`: from its options to the end of the process, with take-overs by and of other
//! processes.

use crate::{
    app::{App, HandedOver, Retiring},
    cli::Serve,
    config::{Config, Flags},
    declarations::Declarations,
    logging,
    reload::Reload,
    settings_command,
    stopping::{FLUSH_WITHIN, Stopping},
    store::permissions::check_owner,
    systemd::Sockets,
    takeover::{self, Begun, Place, Predecessor, RELAY, Steps, Successor},
};
use std::{
    error::Error,
    io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// The longest time that a process waits for the port of a server that died.
const LISTEN_AGAIN_WITHIN: Duration = Duration::from_secs(2);

/// The pause between two attempts to get it.
const LISTEN_PAUSE: Duration = Duration::from_millis(20);

/// What a server starts with.
struct Start {
    sockets: Sockets,
    flags: Flags,
    config: Config,
    /// The server that waits for this one to serve.
    predecessor: Option<Predecessor>,
}

/// Serves until a signal requests a stop, or another process has taken over.
///
/// # Errors
/// When the server does not start, or stops without a request to stop.
pub fn run(how: Serve, declarations: &Declarations) -> Result<bool, Box<dyn Error>> {
    let (take_over, is_checked) = (how.take_over, !how.unchecked);
    let sockets = Sockets::inherited()?;
    let flags = sockets.replace_addresses_in(Flags::from(how))?;
    let config = Config::read(flags.clone())?;
    logging::change(&config.log);
    let steps = Steps::of_environment(config.allow_faults);
    let start = Start { sockets, flags, config, predecessor: None };
    let start =
        if take_over { taken_over(start, is_checked, &steps, declarations)? } else { start };
    let requests_within = Duration::from_secs(start.config.http.stop_within_s);
    let stopping = Stopping::within(requests_within.saturating_add(FLUSH_WITHIN))?;
    actix::System::new().block_on(serve(start, &stopping, &steps, declarations))?;
    Ok(true)
}

/// Takes over the server that has the data folder open, if there is one.
fn taken_over(
    start: Start,
    is_checked: bool,
    steps: &Steps,
    declarations: &Declarations,
) -> Result<Start, Box<dyn Error>> {
    let data = &start.config.data;
    check_owner(data)?;
    let (predecessor, addresses) = match takeover::begin(data, steps.clone())? {
        Begun::Welcome(predecessor, addresses) => (predecessor, addresses),
        Begun::Alone => {
            tracing::info!(data = %data.display(), "there is no server to take over: it starts");
            return Ok(start);
        }
    };
    let (listen, grpc_listen) = (Some(addresses.http), addresses.grpc);
    let flags = Flags { listen, grpc_listen, ..start.flags };
    let read = settings_command::read(&flags, declarations);
    let config = read.map_err(|errors| errors.join("\n"))?;
    if is_checked {
        predecessor.check(&config.data)?;
    }
    let mut listeners = predecessor.freeze(&config.data)?.into_iter();
    // A server that died has passed none.
    let http = listeners.next().or_else(|| listen_again(config.listen));
    let grpc = listeners.next();
    let forwarded = Place::of(&config.data).and_then(|place| place.listen(RELAY));
    let forwarded = forwarded.map_err(|error| refused(&predecessor, error))?;
    let sockets = Sockets { http, grpc, forwarded: Some(forwarded) };
    Ok(Start { sockets, flags, config, predecessor: Some(predecessor) })
}

/// Listens on the address of a server that died. A client that tries to reach it may hold the port for
/// a moment: the system can give the port to the client's own end of the connection. `None` when it
/// stays in use.
fn listen_again(address: SocketAddr) -> Option<TcpListener> {
    let begun = Instant::now();
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return Some(listener),
            Err(_) if begun.elapsed() >= LISTEN_AGAIN_WITHIN => return None,
            Err(_) => thread::park_timeout(LISTEN_PAUSE),
        }
    }
}

/// Tells the server that waits why this one does not serve.
fn refused(predecessor: &Predecessor, error: impl Error + 'static) -> Box<dyn Error> {
    predecessor.failed(&error.to_string());
    error.into()
}

/// Serves; again after a take-over of this process that failed.
async fn serve(
    start: Start,
    stopping: &Stopping,
    steps: &Steps,
    declarations: &Declarations,
) -> Result<(), Box<dyn Error>> {
    let Start { mut sockets, flags, config, predecessor } = start;
    let (mut stop, mut before) = (pin!(stopping.requested()), None);
    let mut waiting = predecessor.as_ref();
    loop {
        let reload = Reload::of(flags.clone(), config.clone(), declarations)?;
        let app = App::build_on(sockets, config.clone(), declarations).await;
        let app = match (app, waiting) {
            (Err(error), Some(predecessor)) => return Err(refused(predecessor, error)),
            (app, _) => app?,
        };
        stopping.observe(app.in_flight());
        let control = app.listen_for_successors();
        let control = control.inspect_err(|error| {
            tracing::warn!(%error, "no process can take over: the control socket is missing");
        });
        if let Some(before) = before.take() {
            forward_rest(before)?;
        }
        waiting.take().into_iter().for_each(Predecessor::serving);
        println!("{}", app.greeting());
        let reload = reload.keep_current(app.live_settings());
        let asked = tokio::select! {
            asked = app.run(stop.as_mut(), control.ok()) => asked?,
            never = reload => match never {},
        };
        let Some((mut retiring, successor)) = asked else { break };
        let replaced = replaced(&mut retiring, successor, steps, stop.as_mut()).await?;
        let Some(taken_back) = replaced else {
            retiring.end().await;
            break;
        };
        sockets = taken_back;
        before = Some(retiring);
    }
    predecessor.iter().for_each(Predecessor::ended);
    Ok(())
}

/// Hands over to another process, and forwards requests to it until it needs none. `Some` when it
/// does not serve: then the listeners are here, and the store is free.
async fn replaced(
    retiring: &mut Retiring,
    successor: Successor,
    steps: &Steps,
    stop: impl Future<Output = ()>,
) -> io::Result<Option<Sockets>> {
    let successor = Arc::new(successor);
    match retiring.hand_over(&successor, steps).await? {
        HandedOver::TakenBack(sockets) => Ok(Some(sockets)),
        HandedOver::Served => tokio::select! {
            over = retiring.forward_until_over(successor) => over,
            () = stop => Ok(None),
        },
    }
}

/// Sends what an earlier server of this process holds to the one that serves now.
fn forward_rest(before: Retiring) -> io::Result<()> {
    before.forward()?;
    actix_web::rt::spawn(before.forward_and_end());
    Ok(())
}
