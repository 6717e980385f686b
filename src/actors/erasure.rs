//! The erasure of a person: finds the numbers that belong to the person, and destroys their keys.
//!
//! ```text
//! customer ──▶ numbers of its orders, payments, … ──▶ a mark: the views are to be removed
//!                                                 ──▶ keys destroyed: the person is erased
//!                                                 ──▶ views removed, then the mark
//! ```
//! Rows of views show personal texts in clear, so the views that have any are removed and made again
//! from the records. When the process ends in between, the next start finds the mark.

use super::{api::RequestError, view::view_path};
use crate::{
    files,
    store::{
        KindId, Stream,
        evolution::{Upcasting, keys_of},
        journal::Journal,
        persons::{BusinessKeys, FOLDER, Key, KeyFolder},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fmt::Display,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

/// The records of one stream that are read at once.
const RECORDS_AT_ONCE: u32 = 256;

/// The file that is there while views have to be removed.
const MARK: &str = "views-to-remove";

/// A person to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// A customer: everything that belongs to this subject.
    Customer(String),
    /// The person whose order, or other aggregate, has this number in a business.
    Number {
        /// The business.
        business: String,
        /// The number.
        number: u64,
    },
}

impl Person {
    /// The customer with this subject.
    ///
    /// # Errors
    /// When the subject is empty.
    pub fn customer(subject: String) -> Result<Self, String> {
        if subject.is_empty() {
            return Err("the subject of a customer is not empty".to_owned());
        }
        Ok(Self::Customer(subject))
    }
}

impl FromStr for Person {
    type Err = String;

    /// Reads a number such as `taxi/17`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let read = parts.and_then(|(business, number)| Some((business, number.parse().ok()?)));
        let (business, number) =
            read.ok_or_else(|| format!("`{text}` is no number such as taxi/17"))?;
        Ok(Self::Number { business: business.to_owned(), number })
    }
}

/// Numbers by business.
pub type Numbers = BTreeMap<String, BTreeSet<u64>>;

/// What an erasure destroys, and what it cannot erase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasurePlan {
    /// The numbers whose keys are destroyed.
    pub numbers: Numbers,
    /// The numbers whose keys were destroyed before.
    pub erased_before: Numbers,
    /// The numbers that are left alone, because another customer has something under them as well.
    pub shared: Numbers,
    /// Records that were written before personal texts were encrypted. They are shown as erased, and
    /// their bytes stay.
    pub records_in_clear: u64,
}

/// The persons of an opened store.
pub struct Persons {
    /// The journal as it is stored.
    journal: Arc<dyn Journal>,
    upcasting: Arc<Upcasting>,
    data: PathBuf,
    /// The views whose rows can have personal texts.
    views: Vec<&'static str>,
}

impl Persons {
    /// The persons of the store in this data folder.
    pub(super) fn of(
        data: &Path,
        (journal, upcasting): (Arc<dyn Journal>, Arc<Upcasting>),
        views: Vec<&'static str>,
    ) -> Self {
        Self { journal, upcasting, data: data.to_owned(), views }
    }

    /// Closes the store.
    pub fn close(&self) {
        self.journal.close();
    }

    /// Returns what an erasure of the person will do. Blocking.
    ///
    /// # Errors
    /// When the business is unknown, or the store cannot be read.
    pub fn plan(&self, person: &Person) -> Result<ErasurePlan, RequestError> {
        let mut found = Numbers::new();
        let mut customer = None;
        match person {
            Person::Customer(subject) => {
                customer = Some(subject.as_str());
                // An aggregate without personal texts can be that of a saga or a payment with some.
                for (kind, name) in self.journal.kinds() {
                    let business = name.split('/').next().unwrap_or_default();
                    if self.keys_of(business).is_err() {
                        continue;
                    }
                    let owned =
                        self.journal.owned(kind, subject).map_err(|error| failed(&error))?;
                    if !owned.is_empty() {
                        found.entry(business.to_owned()).or_default().extend(owned);
                    }
                }
            }
            Person::Number { business, number } => {
                self.keys_of(business)?;
                if !self.streams(business, *number)?.is_empty() {
                    found.entry(business.clone()).or_default().insert(*number);
                }
            }
        }
        let mut plan = ErasurePlan::default();
        for (business, numbers) in found {
            for number in numbers {
                self.add((&business, number), customer, &mut plan)?;
            }
        }
        Ok(plan)
    }

    /// Destroys the keys of a plan, and removes the views that show what they encrypt. Blocking.
    ///
    /// # Errors
    /// When a key cannot be destroyed, or a view not be removed. The erasure is not complete then,
    /// and has to be begun again.
    pub fn carry_out(&self, plan: &ErasurePlan) -> Result<(), RequestError> {
        self.destroy_keys(plan)?;
        self.remove_views().map_err(|error| failed(&error))
    }

    /// Destroys the keys of a plan. From now on, what is read from the store shows the person as
    /// erased, and nothing of it is written any more. Blocking.
    ///
    /// # Errors
    /// When a key cannot be destroyed.
    pub fn destroy_keys(&self, plan: &ErasurePlan) -> Result<(), RequestError> {
        let folder = self.data.join(FOLDER);
        let marked =
            files::private_folder(&folder).and_then(|()| files::create_private(&self.mark(), &[]));
        marked.map_err(|error| failed(&error))?;
        for (business, numbers) in &plan.numbers {
            let keys = self.keys_of(business)?;
            for number in numbers {
                keys.destroy(*number).map_err(|error| failed(&error))?;
            }
        }
        Ok(())
    }

