//! Two versions of a small lending library. The second one cannot read the events of the first.

macro_rules! library {
    ($version:ident { $($field:ident: $type:ty = $value:expr),* }) => {
        pub mod $version {
            use madang::domain::kernel::prelude::*;

            pub struct Library;

            impl Business for Library {
                const NAME: &'static str = "library";
                type Settings = Empty;

                fn install(host: &mut impl Host) {
                    host.aggregate::<Book>();
                }
            }

            #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            pub struct Book {
                title: Text,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[serde(rename_all = "kebab-case")]
            pub enum Command {
                Shelve { title: Text },
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub enum Event {
                Shelved { title: Text, $($field: $type),* },
            }

            rejections! {
                pub enum Rejection {
                    Unknown: unknown "there is no such book";
                }
            }

            impl Aggregate for Book {
                const NAME: &'static str = "library/books";
                aggregate_types!(Library);

                fn issuer(_: &Command) -> Issuer {
                    Issuer::Anyone
                }

                fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
                    let Command::Shelve { title } = command;
                    Ok(vec![Event::Shelved { title, $($field: $value),* }])
                }

                fn evolve(self, event: Event) -> Self {
                    let Event::Shelved { title, .. } = event;
                    Self { title }
                }

                fn command_routes() -> CommandRoutes<Self> {
                    CommandRoutes::by_name("shelve", &[])
                }
            }
        }
    };
}

library! { before {} }
library! { careless { pages: u32 = 1 } }
