//! `madang erase`: erases a person, in the data of a stopped server or through a running one.

use crate::{
    actors::{ErasurePlan, Installation, Numbers, Person, Persons, Settings},
    console::say,
    counted::counted,
    declarations::Declarations,
    remote::{Server, ServerOptions},
    store::journal::is_in_use,
};
use clap::Args;
use serde_json::json;
use std::{error::Error, path::PathBuf, time::Duration};

/// The most numbers of a business that are listed.
const LISTED: usize = 20;

/// The longest time that a server may take. It restarts the aggregates of a business.
const ERASED_WITHIN: Duration = Duration::from_secs(120);

/// The options of `erase`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// The server that has it open.
    #[command(flatten)]
    pub server: ServerOptions,
    /// Who is erased.
    #[command(flatten)]
    pub who: Who,
    /// Erase; without it, the command only says what it would do
    #[arg(long)]
    pub yes: bool,
}

/// The options that name the person.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Who {
    /// Erase everything that belongs to the customer with this subject
    #[arg(long, value_name = "SUBJECT")]
    pub customer: Option<String>,
    /// Erase the person of one number, such as `taxi/17`: an order, its payment and its messages
    #[arg(long, value_name = "BUSINESS/NUMBER")]
    pub number: Option<String>,
    /// Give up the keys that are lost, of a stopped server: what they encrypt is shown as erased
    #[arg(long)]
    pub lost_keys: bool,
}

impl Who {
    fn person(&self) -> Result<Person, String> {
        match (&self.customer, &self.number) {
            (Some(customer), _) => Person::customer(customer.clone()),
            (None, Some(number)) => number.parse(),
            (None, None) => Err("no person is named".to_owned()),
        }
    }
}

/// Where the person is erased.
enum Place {
    /// The data of a stopped server.
    Folder(Persons),
    /// A running server.
    Server(Server),
}

impl Place {
    fn of(options: &Options, declarations: &Declarations) -> Result<Self, Box<dyn Error>> {
        let journal = options.data.join("journal");
        if options.server.url.is_some() || is_in_use(&journal) {
            return Ok(Self::Server(Server::of(
                &options.server,
                Some(&options.data),
                ERASED_WITHIN,
            )?));
        }
        if !journal.is_dir() {
            return Err(no_journal(options).into());
        }
        let settings = Settings { data: options.data.clone(), ..Settings::default() };
        let install = |installation: &mut Installation| declarations.install(installation);
        Ok(Self::Folder(Installation::persons(settings, install)?))
    }

    /// The plan of the erasure; it is carried out when that is confirmed.
    fn plan(&self, who: &Who, is_confirmed: bool) -> Result<ErasurePlan, Box<dyn Error>> {
        match self {
            Self::Folder(persons) => {
                let plan = persons.plan(&who.person()?)?;
                if is_confirmed && !plan.numbers.is_empty() {
                    persons.carry_out(&plan)?;
                }
                Ok(plan)
            }
            Self::Server(server) => {
                let mut body = json!({ "dryRun": !is_confirmed });
                if let Some(customer) = &who.customer {
                    body["customer"] = customer.as_str().into();
                }
                if let Some(number) = &who.number {
                    body["number"] = number.as_str().into();
                }
                let answer = server.post("/admin/erasures", &body);
                let answer =
                    answer.map_err(|reason| format!("the server at {}: {reason}", server.url()))?;
                Ok(serde_json::from_slice(&answer)?)
            }
        }
    }

    fn close(&self) {
        if let Self::Folder(persons) = self {
            persons.close();
        }
    }
}

/// Erases a person when that is confirmed, and prints what it does. Returns true when nothing of
/// the person is left.
///
/// # Errors
/// When the data cannot be read, the server does not answer, or a key cannot be destroyed.
pub fn run(options: &Options, declarations: &Declarations) -> Result<bool, Box<dyn Error>> {
    if options.who.lost_keys {
        return give_up_lost_keys(options);
    }
    let place = Place::of(options, declarations)?;
    let planned = place.plan(&options.who, options.yes);
    place.close();
    let plan = planned?;
    print(&plan, options.yes);
    let is_left = !plan.shared.is_empty() || plan.records_in_clear > 0;
    Ok(!is_left && (options.yes || plan.numbers.is_empty()))
}

/// Gives up the lost keys when that is confirmed.
fn give_up_lost_keys(options: &Options) -> Result<bool, Box<dyn Error>> {
    if !options.data.join("journal").is_dir() {
        return Err(no_journal(options).into());
    }
    if !options.yes {
        say!(
            "to be given up: the keys that are missing in `persons`; nothing is changed: with \
             `--yes` it cannot be undone"
        );
        return Ok(false);
    }
    let settings = Settings { data: options.data.clone(), ..Settings::default() };
    Installation::give_up_lost_keys(&settings)?;
    say!("given up: texts whose key is missing are shown as erased");
    Ok(true)
}

fn no_journal(options: &Options) -> String {
    format!("{}: there is no journal here", options.data.display())
}

fn print(plan: &ErasurePlan, is_confirmed: bool) {
    let ErasurePlan { numbers, erased_before, shared, records_in_clear } = plan;
    list(if is_confirmed { "erased" } else { "to be erased" }, numbers);
    list("erased before", erased_before);
    list("left alone, because another customer has something under them as well", shared);
    if *records_in_clear > 0 {
        say!(
            "older than the encryption of personal texts: {}, shown as erased, whose bytes stay in \
             the journal and in backups",
            counted(*records_in_clear, "record")
        );
    }
    match (numbers.is_empty(), is_confirmed) {
        (true, _) => say!("there is nothing to erase"),
        (false, true) => {
            say!("the views with personal texts are made again");
            say!("destroy the copies of the folder `persons` that were made before, too");
        }
        (false, false) => say!("nothing is changed: `erase --yes` cannot be undone"),
    }
}

fn list(what: &str, numbers: &Numbers) {
    for (business, numbers) in numbers {
        let some: Vec<String> = numbers.iter().take(LISTED).map(u64::to_string).collect();
        let more = if numbers.len() > LISTED { ", ..." } else { "" };
        let count = counted(numbers.len(), "number");
        say!("{what}: {count} of {business}: {}{more}", some.join(", "));
    }
}
