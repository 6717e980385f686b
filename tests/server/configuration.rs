//! Invalid configurations are refused with an error that names the key, and nothing is created.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

/// A file, and the words that the error must contain beside the name of the file.
const WRONG: &[(&str, &[&str])] = &[
    ("[http", &["madang.toml"]),
    ("colour = 1", &["colour"]),
    ("listen = \"nowhere\"", &["listen"]),
    ("listen = \"127.0.0.1:99999\"", &["listen"]),
    ("listen = \"0.0.0.0:0\"", &["listen", "--insecure"]),
    ("insecure = \"perhaps\"", &["insecure"]),
    ("[http]\npatience = 7", &["patience"]),
    ("[http]\nwait_max_ms = 0", &["http.wait_max_ms", "from 1 to 30000"]),
    ("[http]\nwait_max_ms = -1", &["http.wait_max_ms"]),
    ("[http]\nwait_max_ms = 1.5", &["http.wait_max_ms"]),
    ("[http]\nwait_max_ms = 30001", &["http.wait_max_ms", "from 1 to 30000"]),
    ("[http]\nworkers = 1025", &["http.workers", "from 0 to 1024"]),
    ("[http]\nbody_bytes_max = 0", &["http.body_bytes_max", "from 1"]),
    ("[http]\nconnections_max = 0", &["http.connections_max", "from 1"]),
    ("[http]\nclient_burst = 9", &["http.client_burst", "client_rate_per_s"]),
    ("[http]\ntrusted_proxies = [\"proxy\"]", &["trusted_proxies"]),
    ("[http]\nhosts = \"madang\"", &["http.hosts"]),
    ("[http]\nhosts = [\"*\"]", &["http.hosts", "madang.example"]),
    ("[http]\nhosts = [\"user@madang\"]", &["http.hosts", "madang.example"]),
    ("[http]\norigins = [\"shop.example\"]", &["http.origins", "https://shop.example"]),
    ("[http]\norigins = [\"null\"]", &["http.origins", "https://shop.example"]),
    ("[journal]\ncache_bytes = 1", &["journal.cache_bytes", "from 1048576"]),
    ("[journal]\ncommit_records_max = 0", &["journal.commit_records_max", "from 1"]),
    ("[journal]\nqueue_records_max = \"many\"", &["journal.queue_records_max"]),
    ("[actors]\nshards = 1025", &["actors.shards", "from 0 to 1024"]),
    ("[actors]\ninstances_max = 0", &["actors.instances_max", "from 1"]),
    ("[actors]\ncrashes_max = 1001", &["actors.crashes_max", "from 1 to 1000"]),
    ("[actors]\nshard_blocked_ms = 249", &["actors.shard_blocked_ms", "from 250"]),
    ("[ports.\"taxi/payments\"]\nretries = 1", &["taxi/payments", "there is no such port"]),
    ("[ports.\"taxi/payment\"]\ncolour = 1", &["colour"]),
    ("[ports.\"taxi/payment\"]\ntransport = \"pigeon\"", &["ports", "transport"]),
    ("[ports.\"taxi/payment\"]\ntransport = \"http\"", &["ports.taxi/payment.url", "required"]),
    (
        "[ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"ftp://bank.example\"",
        &["ports.taxi/payment.url", "http://"],
    ),
    (
        "[ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"bank.example\"",
        &["ports.taxi/payment.url", "bank.example"],
    ),
    ("[ports.\"taxi/payment\"]\nurl = \"http://bank.example\"", &["ports.taxi/payment.url"]),
    (
        "[ports.\"taxi/payment\"]\nheaders.X-Key = \"k\"",
        &["ports.taxi/payment.headers", "transport"],
    ),
    (
        "[ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"http://bank.example\"\nheaders.X-Key = { env = \"NO_SUCH_TOKEN\" }",
        &["ports.taxi/payment.headers", "X-Key", "NO_SUCH_TOKEN is not set", "madang.toml"],
    ),
    (
        "[ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"http://bank.example\"\nheaders.X-Key = 7",
        &["ports.taxi/payment.headers.X-Key", "env =", "madang.toml"],
    ),
    ("[ports.\"taxi/payment\"]\ntimeout_ms = 0", &["ports.taxi/payment.timeout_ms", "from 1"]),
    (
        "[ports.\"taxi/payment\"]\nwithin_ms = 3000",
        &["ports.taxi/payment.within_ms", "less than http.wait_max_ms = 3000"],
    ),
    (
        "[http]\nwait_max_ms = 900\n[ports.\"taxi/payment\"]\nwithin_ms = 2000",
        &["ports.taxi/payment.within_ms", "less than http.wait_max_ms = 900"],
    ),
    (
        "[ports.\"taxi/payment\"]\nfailure_rate = 7.5",
        &["ports.taxi/payment.failure_rate", "0 to 1"],
    ),
    ("[ports.\"taxi/payment\"]\nhedge_after_ms = 1000", &["ports.taxi/payment.hedge_after_ms"]),
    ("[gates.\"taxi/payments\"]\nopen_ms = 1", &["taxi/payments", "there is no such gate"]),
    ("[gates.\"subscription/a\"]\nopen_ms = 1", &["subscription/a", "and subscriptions/NAME for"]),
    ("[gates.\"subscriptions/-a\"]\nopen_ms = 1", &["subscriptions/-a", "begins with a letter"]),
    ("[gates.\"subscriptions/a\"]\nopen_ms = 0", &["gates.\"subscriptions/a\"", "from 1 to "]),
    ("[gates.\"taxi/payment\"]\ncolour = 1", &["colour"]),
    ("[gates.\"taxi/payment\"]\nopen_ms = 0", &["gates.\"taxi/payment\"", "open_ms", "from 1 to "]),
    ("[gates.\"taxi/payment\"]\nfailure_rate = 7", &["gates.\"taxi/payment\"", "failure_rate"]),
    ("[gates.\"taxi/orders\"]\nwindow_s = 1\nwindow_calls = 1", &["taxi/orders", "window_s"]),
    ("[taxis]\nfare_basic = 1", &["taxis", "there is no such business"]),
    ("[taxi]\nfare_gold = 1", &["fare_gold"]),
    ("[taxi]\nfare_basic = \"cheap\"", &["taxi.fare_basic"]),
    ("[taxi]\nfare_basic = -1", &["taxi.fare_basic"]),
    ("taxi = 7", &["taxi"]),
    ("[insurance]\nopen_catalogue = 7", &["insurance.open_catalogue"]),
    ("[claims]\ncancel_within_ms = 3000", &["claims.cancel_within_ms", "http.wait_max_ms = 3000"]),
    ("[claims]\nexaminers = 101", &["claims.examiners"]),
    ("[phone]\ncancel_within_ms = 3000", &["phone.cancel_within_ms", "http.wait_max_ms = 3000"]),
    ("[phone]\nprices = { phone = -1 }", &["phone.prices"]),
    ("[rental]\nprice_per_car = {}", &["rental.price_per_car"]),
    ("[education]\ncourse_price = true", &["education.course_price"]),
];

