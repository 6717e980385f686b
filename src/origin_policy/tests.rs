//! Tests of the origin policy: refused hosts and pages.

use super::*;
use actix_web::http::header::HeaderName;

fn policy(listen: &str) -> OriginPolicy {
    let hosts = ["madang", "shop.example:8080", "10.0.0.7"];
    let hosts = hosts.map(|host| HostPattern::read(host).expect("a host")).to_vec();
    let origin = Origin::read("https://shop.example").expect("an origin");
    OriginPolicy::new(listen.parse().expect("an address"), hosts, vec![origin], "http.hosts")
}

fn checked(
    policy: &OriginPolicy,
    method: &Method,
    target: &'static str,
    headers: &[(&'static str, &str)],
) -> Result<(), Refusal> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        map.append(HeaderName::from_static(name), value);
    }
    policy.check(method, &Uri::from_static(target), &map)
}

/// The status of the reply to a `GET` with this `Host`.
fn host(listen: &str, host: &str) -> u16 {
    match checked(&policy(listen), &Method::GET, "/", &[("host", host)]) {
        Ok(()) => 200,
        Err(Refusal::Malformed(_)) => 400,
        Err(Refusal::Misdirected(reason)) => {
            assert!(reason.contains("http.hosts"), "{reason}");
            421
        }
        Err(other) => panic!("{host}: {other:?}"),
    }
}

#[test]
fn only_loopback_and_configured_hosts_are_accepted() {
    for known in [
        "localhost",
        "LocalHost:8080",
        "localhost.",
        "localhost.:1",
        "127.0.0.1",
        "127.0.0.1:9",
        "127.255.1.2",
        "[::1]:8080",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "madang",
        "MADANG.:80",
        "shop.example:8080",
        "10.0.0.7:1",
        "localhost:",
    ] {
        assert_eq!(host("127.0.0.1", known), 200, "{known}");
    }
    for unknown in [
        "evil.test",
        "localhost.evil.test",
        "evil-localhost",
        "127.0.0.1.evil.test",
        "shop.example",
        "shop.example:80",
        "10.0.0.8",
        "0.0.0.0",
        "[::]",
        "[fe80::1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "madang.example",
        "null",
    ] {
        assert_eq!(host("127.0.0.1", unknown), 421, "{unknown}");
    }
}

#[test]
fn an_invalid_host_is_malformed() {
    for wrong in [
        "",
        ".",
        ":80",
        "evil.test@localhost",
        "localhost@evil.test",
        "localhost:80:80",
        "localhost:65536",
        "localhost:+1",
        "localhost:8o",
        "localhost/",
        "localhost evil.test",
        "localhost,evil.test",
        "local%68ost",
        "[::1",
        "[::1]8080",
        "[::1%25eth0]",
        "[127.0.0.1]",
        "::1",
        "l\u{f6}calhost",
        "http://localhost",
    ] {
        assert_eq!(host("127.0.0.1", wrong), 400, "{wrong}");
    }
}

#[test]
fn the_listen_address_is_accepted_as_a_host() {
    assert_eq!(host("192.168.1.5", "192.168.1.5:8080"), 200);
    assert_eq!(host("192.168.1.5", "192.168.1.6:8080"), 421);
    for any in ["0.0.0.0", "::"] {
        assert_eq!((host(any, "192.168.1.6"), host(any, "[fd00::1]:8080")), (200, 200));
        assert_eq!(host(any, "evil.test"), 421);
    }
}

#[test]
fn the_host_of_an_absolute_target_is_checked_as_well() {
    let at = |target, host| checked(&policy("127.0.0.1"), &Method::GET, target, &[("host", host)]);
    assert_eq!(at("http://localhost:1/taxi", "localhost:1"), Ok(()));
    for (target, host) in [
        ("http://evil.test/taxi", "localhost"),
        ("http://localhost/taxi", "evil.test"),
        ("evil.test:80", "localhost"),
    ] {
        assert!(matches!(at(target, host), Err(Refusal::Misdirected(_))), "{target} {host}");
    }
    let with_user = at("http://localhost@evil.test/", "localhost");
    assert!(matches!(with_user, Err(Refusal::Malformed(_))));
    assert_eq!(checked(&policy("127.0.0.1"), &Method::GET, "/", &[]), Ok(()), "http/1.0");
}

#[test]
fn a_repeated_header_is_malformed() {
    for name in ["host", "origin", "sec-fetch-site"] {
        let twice = [("host", "localhost"), (name, "localhost"), (name, "localhost")];
        let refused = checked(&policy("127.0.0.1"), &Method::GET, "/", &twice);
        assert!(matches!(refused, Err(Refusal::Malformed(_))), "{name}");
    }
}

#[test]
fn only_pages_of_allowed_origins_change_anything() {
    let may = |host, marks: &[(&'static str, &str)]| {
        let headers = [&[("host", host)], marks].concat();
        match checked(&policy("127.0.0.1"), &Method::POST, "/", &headers) {
            Ok(()) => true,
            Err(Refusal::ForeignOrigin(_)) => false,
            Err(other) => panic!("{marks:?}: {other:?}"),
        }
    };
    let own = ("origin", "http://127.0.0.1:8080");
    for marks in [
        &[][..],
        &[own],
        &[own, ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", "https://127.0.0.1:8080")],
        &[("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")],
    ] {
        assert!(may("127.0.0.1:8080", marks), "{marks:?}");
    }
    assert!(may("madang", &[("origin", "https://madang")]), "behind a proxy that terminates tls");
    assert!(may("madang:80", &[("origin", "http://MADANG")]));
    for marks in [
        &[("origin", "null")][..],
        &[("origin", "")],
        &[("origin", "http://127.0.0.1:8081")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", "http://localhost:8080")],
        &[("origin", "http://evil.test:8080")],
        &[("origin", "http://127.0.0.1:8080@evil.test")],
        &[("origin", "http://127.0.0.1:8080/")],
        &[("origin", "file://")],
        &[("origin", "chrome-extension://abc")],
        &[("origin", "http://shop.example")],
        &[own, ("sec-fetch-site", "cross-site")],
        &[own, ("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "Same-Origin")],
        &[("sec-fetch-site", "")],
    ] {
        assert!(!may("127.0.0.1:8080", marks), "{marks:?}");
    }
}

#[test]
fn get_head_and_options_are_allowed_for_pages_of_every_origin() {
    let headers = [("host", "localhost"), ("origin", "http://evil.test")];
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(checked(&policy("127.0.0.1"), &method, "/", &headers), Ok(()), "{method}");
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
        let refused = checked(&policy("127.0.0.1"), &method, "/", &headers);
        assert!(matches!(refused, Err(Refusal::ForeignOrigin(_))), "{method}");
    }
}

#[test]
fn an_invalid_host_or_origin_setting_is_refused_with_an_example() {
    for wrong in ["*", "http://madang", "madang/", "a b", ""] {
        assert!(HostPattern::read(wrong).unwrap_err().contains("madang.example"), "{wrong}");
    }
    for wrong in ["*", "null", "madang", "ftp://madang", "https://madang/", "https://a@b", ""] {
        assert!(Origin::read(wrong).unwrap_err().contains("https://shop.example"), "{wrong}");
    }
}
