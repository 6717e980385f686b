//! What becomes of a record in rows: those of a view, and those of an index of our own.

use crate::{
    actors::dispatch::Registry,
    domain::kernel::{Message, View},
    store::{KindSet, Record, read_model::Layout},
};
use std::marker::PhantomData;

/// A fold of records into rows, for a projector.
pub trait Projection: Clone + Unpin + Send + 'static {
    /// What is kept.
    type Row: Message;
    /// What is heard of a record.
    type Heard;

    /// Whether a new row goes on from the last one.
    const CONTINUES: bool = false;

    /// What the rows look like.
    fn layout() -> Layout;

    /// The kinds of aggregate of which anything is heard.
    fn kinds(&self, rooms: &Registry) -> KindSet;

    /// What is heard of a record, and the number of the row it touches.
    ///
    /// # Errors
    /// When the record cannot be read, which must never be passed over.
    fn hear(&self, rooms: &Registry, record: &Record)
    -> Result<Option<(u64, Self::Heard)>, String>;

    /// Takes it into the row.
    fn fold(
        &self,
        row: Option<Self::Row>,
        heard: Self::Heard,
        record: &Record,
    ) -> Option<Self::Row>;
}

/// The fold of a view.
pub struct ViewProjection<V>(PhantomData<fn() -> V>);

impl<V> Clone for ViewProjection<V> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<V> Default for ViewProjection<V> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<V: View> Projection for ViewProjection<V> {
    type Row = V;
    type Heard = V::Hears;
    const CONTINUES: bool = V::CONTINUES;

    fn layout() -> Layout {
        Layout::of::<V>()
    }

    fn kinds(&self, rooms: &Registry) -> KindSet {
        rooms.kinds_heard::<V::Hears>()
    }

    fn hear(&self, rooms: &Registry, record: &Record) -> Result<Option<(u64, V::Hears)>, String> {
        let Some(heard) = rooms.hear::<V::Hears>(record)? else { return Ok(None) };
        Ok(V::key(&heard, &record.meta()).map(|number| (number, heard)))
    }

    fn fold(&self, row: Option<V>, heard: V::Hears, record: &Record) -> Option<V> {
        V::fold(row, heard, &record.meta())
    }
}
