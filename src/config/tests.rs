//! Tests of the configuration: accepted and refused settings.

use super::*;
use std::path::Path;

/// Invalid settings by section, with the error message of each. `..` stands for the usual upper
/// bound, `$` for the value.
const INVALID: &[(&str, &[(&str, &str)])] = &[
    (
        "http",
        &[
            ("wait_max_ms = 30001", "must be from 1 to 30000, not $"),
            ("wait_max_ms = 0", "must be from 1 to 30000, not $"),
            ("workers = 2000", "must be from 0 to 1024, not $"),
            ("body_bytes_max = 0", "must be from 1 to 67108864, not $"),
            ("body_timeout_ms = 0", "must be from 1 .. $"),
            ("head_timeout_ms = 0", "must be from 1 .. $"),
            ("keep_alive_s = 4294967296", "must be from 0 .. $"),
            ("connections_max = 0", "must be from 1 .. $"),
            ("backlog_connections_max = 0", "must be from 1 to 2147483647, not $"),
            ("client_burst = 9", "means nothing without client_rate_per_s"),
            ("clients_max = 0", "must be from 1 .. $"),
            ("stop_within_s = 4294967296", "must be from 0 .. $"),
            ("hosts = [\"*\"]", "must be a host such as \"madang.example\" or"),
            ("hosts = [\"http://madang\"]", "not \"http://madang\""),
            ("hosts = [\"madang:65536\"]", "must be a host such as"),
            ("origins = [\"*\"]", "must be an origin such as \"https://shop.example\", not \"*\""),
            ("origins = [\"null\"]", "must be an origin such as"),
            ("origins = [\"https://shop.example/\"]", "must be an origin such as"),
            ("cors_origins = [\"null\"]", "must be an origin such as"),
            ("cors_origins = [\"*\", \"https://shop.example\"]", "must be [\"*\"] alone, or"),
            ("cors_origins = [\"*\"]", "must list origins, because requests are not authenticated"),
        ],
    ),
    (
        "journal",
        &[
            ("cache_bytes = 255", "must be from 1048576 to 1125899906842624, not $"),
            ("commit_records_max = 0", "must be from 1 .. $"),
            ("queue_records_max = 0", "must be from 1 .. $"),
            ("feed_records_max = 0", "must be from 1 .. $"),
            ("reserve_bytes = 1125899906842625", "must be from 0 to 1125899906842624, not $"),
        ],
    ),
    (
        "actors",
        &[
            ("shards = 1025", "must be from 0 to 1024, not $"),
            ("instances_max = 0", "must be from 1 .. $"),
            ("idle_after_s = 4294967296", "must be from 0 .. $"),
            ("snapshot_every_events = 0", "must be from 1 .. $"),
            ("mailbox_messages_max = 0", "must be from 1 .. $"),
            ("instance_messages_max = 0", "must be from 1 .. $"),
            ("admit_within_ms = 4294967296", "must be from 0 .. $"),
            ("unanswered_max = 0", "must be from 1 .. $"),
            ("crashes_max = 0", "must be from 1 to 1000, not $"),
            ("crash_window_s = 0", "must be from 1 .. $"),
            ("crash_backoff_ms = 4294967296", "must be from 0 .. $"),
            ("shard_blocked_ms = 249", "must be from 250 .. $"),
            ("checkpoint_every_ms = 0", "must be from 1 .. $"),
        ],
    ),
    (
        "ports.\"house/door\"",
        &[
            ("url = \"http://house\"", "means nothing without transport = \"http\""),
            ("within_ms = 3000", "must be from 1 to less than http.wait_max_ms = 3000, not $"),
            (
                "within_ms = 4294967295",
                "must be from 1 to less than http.wait_max_ms = 3000, not $",
            ),
            ("timeout_ms = 0", "must be from 1 .. $"),
            ("within_ms = 0", "must be from 1 .. $"),
            ("backoff_ms = 0", "must be from 1 .. $"),
            ("backoff_max_ms = 49", "must be from 50 .. $"),
            ("hedge_after_ms = 0", "must be at least 1 and less than timeout_ms = 1000, not $"),
            ("hedge_after_ms = 1000", "must be at least 1 and less than timeout_ms = 1000, not $"),
            ("concurrency = 0", "must be from 1 .. $"),
            ("deferred_max = 4294967296", "must be from 0 .. $"),
            ("deferred_within_ms = 4294967296", "must be from 0 .. $"),
            ("latency_ms_max = 4294967296", "must be from 0 .. $"),
            ("retry_share = 10.1", "must be from 0 to 10, not $"),
            ("failure_rate = 7.5", "must be from 0 to 1, not $"),
            ("failure_rate = -0.5", "must be from 0 to 1, not $"),
            ("decline_rate = nan", "must be from 0 to 1, not NaN"),
        ],
    ),
];

