//! The copy of the keys of personal texts: what is wrong with it is found before it is needed.

use crate::{
    support::{client, process::Server},
    tools::{back_up_files, done, keys_beside, order, refused, shown, stopped},
};
use std::{fs, path::Path};

/// The data of a server with one order, and its backup.
async fn backed_up(data: &Path, backup: &Path) {
    let server = Server::start(data, None);
    order(&client(), &server.url(""), "one").await;
    stopped(server, data);
    back_up_files(data, backup);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_keys_that_is_damaged_or_of_another_store_is_found_and_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (backup, new) = (path("backup"), path("new"));
    backed_up(&path("data"), &backup).await;
    backed_up(&path("other data"), &path("other")).await;
    let check = |keys: &Path| {
        let said = refused(&["backup", "--check", shown(&backup), "--keys", shown(keys)]);
        let restore = ["restore", shown(&backup), "--keys", shown(keys), "--data", shown(&new)];
        let refusal = refused(&restore);
        assert!(refusal.contains("nothing is restored"), "{refusal}");
        assert!(!new.exists());
        (said, refusal)
    };
    let keys = keys_beside(&backup);
    done(&["backup", "--check", shown(&backup), "--keys", shown(&keys)]);

    let file = keys.join("taxi-0.keys");
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[32] ^= 0x10;
    fs::write(&file, flipped).unwrap();
    let (said, refusal) = check(&keys);
    for said in [said, refusal] {
        assert!(said.contains("the key of taxi/1 is damaged"), "{said}");
    }
    fs::remove_file(&file).unwrap();
    assert!(check(&keys).0.contains("taxi-0.keys: the file is missing"));
    fs::write(&file, whole).unwrap();

    let (said, refusal) = check(&keys_beside(&path("other")));
    for said in [said, refusal] {
        assert!(said.contains("it has the keys of"), "{said}");
    }
    assert!(check(&path("nothing")).0.contains("there are no keys of personal texts here"));
    done(&["restore", shown(&backup), "--keys", shown(&keys), "--data", shown(&new)]);
}
