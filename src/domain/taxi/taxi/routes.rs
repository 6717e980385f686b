//! The request bodies of the commands of taxis.

use super::{
    Command::{self, Register, Revise},
    Model, Revision,
};
use crate::domain::kernel::{Malformed, Money, Quantity, Text};
use crate::domain::taxi::grade::Grade;
use serde::Deserialize;

/// `{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900,"grade":"prime"}`; without
/// a grade, basic.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RegisterBody {
    taxi_name: Text,
    company_name: Text,
    stock_cnt: Quantity,
    #[serde(alias = "taxiPrice")]
    item_price: Money,
    grade: Option<Text>,
}

impl RegisterBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let model = Model {
            taxi_name: self.taxi_name,
            company_name: self.company_name,
            item_price: self.item_price,
            grade: grade(self.grade)?.unwrap_or_default(),
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
    grade: Option<Text>,
}

impl ReviseBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Revise(Revision {
            taxi_name: self.taxi_name,
            company_name: self.company_name,
            item_price: self.item_price,
            stock: self.stock_cnt,
            grade: grade(self.grade)?,
        }))
    }
}

fn grade(word: Option<Text>) -> Result<Option<Grade>, Malformed> {
    word.map(|word| Grade::read("grade", &word)).transpose()
}
