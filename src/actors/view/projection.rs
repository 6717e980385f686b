//! Projections: folds of journal records into the rows of a view or of an internal index.

use crate::{
    actors::dispatch::Registry,
    domain::kernel::{Filter, Message, View},
    store::{KindSet, Record, read_model::Layout},
};
use std::marker::PhantomData;

/// The numbers of the rows that a record changes, and the decoded part of it.
pub type Change<E> = (Vec<u64>, E);

/// A fold of journal records into rows, run by a projector.
pub trait Projection: Clone + Unpin + Send + 'static {
    /// The type of a row.
    type Row: Message;
    /// The decoded part of a record that the fold uses.
    type Event: Clone;

    /// Returns the table layout of the rows.
    fn layout() -> Layout;

    /// Returns the kinds whose records concern the projection.
    fn kinds(&self, registry: &Registry) -> KindSet;

    /// Decodes a record and returns the numbers of the rows it touches; `None` when it touches none.
    ///
    /// # Errors
    /// When the record cannot be decoded. Such a record must never be skipped.
    fn decode(
        &self,
        registry: &Registry,
        record: &Record,
    ) -> Result<Option<Change<Self::Event>>, String>;

    /// Returns the condition on the rows that a new row continues; `None` when it starts empty.
    fn continues(&self, _event: &Self::Event) -> Option<Filter> {
        None
    }

    /// Folds the decoded record into the row of this number; `None` deletes the row.
    fn fold(
        &self,
        number: u64,
        row: Option<Self::Row>,
        event: Self::Event,
        record: &Record,
    ) -> Option<Self::Row>;
}

/// The projection of a business's view.
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
    type Event = V::Events;

    fn layout() -> Layout {
        Layout::of::<V>()
    }

    fn kinds(&self, registry: &Registry) -> KindSet {
        registry.kinds_of::<V::Events>()
    }

    fn decode(
        &self,
        registry: &Registry,
        record: &Record,
    ) -> Result<Option<Change<V::Events>>, String> {
        let Some(event) = registry.decode::<V::Events>(record)? else { return Ok(None) };
        Ok(Some((V::keys(&event, &record.meta()), event)))
    }

    fn continues(&self, event: &V::Events) -> Option<Filter> {
        V::continues(event)
    }

    fn fold(&self, number: u64, row: Option<V>, event: V::Events, record: &Record) -> Option<V> {
        V::fold_row(number, row, event, &record.meta())
    }
}
