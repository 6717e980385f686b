//! The check of a folder of keys, such as a copy beside backups: every key is read.

use super::{
    copying::each_part,
    folder::{EXTENSION, KeyFolder, KeysId},
    keys::{PLACE_BITS, SLOT_BYTES, is_sound},
};
use crate::files;
use std::{
    fs::File,
    io::{self, ErrorKind},
    path::Path,
};

/// Reads every key in this folder. Returns whose they are, and every flaw as a sentence; `None` when
/// there are no keys. A file that is shorter than it was is no flaw here: its keys are missing where
/// they are needed.
///
/// # Errors
/// When the disk fails.
pub fn check_keys(path: &Path) -> io::Result<Option<(Option<KeysId>, Vec<String>)>> {
    let folder = match KeyFolder::read(path) {
        Ok(Some(folder)) => folder,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            let flaw = format!("{}: its file `contents` is damaged", path.display());
            return Ok(Some((None, vec![flaw])));
        }
        Err(error) => return Err(error),
    };
    let mut flaws = Vec::new();
    for name in folder.files() {
        let file = path.join(&name);
        let shown = file.display();
        let Some(opened) = files::unless_missing(File::open(&file))? else {
            flaws.push(format!("{shown}: the file is missing"));
            continue;
        };
        match range(&name) {
            Some((business, first)) => {
                let damaged = damaged_in(&opened, first)?;
                let flaw = |number| format!("{shown}: the key of {business}/{number} is damaged");
                flaws.extend(damaged.into_iter().map(flaw));
            }
            None => flaws.push(format!("{shown}: this is not the name of a file of keys")),
        }
    }
    Ok(Some((Some(folder.id()), flaws)))
}

/// The business of a file of keys, and the first number whose key is in it.
fn range(name: &str) -> Option<(&str, u64)> {
    let (business, high) = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.rsplit_once('-')?;
    let high = u64::from_str_radix(high, 16).ok().filter(|high| *high <= u64::MAX >> PLACE_BITS)?;
    Some((business, high << PLACE_BITS))
}

/// The numbers whose slots in this file are damaged.
fn damaged_in(file: &File, first: u64) -> io::Result<Vec<u64>> {
    let mut damaged = Vec::new();
    each_part(file, &mut |start, bytes| {
        let numbers = first + start / SLOT_BYTES as u64..;
        let slots = bytes.chunks(SLOT_BYTES).zip(numbers);
        damaged.extend(slots.filter(|(slot, number)| !is_sound(slot, *number)).map(|it| it.1));
        Ok(())
    })?;
    Ok(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::persons::BusinessKeys;
    use std::{fs, os::unix::fs::FileExt as _, sync::Arc};

    const FAR: u64 = (1 << 32) + (1 << 31);

    fn flip(file: &Path, place: u64) {
        let mut bit = [0];
        let file = fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
        file.read_exact_at(&mut bit, place).unwrap();
        file.write_all_at(&[bit[0] ^ 1], place).unwrap();
    }

    #[test]
    fn a_flipped_bit_of_any_key_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(check_keys(path).unwrap().is_none());
        let keys = Arc::new(KeyFolder::begin(path).unwrap());
        let id = keys.id();
        let keys = BusinessKeys::of(keys, "taxi".to_owned());
        for number in [0, 7, FAR] {
            keys.get_or_make(number).unwrap();
        }
        keys.destroy(7).unwrap();
        assert_eq!(check_keys(path).unwrap(), Some((Some(id), Vec::new())));
        for (file, place, number) in [
            ("taxi-0.keys", 0, 0),
            ("taxi-0.keys", 31, 0),
            ("taxi-0.keys", 7 * 32 + 5, 7),
            ("taxi-1.keys", (FAR & 0xffff_ffff) * 32 + 3, FAR),
        ] {
            let file = path.join(file);
            flip(&file, place);
            let flaw = format!("{}: the key of taxi/{number} is damaged", file.display());
            assert_eq!(check_keys(path).unwrap(), Some((Some(id), vec![flaw])));
            flip(&file, place);
        }
        fs::remove_file(path.join("taxi-1.keys")).unwrap();
        let (_, flaws) = check_keys(path).unwrap().unwrap();
        assert!(flaws.len() == 1 && flaws[0].ends_with("taxi-1.keys: the file is missing"));
        flip(&path.join("contents"), 0);
        let (found, flaws) = check_keys(path).unwrap().unwrap();
        assert!(found.is_none() && flaws[0].ends_with("its file `contents` is damaged"));
    }
}
