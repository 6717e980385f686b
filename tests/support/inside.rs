//! The application inside the test process, on a port of the system's choice and in a folder of its
//! own.

use madang::{
    actors::Installation,
    app::App,
    config::{Config, Flags},
    declarations::Declarations,
};
use std::{net::SocketAddr, path::Path, sync::mpsc, thread::JoinHandle};
use tokio::sync::oneshot;

/// A running application; it is stopped and awaited on drop.
pub struct Running {
    /// The listen address.
    pub address: SocketAddr,
    /// The listen address of gRPC, when it is configured.
    pub grpc: Option<SocketAddr>,
    /// The listen address of the monitoring, when it is configured.
    pub metrics: Option<SocketAddr>,
    /// The text that is printed at the start.
    pub greeting: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Deleted when the application has stopped.
    data: Option<tempfile::TempDir>,
}

impl Running {
    /// Starts only the call taxi, configured further by `change`.
    pub fn start(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let alone = |config: &mut Config| {
            config.only = vec!["taxi".into()];
            change(config);
        };
        let mut running = Self::serve(data.path(), alone, madang::shipped);
        running.data = Some(data);
        running
    }

    /// Starts these businesses with their data in this folder.
    pub fn serve(
        data: &Path,
        change: impl FnOnce(&mut Config),
        install: fn(&mut Declarations),
    ) -> Self {
        let flags = Flags {
            data: Some(data.to_owned()),
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            ..Flags::default()
        };
        let mut config = Config::read(flags).expect("a usable configuration");
        config.http.workers = 1;
        change(&mut config);
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix::System::new().block_on(async move {
                let declarations = Declarations::of(install);
                let app = App::build(config, &declarations).await.expect("it starts");
                let addresses = (app.address(), app.grpc_address(), app.metrics_address());
                tell.send((addresses, app.greeting())).expect("the test receives the address");
                app.run_until_stopped(stopped).await.expect("it stops well");
            });
        });
        let ((address, grpc, metrics), greeting) = told.recv().expect("it listens");
        let (stop, thread) = (Some(stop), Some(thread));
        Self { address, grpc, metrics, greeting, stop, thread, data: None }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || std::thread::panicking(), "the application panicked");
        }
    }
}

/// Declares the businesses that madang ships to a server.
pub fn shipped(catalogue: &mut Installation) {
    Declarations::of(madang::shipped).install(catalogue);
}
