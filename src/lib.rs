//! *madang* is a runtime for event-driven businesses. Its centre is a durable journal: businesses,
//! sagas, views and outside services communicate only through it. The Korean word *madang* means
//! the yard onto which all rooms of a house open.
//!
//! # Overview
//!
//! Begin with [`domain::taxi`], a whole business without any technical code. It uses the types of
//! [`domain::kernel`]: aggregates that decide and evolve, sagas that react, ports to outside
//! services, views. A request passes the layers in this order:
//!
//! ```text
//!  http     names and JSON: routes, representations, problems, limits; `grpc` is beside it
//!   ▼
//!  actors   the runtime: an actor for each aggregate, sagas, ports, projectors, supervision
//!   ▼
//!  store    the journal on sled, and the read models in SQLite
//!   ▼
//!  domain   the businesses; pure: the other layers use only their kernel
//! ```
//!
//! - [`http`] turns an HTTP request into an [`actors::Request`], and an [`actors::Reply`] or
//!   [`actors::RequestError`] into an HTTP response.
//! - [`actors::Runtime`] is the only interface that [`http`] uses.
//! - [`store::journal::Journal`] assigns a position to every record at once. It makes records
//!   durable in batches. Replies and calls to outside services leave the process after that.
//! - [`identity`] verifies bearer tokens, and issues them for those who have no authorization server.
//! - [`origin_policy`] refuses requests that web pages of other origins make a browser send.
//! - [`app::App`] starts all parts; [`serve`] is the main function of a binary. [`model`] draws the
//!   declarations, [`config::Config`] holds the settings, and [`verify`] checks all stored data.
//!
//! Each layer depends on inner layers only; a test checks this. Decisions and their costs are in
//! `docs/adr`.
//!
//! # A business of your own
//!
//! One call makes a binary with further businesses. The binary has the whole command line: it
//! serves, verifies the stored data and draws the boards, for all businesses.
//!
//! ```no_run
//! mod library {
//! #   use madang::domain::kernel::{Business, Empty, Host};
//! #   pub struct Library;
//! #   impl Business for Library {
//! #       const NAME: &'static str = "library";
//! #       type Settings = Empty;
//! #       fn install(_host: &mut impl Host) {}
//! #   }
//!     // pub struct Library; impl Business for Library { .. }
//! }
//!
//! madang::main!(|host| {
//!     madang::shipped(host);
//!     host.business::<library::Library>();
//! });
//! ```
//!
//! The example `seventh` is such a binary, with a business in one folder. `madang new NAME` writes
//! a crate with a business that takes a payment; it is the example `bakery`. `docs/business.md`
//! changes it step by step. The example `eighth` declares only what it sells.
//!
//! # Embedding
//!
//! ```
//! use madang::{app::App, config::{Config, Flags}, declarations::Declarations, shipped};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #   let folder = tempfile::tempdir()?;
//! #   let data = folder.path().join("data");
//!     let listen = Some("127.0.0.1:0".parse()?);
//!     let flags = Flags { data: Some(data), listen, ..Flags::default() };
//!     let config = Config::read(flags)?;
//!     actix::System::new().block_on(async {
//!         let businesses = Declarations::of(shipped);
//!         let app = App::build(config, &businesses).await?;
//!         println!("{}", app.greeting());
//!         app.run_until_stopped(async { /* the condition to stop */ }).await?;
//!         Ok(())
//!     })
//! }
//! ```

#![forbid(unsafe_code)]

pub mod actors;
pub mod app;
mod backup;
mod binary;
pub mod cli;
mod compact;
pub mod config;
mod console;
pub mod contract;
mod counted;
pub mod declarations;
pub mod domain;
mod erasure;
mod files;
pub mod grpc;
pub mod http;
pub mod identity;
mod inbound;
mod logging;
pub mod metrics;
pub mod model;
mod new;
mod open_files;
pub mod origin_policy;
mod panic_log;
mod probe;
mod random;
mod reload;
mod remote;
mod sandbox;
mod serving;
mod settings_command;
mod shell_files;
mod stopping;
pub mod store;
mod sync;
mod systemd;
mod takeover;
pub mod tls;
mod token;
mod top;
pub mod traces;
pub mod upgrade;
pub mod verify;

pub use binary::{ALLOCATOR, Allocator, Program, serve};
pub use declarations::shipped;