/// Invalid variables; the error must contain the name or the key.
const WRONG_VARIABLES: &[(&str, &str, &str)] = &[
    ("MADANG_COLOUR", "red", "MADANG_COLOUR"),
    ("MADANG_FOO", "1", "and the section of each business; `madang config doc` prints every key"),
    ("MADANG_LISTEN", "nowhere", "MADANG_LISTEN"),
    ("MADANG_HTTP__WAIT_MAX", "7", "MADANG_HTTP__WAIT_MAX"),
    ("MADANG_HTTP__WAIT_MAX_MS", "soon", "MADANG_HTTP__WAIT_MAX_MS"),
    ("MADANG_HTTP__HOSTS", "[\"*\"]", "MADANG_HTTP__HOSTS"),
    ("MADANG_TAXI__FARE_BASIC", "cheap", "MADANG_TAXI__FARE_BASIC"),
    ("MADANG_TAXI__FARE_GOLD", "1", "MADANG_TAXI__FARE_GOLD"),
    (
        "MADANG_IDENTITY__SECRET_ENV",
        "NO_SUCH_SECRET",
        "identity.secret_env: the variable NO_SUCH_SECRET is not set",
    ),
    // The value of this variable is its name: 27 bytes.
    (
        "MADANG_IDENTITY__SECRET_ENV",
        "MADANG_IDENTITY__SECRET_ENV",
        "the variable MADANG_IDENTITY__SECRET_ENV must have at least 32 bytes",
    ),
];

