//! The origins whose pages may read answers: the setting of CORS.

use super::authority::Origin;
use actix_web::http::header::HeaderValue;

/// The entry that means every origin.
const EVERY: &str = "*";

/// The origins whose pages may read answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    /// That of this server alone.
    Own,
    /// All of them.
    Every,
    /// Those listed, and this server's own.
    Listed(Vec<Origin>),
}

impl CorsOrigins {
    /// Reads the entries of a setting.
    ///
    /// # Errors
    /// When an entry is no origin, or `*` is not the only entry; the error states what is required.
    pub fn read(entries: &[String]) -> Result<Self, String> {
        match entries {
            [] => Ok(Self::Own),
            [every] if every == EVERY => Ok(Self::Every),
            listed if listed.iter().any(|entry| entry == EVERY) => {
                Err("must be [\"*\"] alone, or a list of origins".to_owned())
            }
            listed => {
                let listed = listed.iter().map(|text| Origin::read(text));
                listed.collect::<Result<_, _>>().map(Self::Listed)
            }
        }
    }

    /// The value of `Access-Control-Allow-Origin` for a page of this origin; `None` when it may not
    /// read the answer.
    #[must_use]
    pub fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match self {
            Self::Own => None,
            Self::Every => Some(HeaderValue::from_static(EVERY)),
            Self::Listed(listed) => {
                let known = Origin::read(origin.to_str().ok()?).ok()?;
                listed.contains(&known).then(|| origin.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[&str]) -> Result<CorsOrigins, String> {
        CorsOrigins::read(&entries.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_setting_lists_origins_or_is_every_origin() {
        assert_eq!(read(&[]).unwrap(), CorsOrigins::Own);
        assert_eq!(read(&["*"]).unwrap(), CorsOrigins::Every);
        assert!(matches!(read(&["https://shop.example"]).unwrap(), CorsOrigins::Listed(_)));
        for wrong in [&["*", "https://a.example"][..], &["shop.example"], &["null"]] {
            assert!(read(wrong).unwrap_err().starts_with("must be "), "{wrong:?}");
        }
    }

    #[test]
    fn an_origin_is_compared_as_a_whole() {
        let listed = read(&["https://shop.example"]).unwrap();
        let allowed = |origin: &'static str| listed.allowed(&HeaderValue::from_static(origin));
        for same in ["https://shop.example", "https://shop.example:443", "HTTPS://Shop.example"] {
            assert_eq!(allowed(same).unwrap(), same);
        }
        for other in ["null", "http://shop.example", "https://shop.example:8443", "https://shop"] {
            assert_eq!(allowed(other), None, "{other}");
        }
    }
}
