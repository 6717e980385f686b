//! The store that is damaged, and the kinds of damage.

use super::{
    acknowledged::{Acknowledged, LISTED, list, path_of, send, settled},
    support::{client, dice::Dice, process::Server},
};
use reqwest::StatusCode;
use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

/// Orders before the first restart, before the second, and after it. Then most of the log is
/// covered by the snapshot that sled writes at a start, and some is not.
const EARLY: usize = 160;
const LATE: usize = 400;
const LAST: usize = 160;

const CLIENTS: usize = 16;

const PAGE_BYTES: u64 = 4_096;

/// The folders that are copied and damaged.
pub struct Base {
    /// The data after the kill of the server, when no effect was pending.
    pub late: PathBuf,
    /// The data after an earlier clean stop.
    pub early: PathBuf,
    pub acknowledged: Acknowledged,
    /// All files, by relative path, with their sizes in bytes.
    files: Vec<(PathBuf, u64)>,
}

/// One kind of damage. Paths are relative to the data folder.
#[derive(Clone, Debug)]
pub enum Mutation {
    Nothing,
    Cut(PathBuf, u64),
    Flip(PathBuf, u64, u8),
    ZeroPage(PathBuf, u64),
    SwapPages(PathBuf, u64, u64),
    Delete(PathBuf),
    DeleteTwo(PathBuf, PathBuf),
    Stale(PathBuf),
}

impl Base {
    /// Builds the data: a server serves several businesses, stops, serves again, and is killed.
    pub async fn build(folder: &Path) -> Self {
        let (data, early, late) = (folder.join("data"), folder.join("early"), folder.join("late"));
        // A timer that ships an order would change the data while it is compared.
        let config = folder.join("madang.toml");
        fs::write(&config, "[phone]\nauto_ship = false\n").unwrap();
        let start = || Server::start(&data, Some(&config));
        let mut acknowledged = Acknowledged::default();
        let server = start();
        serve(&server, 0..EARLY, &mut acknowledged).await;
        assert!(server.terminate().success());
        copy(&data, &early);
        let server = start();
        serve(&server, EARLY..EARLY + LATE, &mut acknowledged).await;
        server.kill();
        let server = start();
        serve(&server, EARLY + LATE..EARLY + LATE + LAST, &mut acknowledged).await;
        for name in LISTED {
            let rows = list(&client(), &server.url(""), name).await.unwrap();
            acknowledged.listed.insert(name, rows);
        }
        server.kill();
        copy(&data, &late);
        let mut files = files(&late);
        files.sort();
        Self { late, early, acknowledged, files }
    }

    pub fn describe(&self) -> String {
        let files = self.files.iter().map(|(path, bytes)| format!("{} {bytes}", path.display()));
        let files: Vec<String> = files.collect();
        let rows: usize =
            self.acknowledged.listed.values().map(std::collections::BTreeMap::len).sum();
        format!("{} answers, {rows} rows; {}", self.acknowledged.answers.len(), files.join(", "))
    }

    /// The mutation of this number. Files of the journal are hit more often than views.
    pub fn draw(&self, nth: u64, dice: &mut Dice) -> Mutation {
        let (path, bytes) = self.draw_file(dice);
        let page = |dice: &mut Dice| dice.roll(bytes.div_ceil(PAGE_BYTES).max(1));
        match nth % 12 {
            0 => Mutation::Cut(path, [1, PAGE_BYTES, bytes / 2, bytes / 3][size(dice.roll(4))]),
            1..=5 => Mutation::Flip(path, dice.roll(bytes.max(1)), 1 << dice.roll(8)),
            6 | 7 => Mutation::ZeroPage(path, page(dice)),
            8 => Mutation::SwapPages(path, page(dice), page(dice)),
            9 => Mutation::Delete(match dice.roll(6) {
                0 => PathBuf::from("journal"),
                1 => PathBuf::from("views"),
                2 => PathBuf::from("journal/db"),
                _ => path,
            }),
            10 => Mutation::DeleteTwo(self.draw_file(dice).0, path),
            _ if page(dice) % 3 == 0 => Mutation::Stale(PathBuf::from("journal/db")),
            _ => Mutation::Stale(path),
        }
    }