/// The error of a program that does not start; the data folder must not exist then.
#[track_caller]
fn refusal(folder: &Path, arguments: &[&str], variable: Option<(&str, &str)>) -> String {
    let data = folder.join("below/data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    command.arg("serve").args(arguments).args(["--data", data.to_str().unwrap()]);
    command.envs(variable).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut served = String::new();
    // A program that starts reports it, and runs until it is killed.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut served).unwrap();
    if !served.is_empty() {
        child.kill().unwrap();
    }
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(served.is_empty() && !status.success(), "{arguments:?} {variable:?}: {served}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(!folder.join("below").exists(), "{arguments:?} {variable:?}: left behind; {said}");
    said
}

#[test]
fn an_invalid_configuration_is_refused_by_name_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madang.toml");
    let mut failures = Vec::new();
    for (text, named) in WRONG {
        // The system chooses the port, unless the address itself is invalid.
        let listen = if text.contains("listen") { "" } else { "listen = \"127.0.0.1:0\"\n" };
        fs::write(&file, format!("{listen}{text}")).unwrap();
        let said = refusal(folder.path(), &["--config", file.to_str().unwrap()], None);
        let named = named.iter().chain(&["madang.toml"]);
        let missing: Vec<_> = named.filter(|word| !said.contains(**word)).collect();
        if !missing.is_empty() {
            failures.push(format!("{text:?}: {missing:?} is missing: {said}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(WRONG.len() >= 50);
}

#[test]
fn an_invalid_variable_or_flag_is_refused_by_name_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, named) in WRONG_VARIABLES {
        let listen: &[&str] =
            if *name == "MADANG_LISTEN" { &[] } else { &["--listen", "127.0.0.1:0"] };
        let said = refusal(folder.path(), listen, Some((name, value)));
        assert!(said.contains(named), "{name}={value}: {said}");
    }
    let config = folder.path().to_str().unwrap();
    for (arguments, named) in [
        (&["--business", "bakery"][..], "bakery"),
        (&["--listen", "0.0.0.0:0"], "--insecure"),
        (&["--config", "nowhere.toml"], "there is no such file"),
        (&["--config", config], "is a folder"),
    ] {
        let said = refusal(folder.path(), arguments, None);
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
}

#[test]
fn a_check_of_settings_names_each_file_and_variable_that_a_server_could_not_use() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madang.toml");
    let none = folder.path().join("none");
    let none = none.display();
    for (text, named, line) in [
        (format!("[tls]\ncertificate = \"{none}\"\nkey = \"{none}\""), "tls.certificate: ", 2),
        (
            format!("[identity]\nissue = true\naccounts_file = \"{none}\""),
            "identity.accounts_file: ",
            3,
        ),
        (format!("[identity]\nsecret_file = \"{none}\""), "identity.secret_file: ", 2),
        (format!("[identity]\nsecret_env = \"{none}\""), "identity.secret_env: ", 2),
    ] {
        fs::write(&file, &text).unwrap();
        let mut check = Command::new(env!("CARGO_BIN_EXE_madang"));
        let output = check.args(["config", "check"]).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{text}: {said}");
        assert!(said.starts_with(named) && said.contains(&none.to_string()), "{text}: {said}");
        assert!(said.trim_end().ends_with(&format!("(in {}:{line})", file.display())), "{said}");
    }
}

#[test]
fn a_check_of_settings_names_the_errors_beside_a_missing_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madang.toml");
    let text = "colour = 1\n[taxi]\nfare_basik = 1\n[ports.\"taxi/payment\"]\ntransport = \"http\"";
    fs::write(&file, text).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_madang"));
    let output = check.args(["config", "check"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for named in ["there is no key `colour`; there are listen, ", "fare_basik", "payment.url"] {
        assert!(said.contains(named), "{named}: {said}");
    }
}

#[test]
fn a_start_at_a_taken_address_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(folder.path(), &["--listen", &address], None);
    assert!(said.contains(&address), "{said}");
}