    /// Removes the views with personal texts, with what is kept of damaged ones. A server makes
    /// them again. Blocking.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove_views(&self) -> io::Result<()> {
        for view in &self.views {
            let path = view_path(&self.data, view);
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { continue };
            let Some(entries) = files::unless_missing(fs::read_dir(folder))? else { continue };
            for entry in entries {
                let file = entry?.path();
                let beside = file.file_name().map(OsStr::as_encoded_bytes);
                if beside.is_some_and(|beside| beside.starts_with(name.as_encoded_bytes())) {
                    files::remove(&file)?;
                }
            }
            File::open(folder)?.sync_all()?;
        }
        files::remove(&self.mark())
    }

    /// Finishes an erasure that was interrupted. It is called before a view is opened.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(super) fn finish(&self) -> io::Result<()> {
        if !self.mark().exists() {
            return Ok(());
        }
        tracing::info!("an erasure was interrupted; the views with personal texts are made again");
        self.remove_views()
    }

    /// The streams of a plan's numbers whose kinds can have personal texts, with their businesses.
    pub(super) fn streams_of(&self, plan: &ErasurePlan) -> Vec<Stream> {
        let kinds = self.upcasting.personal_kinds();
        let streams = kinds.flat_map(|(kind, keys)| {
            let numbers = plan.numbers.get(keys.business()).into_iter().flatten();
            numbers.map(move |number| Stream { kind, number: *number })
        });
        streams.collect()
    }

    fn mark(&self) -> PathBuf {
        self.data.join(FOLDER).join(MARK)
    }

    /// Adds a number to the plan.
    fn add(
        &self,
        (business, number): (&str, u64),
        customer: Option<&str>,
        plan: &mut ErasurePlan,
    ) -> Result<(), RequestError> {
        let key = self.keys_of(business)?.get(number).map_err(|error| failed(&error))?;
        let (mut in_clear, mut is_shared) = (0, false);
        for stream in self.streams(business, number)? {
            let mut after = 0;
            loop {
                let records = self.journal.some_records(stream, after, RECORDS_AT_ONCE);
                let records = records.map_err(|error| failed(&error))?;
                let Some(last) = records.last() else { break };
                after = last.version;
                for record in &records {
                    let is_of_other =
                        |owner: &str| customer.is_some_and(|customer| customer != owner);
                    is_shared |= record.owner().is_some_and(is_of_other);
                    // A record of an earlier shape was written before texts were encrypted.
                    in_clear += u64::from(self.upcasting.is_in_clear(record).unwrap_or(true));
                }
            }
        }
        let numbers = match key {
            _ if is_shared => &mut plan.shared,
            Key::Destroyed if !self.mark().exists() => &mut plan.erased_before,
            // An erasure that failed halfway is carried out again.
            Key::Whole(_) | Key::Destroyed | Key::None => &mut plan.numbers,
        };
        numbers.entry(business.to_owned()).or_default().insert(number);
        if !is_shared {
            plan.records_in_clear += in_clear;
        }
        Ok(())
    }

    /// The streams of this number whose kinds can have personal texts.
    fn streams(&self, business: &str, number: u64) -> Result<Vec<Stream>, RequestError> {
        let mut streams = Vec::new();
        for kind in self.kinds(business) {
            let stream = Stream { kind, number };
            if self.journal.last_version(stream).map_err(|error| failed(&error))? > 0 {
                streams.push(stream);
            }
        }
        Ok(streams)
    }

    fn kinds(&self, business: &str) -> impl Iterator<Item = KindId> {
        let kinds = self.upcasting.personal_kinds();
        kinds.filter(move |(_, keys)| keys.business() == business).map(|(kind, _)| kind)
    }

    fn keys_of(&self, business: &str) -> Result<&BusinessKeys, RequestError> {
        let mut kinds = self.upcasting.personal_kinds();
        let found = kinds.find(|(_, keys)| keys.business() == business);
        found.map(|(_, keys)| keys).ok_or_else(|| {
            RequestError::BadQuery(format!(
                "`{business}`: no business of this name has personal texts"
            ))
        })
    }
}

/// Gives up the lost keys of the store in this data folder. What they encrypt is shown as erased, so
/// the views are made again.
///
/// # Errors
/// When the store has no keys, or the disk fails.
pub fn give_up_lost_keys(journal: &dyn Journal, data: &Path) -> Result<(), String> {
    let id = keys_of(journal).map_err(|error| error.to_string())?;
    let id = id.ok_or("nothing is encrypted in this store")?;
    let folder = data.join(FOLDER);
    let given_up = KeyFolder::give_up_lost(&folder, id)
        .and_then(|()| files::create_private(&folder.join(MARK), &[]));
    given_up.map(drop).map_err(|error| error.to_string())
}

fn failed(error: &dyn Display) -> RequestError {
    RequestError::Failed(error.to_string())
}