    /// A random file; half of the time one of the logs, which hold most of the data.
    fn draw_file(&self, dice: &mut Dice) -> (PathBuf, u64) {
        let log = match dice.roll(4) {
            0 => "journal/wal.0",
            1 => "journal/wal.1",
            _ => "journal/db",
        };
        let of_log = self.files.iter().find(|(path, _)| *path == Path::new(log));
        match of_log {
            Some(of_log) if dice.roll(2) == 0 => of_log.clone(),
            _ => self.files[size(dice.roll(self.files.len() as u64))].clone(),
        }
    }
}

impl Mutation {
    /// Damages the copy in this folder.
    pub fn apply(&self, base: &Base, data: &Path) {
        let at = |path: &Path| data.join(path);
        match self {
            Self::Nothing => {}
            Self::Cut(path, bytes) => {
                let file = fs::OpenOptions::new().write(true).open(at(path)).unwrap();
                let length = file.metadata().unwrap().len();
                file.set_len(length.saturating_sub(*bytes)).unwrap();
            }
            Self::Flip(path, byte, mask) => {
                change(&at(path), |bytes| {
                    if let Some(byte) = bytes.get_mut(size(*byte)) {
                        *byte ^= mask;
                    }
                });
            }
            Self::ZeroPage(path, page) => {
                change(&at(path), |bytes| page_of(bytes, *page).fill(0));
            }
            Self::SwapPages(path, one, other) => change(&at(path), |bytes| {
                let [first, second] = [one, other].map(|page| page_of(bytes, *page).to_vec());
                if first.len() == second.len() {
                    page_of(bytes, *one).copy_from_slice(&second);
                    page_of(bytes, *other).copy_from_slice(&first);
                }
            }),
            Self::Delete(path) => delete(&at(path)),
            Self::DeleteTwo(one, other) => [one, other].iter().for_each(|path| delete(&at(path))),
            Self::Stale(path) => match fs::copy(base.early.join(path), at(path)) {
                Ok(_) => {}
                // The file did not exist then.
                Err(_) => delete(&at(path)),
            },
        }
    }
}
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn change(path: &Path, how: impl FnOnce(&mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    how(&mut bytes);
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
}

fn page_of(bytes: &mut [u8], page: u64) -> &mut [u8] {
    let begin = size(page * PAGE_BYTES).min(bytes.len());
    let end = size((page + 1) * PAGE_BYTES).min(bytes.len());
    &mut bytes[begin..end]
}

fn delete(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path().strip_prefix(folder).unwrap().to_owned();
                found.push((path, entry.metadata().unwrap().len()));
            }
        }
    }
    found
}

/// Copies the files of a folder, without the sockets of its server.
///
/// # Panics
/// When the folder cannot be read or written.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (to, kind) = (to.join(entry.file_name()), entry.file_type().unwrap());
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Places orders under the keys of these numbers concurrently, and waits for all of them.
async fn serve(server: &Server, numbers: std::ops::Range<usize>, into: &mut Acknowledged) {
    let numbers: Vec<usize> = numbers.collect();
    let each = numbers.len().div_ceil(CLIENTS);
    let clients = numbers.chunks(each).map(|numbers| {
        let (numbers, url) = (numbers.to_vec(), server.url(""));
        tokio::spawn(async move {
            let client = client();
            let mut answers = Vec::new();
            for nth in numbers {
                let (path, key) = (path_of(nth), format!("key-{nth}"));
                let answered = send(&client, &url, path, &key).await.unwrap();
                if answered.status == StatusCode::CREATED {
                    answers.push((key, (path, answered)));
                }
            }
            answers
        })
    });
    for answers in clients.collect::<Vec<_>>() {
        into.answers.extend(answers.await.unwrap());
    }
    settled(&client(), &server.url("")).await;
}
