//! The query parameter `at`: a version of an aggregate, or an instant.

use crate::{
    actors::Moment,
    domain::kernel::Timestamp,
    inbound::{escape::short, problem::Problem},
};
use actix_web::web;

/// The most digits of a version. A whole number with more digits is a time in milliseconds, which
/// has had at least eleven since 1973.
const VERSION_DIGITS_MAX: usize = 10;

/// The most digits of a time in milliseconds: those of the year 9999 have fifteen.
const MILLISECOND_DIGITS_MAX: usize = 15;

/// Finds the parameter `at` in the part of an address after the question mark; `None` without it.
///
/// # Errors
/// When it is given twice, or is neither a version nor an instant.
pub fn moment(query: &str) -> Result<Option<Moment>, Problem> {
    if query.is_empty() {
        return Ok(None);
    }
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| Problem::bad_query(format!("the query cannot be read: {error}")))?;
    // Other parameters have no meaning here and are ignored.
    let mut given = pairs.iter().filter(|(name, _)| name == "at").map(|(_, value)| value);
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => parse(value).map(Some).map_err(Problem::bad_query),
        (Some(_), Some(_)) => Err(Problem::bad_query("`at` is given more than once")),
    }
}

fn parse(value: &str) -> Result<Moment, String> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse::<u64>().ok().filter(|_| is_number);
    let moment = match number {
        Some(0) => return Err("`at` is 0; versions begin with 1".to_owned()),
        Some(version) if value.len() <= VERSION_DIGITS_MAX => match u32::try_from(version) {
            Ok(version) => Some(Moment::Version(version)),
            Err(_) => return Err(format!("`at` is {version}; no aggregate has this version")),
        },
        Some(ms) if value.len() <= MILLISECOND_DIGITS_MAX => Some(Moment::Instant(Timestamp(ms))),
        _ => Timestamp::from_rfc3339(value).map(Moment::Instant),
    };
    moment.ok_or_else(|| {
        let value = short(value);
        format!(
            "`at` is `{value}`; possible is a version like `3`, or an instant like \
             `2026-11-28T19:27:12Z` or `1795894032000`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_number_is_a_version_and_a_time_or_a_large_number_is_an_instant() {
        let instant = Moment::Instant(Timestamp(1_622_635_791_863));
        for (query, expected) in [
            ("at=3", Moment::Version(3)),
            ("at=4294967295", Moment::Version(u32::MAX)),
            ("at=1622635791863", instant),
            ("at=99999999999", Moment::Instant(Timestamp(99_999_999_999))),
            ("at=2021-06-02T12:09:51.863Z", instant),
            ("at=2021-06-02T14:09:51.863+02:00", instant),
            ("at=2021-06-02T14%3A09%3A51.863%2B02%3A00", instant),
            ("page=2&at=3&x=%zz", Moment::Version(3)),
        ] {
            assert_eq!(moment(query), Ok(Some(expected)), "{query}");
        }
        assert_eq!((moment(""), moment("colour=red")), (Ok(None), Ok(None)));
    }

    #[test]
    fn anything_else_is_refused_with_the_possible_forms() {
        let times =
            ["2021-06-02", "2021-02-30T00:00:00Z", "2021-06-02T12:00:00", "9999999999999999"];
        let words = ["", "v3", "-1", "+3", "3.0", "latest", "\u{663}", "1e3", "0x3"];
        for value in times.iter().chain(&words) {
            let problem = moment(&format!("at={}", value.replace('+', "%2B"))).unwrap_err();
            assert_eq!(problem.family.status, 400, "{value}");
            assert!(problem.detail.contains("a version like `3`"), "{}", problem.detail);
        }
        for (query, reason) in [
            ("at=0", "versions begin with 1"),
            ("at=0000000000", "versions begin with 1"),
            ("at=4294967296", "no aggregate has this version"),
            ("at=1&at=2", "more than once"),
        ] {
            let problem = moment(query).unwrap_err();
            assert!(problem.detail.contains(reason), "{query}: {}", problem.detail);
        }
    }

    #[test]
    fn generated_garbage_is_a_moment_or_a_bad_query_and_never_a_panic() {
        const PIECES: [&str; 24] = [
            "at=",
            "&",
            "%",
            "%2B",
            "%F0",
            "9",
            "0",
            "-",
            ":",
            "T",
            "Z",
            "z",
            ".",
            " ",
            "+",
            "2021",
            "-02",
            "-30",
            "T23:59:60",
            "+23:59",
            "-99:99",
            "\u{1F600}",
            "e",
            "=",
        ];
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = |below: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap_or_default() % below
        };
        let (mut moments, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let length = random(12);
            let text: String = (0..length).map(|_| PIECES[random(PIECES.len())]).collect();
            match moment(&format!("at={text}")) {
                Ok(_) => moments += 1,
                Err(problem) => {
                    assert_eq!(problem.family.status, 400, "{text}");
                    refused += 1;
                }
            }
        }
        assert!(moments > 100 && refused > 10_000, "{moments} moments, {refused} refused");
    }
}
