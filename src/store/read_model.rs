//! stub
use crate::domain::kernel::{Field, Query};
pub struct ReadModel {}
pub struct Reader {}
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    #[error("{0}")]
    BadQuery(String),
    #[error("{0}")]
    Failed(String),
}
pub struct RowChange {}
impl RowChange {
    pub fn of(_: &serde_json::Value, _: &[Field]) -> Self {
        todo!()
    }
}
#[derive(Debug)]
pub struct Opened;
impl ReadModel {
    pub fn open(
        _: &std::path::Path,
        _: &str,
        _: &'static [Field],
    ) -> Result<(Self, Opened), ReadModelError> {
        todo!()
    }
    pub fn cursor(&self) -> u64 {
        todo!()
    }
    pub fn row(&self, _: u64) -> Result<Option<Vec<u8>>, ReadModelError> {
        todo!()
    }
    pub fn commit(
        &mut self,
        _: u64,
        _: Vec<(u64, Option<RowChange>)>,
    ) -> Result<(), ReadModelError> {
        todo!()
    }
    pub fn reader(&self) -> Result<Reader, ReadModelError> {
        todo!()
    }
}
impl Reader {
    pub fn get(&self, _: u64) -> Result<Option<Vec<u8>>, ReadModelError> {
        todo!()
    }
    pub fn search(
        &self,
        _: &[(String, String)],
        _: u64,
        _: usize,
        _: Option<(&str, bool)>,
    ) -> Result<(Vec<(u64, Vec<u8>)>, u64), ReadModelError> {
        todo!()
    }
    pub fn find(&self, _: &Query) -> Result<Vec<(u64, Vec<u8>)>, ReadModelError> {
        todo!()
    }
}
impl ReadModel {
    pub fn rows(&self) -> Result<u64, ReadModelError> {
        todo!()
    }
}
