//! Request bodies of the commands of a product.

use super::{
    Command::{self, Register, Revise},
    Revision, Terms,
};
use crate::domain::kernel::{Malformed, Money, Text};
use serde::Deserialize;

/// `{"productName":"Fisrtcancer","premium":30000}`; on sale unless `onSale` is false.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RegisterBody {
    product_name: Text,
    premium: Money,
    on_sale: Option<bool>,
}

impl RegisterBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let terms = Terms {
            product_name: self.product_name.trimmed(),
            premium: self.premium,
            on_sale: self.on_sale.unwrap_or(true),
        };
        Ok(Register { terms })
    }
}

/// Any of the fields of a product; a missing field keeps its value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReviseBody {
    product_name: Option<Text>,
    premium: Option<Money>,
    on_sale: Option<bool>,
}

impl ReviseBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Revise(Revision {
            product_name: self.product_name.as_ref().map(Text::trimmed),
            premium: self.premium,
            on_sale: self.on_sale,
        }))
    }
}