fn read(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madang.toml");
    std::fs::write(&file, text).unwrap();
    let flags = Flags { config: Some(file), ..Flags::default() };
    Config::read(flags).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_a_valid_configuration() {
    let config = Config::read(Flags::default()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(config.businesses.is_empty() && config.ports.is_empty());
}

#[test]
fn a_file_is_read_over_the_defaults_and_flags_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madang.toml");
    let text =
        "listen = \"127.0.0.1:1\"\ndata = \"/a\"\n[http]\nwait_max_ms = 7\n[house]\nrooms = 3\n";
    std::fs::write(&file, text).unwrap();
    let data = Some("/b".into());
    let config = Config::read(Flags { config: Some(file), data, ..Flags::default() }).unwrap();
    assert_eq!((config.listen.port(), config.http.wait_max_ms), (1, 7));
    assert_eq!((config.data, config.http.backlog_connections_max), ("/b".into(), 2_048));
    assert_eq!(config.businesses["house"]["rooms"], 3);
}

#[test]
fn an_unknown_key_is_named_with_its_file() {
    for (text, key) in [("[http]\npatience = 7", "patience"), ("colour = 1", "colour")] {
        let error = read(text).unwrap_err();
        assert!(error.contains(key) && error.contains("madang.toml"), "{error}");
    }
}

#[test]
fn a_bad_value_is_named_with_its_key_and_file() {
    let error = read("[journal]\ncache_bytes = \"many\"").unwrap_err();
    assert!(error.contains("journal.cache_bytes") && error.contains("madang.toml"), "{error}");
}

#[test]
fn a_value_of_another_kind_is_refused_in_plain_words() {
    for (text, expected) in [
        (
            "[http]\nwait_max_ms = -1",
            "http.wait_max_ms: invalid value: the number -1, expected a whole",
        ),
        (
            "[http]\nwait_max_ms = 1.5",
            "http.wait_max_ms: invalid value: the number 1.5, expected a",
        ),
        (
            "[http]\nwait_max_ms = \"soon\"",
            "http.wait_max_ms: invalid value: the text \"soon\", expe",
        ),
        (
            "[http]\nhosts = \"madang\"",
            "http.hosts: invalid value: the text \"madang\", expected a list",
        ),
        ("[http]\nhosts = [7]", "http.hosts.0: invalid value: the number 7, expected a text"),
        ("[ports]\ndoor = 1", "ports.door: invalid value: the number 1, expected an object"),
        (
            "insecure = \"perhaps\"",
            "insecure: invalid value: the text \"perhaps\", expected a boolean",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn a_value_out_of_range_is_named_with_its_key_its_range_and_its_file() {
    let many = format!("to {COUNT_MAX}, not");
    for (section, settings) in INVALID {
        for (setting, reason) in *settings {
            let (key, value) = setting.split_once(" = ").unwrap();
            let error = read(&format!("[{section}]\n{setting}")).unwrap_err();
            let named = format!("{}.{key}: ", section.replace('"', ""));
            assert!(error.starts_with(&named), "{setting}: {error}");
            let reason = reason.replace("..", &many).replace('$', value);
            assert!(error.contains(&reason), "{setting}: {error}");
            assert!(error.contains("madang.toml"), "{setting}: {error}");
        }
    }
}

#[test]
fn defaults_and_the_ends_of_ranges_are_valid() {
    let ends = "[http]\nwait_max_ms = 30000\nworkers = 1024\nclient_rate_per_s = 1\nclient_burst = 9\n\
        [actors]\nidle_after_s = 0\nadmit_within_ms = 0\ncrashes_max = 1\nshard_blocked_ms = 250\n\
        [journal]\nreserve_bytes = 0\nqueue_records_max = 1\n\
        [ports.\"house/door\"]\ntimeout_ms = 2\nhedge_after_ms = 1\ndeferred_max = 0\nfailure_rate = 1.0";
    for text in ["", ends] {
        assert!(read(text).is_ok(), "{text}: {:?}", read(text));
    }
}

#[test]
fn a_port_url_must_be_http_or_https() {
    let port = |url: &str| {
        read(&format!("[ports.\"house/door\"]\ntransport = \"http\"\nurl = \"{url}\"")).map(drop)
    };
    assert_eq!(port("https://bank.example:8443/charges?shop=7"), Ok(()));
    for wrong in ["ftp://bank.example", "bank.example/charges", "http://", "file:///etc/passwd", ""]
    {
        let error = port(wrong).unwrap_err();
        assert!(error.starts_with("ports.house/door.url: must b"), "{wrong}: {error}");
        assert!(error.contains("madang.toml"), "{wrong}: {error}");
    }
    for secret in ["http://me:s3cret@bank.example", "http://s3cret@bank", "http://s3cret@:x"] {
        let error = port(secret).unwrap_err();
        assert!(error.starts_with("ports.house/door.url: must") && !error.contains("s3cret"));
    }
}

#[test]
fn a_port_without_a_timeout_is_valid_with_any_wait_max() {
    let wait_max = "[http]\nwait_max_ms = 300\n[ports.\"house/door\"]\n";
    assert!(read(&format!("{wait_max}retries = 1")).is_ok());
    assert!(read(&format!("{wait_max}within_ms = 299")).is_ok());
    let error = read(&format!("{wait_max}within_ms = 300")).unwrap_err();
    let reason =
        "ports.house/door.within_ms: must be from 1 to less than http.wait_max_ms = 300, not 300";
    assert!(error.starts_with(reason), "{error}");
}

#[test]
fn an_unreadable_configuration_file_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |file: &Path| {
        let config = Some(file.to_owned());
        Config::read(Flags { config, ..Flags::default() }).unwrap_err().to_string()
    };
    let error = refusal(folder.path());
    assert!(error.contains("is a folder, not a file of settings"), "{error}");
    assert!(refusal(&folder.path().join("nowhere")).contains("there is no such file"));
    let bytes = folder.path().join("bytes");
    std::fs::write(&bytes, [0xff, 0xfe]).unwrap();
    assert!(refusal(&bytes).contains("cannot be read: "), "{}", refusal(&bytes));
    let error = refusal(&bytes.join("below"));
    assert!(error.contains("cannot be read: "), "{error}");
}

#[test]
fn a_port_is_configured_by_its_name() {
    let config = read("[ports.\"house/door\"]\nlatency_ms_max = 9").unwrap();
    assert_eq!(config.ports["house/door"].latency_ms_max, 9);
    assert!(read("[ports.\"house/door\"]\ncolour = 9").is_err());
}

#[test]
fn an_address_that_other_machines_can_reach_requires_insecure() {
    let listen = Some("0.0.0.0:0".parse().unwrap());
    let error = Config::read(Flags { listen, ..Flags::default() }).unwrap_err();
    assert!(error.to_string().contains("--insecure"), "{error}");
    assert!(Config::read(Flags { listen, insecure: true, ..Flags::default() }).is_ok());
}

#[test]
fn a_certificate_and_its_key_are_named_together() {
    for (section, missing) in [("key = \"k\"", "certificate"), ("certificate = \"c\"", "key")] {
        let error = read(&format!("[tls]\n{section}")).unwrap_err();
        assert!(error.starts_with(&format!("tls.{missing}: must name a file")), "{error}");
    }
    assert!(read("[tls]\ncertificate = \"c\"\nkey = \"k\"").is_ok());
}
