//! *madang* is the runtime that all the rooms of a house open onto. Here the runtime is a
//! durable journal: every business, saga, view and outside service opens onto it, and nothing
//! passes between them but through it.
//!
//! # A guided tour
//!
//! Begin with [`domain::taxi`], a whole business: what the company does, and nothing about how a
//! computer does it. It is written in the language of [`domain::kernel`]: aggregates that decide
//! and evolve, sagas that react, ports to the outside, views. Then follow an order inwards:
//!
//! ```text
//!  http     names and JSON: routes, representations, problems, limits
//!   ▼
//!  actors   what is alive: one actor per aggregate, sagas, ports, projectors; who crashes, heals
//!   ▼
//!  store    what is remembered: the journal on sled, the read models in SQLite
//!   ▼
//!  domain   what the companies do; pure, and known by nobody above but through its kernel
//! ```
//!
//! - [`http`] turns a request into a [`actors::Request`], and a [`actors::Reply`] or
//!   [`actors::RequestError`] into an answer.
//! - [`actors::Runtime`] is all that [`http`] knows of the inside.
//! - [`store::journal::Journal`] gives every record its position at once, and makes it durable with
//!   whatever else waits; only then does anything leave the process.
//! - [`origin_policy`] refuses what foreign web pages make a browser send.
//! - [`app::App`] wires it all; [`serve`] is the whole binary, and [`model`] draws what is declared. [`config::Config`] says what can be
//!   set, [`verify`] reads everything that is remembered and tells whether it is sound.
//!
//! Each layer looks inwards only, and a test says so. Decisions with a price are in `docs/adr`.
//!
//! # A business of your own
//!
//! A binary with businesses of one's own is one call. It has the whole command line: it serves,
//! verifies what is remembered, and draws the boards, for all businesses alike.
//!
//! ```no_run
//! mod library {
//! #   use madang::domain::kernel::{Business, Host, Nothing};
//! #   pub struct Library;
//! #   impl Business for Library {
//! #       const NAME: &'static str = "library";
//! #       type Settings = Nothing;
//! #       fn install(_host: &mut impl Host) {}
//! #   }
//!     // pub struct Library; impl Business for Library { .. }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     madang::serve(|host| {
//!         madang::shipped(host);
//!         host.business::<library::Library>();
//!     })
//! }
//! ```
//!
//! The example `seventh` is such a binary, with a whole business in one folder.
//!
//! # Embedding it
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
//!         let app = App::build(config, |host| businesses.install(host)).await?;
//!         println!("{}", app.greeting());
//!         app.run_until_stopped(async { /* until whatever you wait for */ }).await?;
//!         Ok(())
//!     })
//! }
//! ```

#![forbid(unsafe_code)]

pub mod actors;
pub mod app;
mod binary;
pub mod cli;
pub mod config;
pub mod declarations;
pub mod domain;
pub mod http;
pub mod model;
mod open_files;
pub mod origin_policy;
mod panic_log;
mod sandbox;
mod stopping;
pub mod store;
mod systemd;
pub mod verify;

pub use binary::serve;
pub use declarations::shipped;
