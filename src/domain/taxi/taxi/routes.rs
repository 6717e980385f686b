//! The request bodies of the commands of taxis.

use super::{
    Command::{self, Register, Revise},
    Model, Revision,
};
use crate::domain::kernel::{Malformed, Money, Quantity, Text};
use serde::Deserialize;

/// `{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RegisterBody {
    taxi_name: Text,
    company_name: Text,
    stock_cnt: Quantity,
    #[serde(alias = "taxiPrice")]
    item_price: Money,
}

impl RegisterBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let model = Model {
            taxi_name: self.taxi_name,
            company_name: self.company_name,
            item_price: self.item_price,
        };
        Ok(Register { model, stock: self.stock_cnt })
    }
}

/// `{"stockCnt":10}`: the number of free taxis.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RestockBody {
    stock_cnt: Quantity,
}

impl RestockBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Revise(Revision { stock: Some(self.stock_cnt), ..Revision::default() }))
    }
}

/// Any of the fields of a taxi; missing fields stay as they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReviseBody {
    taxi_name: Option<Text>,
    company_name: Option<Text>,
    stock_cnt: Option<Quantity>,
    #[serde(alias = "taxiPrice")]
    item_price: Option<Money>,
}

impl ReviseBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Revise(Revision {
            taxi_name: self.taxi_name,
            company_name: self.company_name,
            item_price: self.item_price,
            stock: self.stock_cnt,
        }))
    }
}
