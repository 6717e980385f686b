//! The addresses of webhooks: which are accepted, and which machines they may reach.

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest address, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Checks an address, and returns it in its normal form.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn checked(text: &str, reaches_private: bool) -> Result<String, String> {
    if text.len() > URL_BYTES_MAX {
        return Err(format!("`url` has more than {URL_BYTES_MAX} bytes"));
    }
    let url: Url = text.parse().map_err(|error| format!("`url` is not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("`url` is not an address of http or https".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("`url` has a user or a password; the signature tells who sends".to_owned());
    }
    if url.fragment().is_some() {
        return Err("`url` has a fragment, which is not sent".to_owned());
    }
    if !reaches_private && literal(&url).is_some_and(|address| !is_public(address)) {
        return Err("`url` is an address of this machine or of a private network".to_owned());
    }
    Ok(url.into())
}

/// The address of the machine, if it is one and no name.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Whether an address can be reached from everywhere.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast();
    // This network, shared addresses of providers, protocol assignments, benchmarks, reserved.
    let is_reserved = first == 0
        || first == 100 && second & 0xc0 == 64
        || (first, second, third) == (192, 0, 0)
        || first == 198 && second & 0xfe == 18
        || first >= 240;
    !is_special && !is_reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(address) = address.to_ipv4() {
        return is_public_v4(address);
    }
    // Addresses that stand for one of version 4 behind a gateway.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only this range is assigned to public use; within it, examples and tunnels are not.
    segments[0] & 0xe000 == 0x2000 && segments[..2] != [0x2001, 0xdb8] && segments[0] != 0x2002
}

/// A resolver that leaves out addresses of this machine and of private networks.
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_without_a_user_or_a_fragment() {
        assert_eq!(checked("https://a.example/x?y=1", false), Ok("https://a.example/x?y=1".into()));
        for (wrong, reason) in [
            ("", "not an address"),
            ("/hook", "not an address"),
            ("ftp://a.example/", "not an address of http"),
            ("file:///etc/passwd", "not an address of http"),
            ("http://kim:secret@a.example/", "a user or a password"),
            ("http://a.example/#x", "a fragment"),
            (&format!("http://a.example/{}", "a".repeat(2_048)), "more than 2048 bytes"),
        ] {
            let error = checked(wrong, true).unwrap_err();
            assert!(error.contains(reason) && !error.contains("secret@"), "{wrong}: {error}");
        }
    }

    #[test]
    fn private_machines_are_reached_only_where_that_is_allowed() {
        for private in [
            "http://127.0.0.1:8080/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "http://169.254.169.254/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://100.64.0.1/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://192.168.1.1/",
        ] {
            assert!(checked(private, false).is_err(), "{private}");
            assert!(checked(private, true).is_ok(), "{private}");
        }
        for public in ["http://1.1.1.1/", "http://[2606:4700::1111]/", "http://172.32.0.1/"] {
            assert!(checked(public, false).is_ok(), "{public}");
        }
    }
}
