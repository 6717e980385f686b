//! Type-erased ports, lookups and views of the installed businesses.

use super::{
    Record,
    planting::{Ask, OnReply},
};
use crate::domain::kernel::{
    Dispatch, EventSet, Filter, Lookup, Port, PortReply, PortRequest, Query, View,
};
use serde_json::Value;
use std::{any::Any, collections::BTreeMap, marker::PhantomData, mem};

/// An effect that is to be executed: a call to an outside service, or a query to a view.
pub(super) enum EffectRequest {
    Outside(PortRequest),
    Declined(String),
    View(&'static str, Query),
}

/// The result of an effect.
pub(super) enum EffectResult<'a> {
    Reply(PortReply),
    Rows(&'a dyn DynView, &'a Query),
}

/// A type-erased port or lookup.
pub(super) trait DynEffect {
    fn name(&self) -> &'static str;
    fn request(&self, record: &Record) -> Option<EffectRequest>;
    /// The request after these later records; `None` when they do not change it.
    fn revised(&self, record: &Record, later: &[Record]) -> Option<EffectRequest>;
    fn meaning(&self, record: &Record, found: &EffectResult<'_>) -> Option<Dispatch>;
}

/// A port, and the functions of the business that it uses.
pub(super) struct PortEffect<P: Port> {
    pub(super) ask: Box<Ask<P>>,
    pub(super) on_reply: Box<OnReply<P>>,
}

impl<P: Port> Default for PortEffect<P> {
    fn default() -> Self {
        Self { ask: Box::new(P::ask), on_reply: Box::new(P::on_reply) }
    }
}

impl<P: Port> DynEffect for PortEffect<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn request(&self, record: &Record) -> Option<EffectRequest> {
        let heard = P::Events::from_event(record)?;
        let ask = (self.ask)(&heard, &record.meta())?;
        let declined = P::declined_before_call(&heard).map(EffectRequest::Declined);
        Some(declined.unwrap_or(EffectRequest::Outside(ask)))
    }

    fn revised(&self, record: &Record, later: &[Record]) -> Option<EffectRequest> {
        let is_later = |it: &&Record| (it.kind, it.number) == (record.kind, record.number);
        let later = later.iter().filter(|_| P::REVISABLE).filter(is_later);
        let later = later.filter_map(P::Events::from_event);
        let heard = later.fold(P::Events::from_event(record)?, |it, later| P::revised(it, &later));
        (self.ask)(&heard, &record.meta()).map(EffectRequest::Outside)
    }

    fn meaning(&self, record: &Record, found: &EffectResult<'_>) -> Option<Dispatch> {
        let EffectResult::Reply(answer) = found else { return None };
        Some((self.on_reply)(&P::Events::from_event(record)?, &record.meta(), answer))
    }
}

pub(super) struct LookupEffect<L>(PhantomData<L>);

impl<L> Default for LookupEffect<L> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<L: Lookup> DynEffect for LookupEffect<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn request(&self, record: &Record) -> Option<EffectRequest> {
        let query = L::query(&L::Events::from_event(record)?, &record.meta())?;
        Some(EffectRequest::View(L::View::NAME, query))
    }

    fn revised(&self, _record: &Record, _later: &[Record]) -> Option<EffectRequest> {
        None
    }

    fn meaning(&self, record: &Record, found: &EffectResult<'_>) -> Option<Dispatch> {
        let EffectResult::Rows(view, query) = found else { return None };
        let rows = view.as_any().downcast_ref::<Rows<L::View>>()?.find(query);
        Some(L::on_rows(&L::Events::from_event(record)?, &record.meta(), &rows))
    }
}

/// A type-erased view.
pub(super) trait DynView {
    fn apply(&mut self, record: &Record);
    fn clear(&mut self);
    fn as_any(&self) -> &dyn Any;
}

pub(super) struct Rows<V>(pub(super) BTreeMap<u64, V>);

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: View> Rows<V> {
    fn find(&self, query: &Query) -> Vec<(u64, V)> {
        let mut found: Vec<(u64, u64, V)> = vec![];
        for (number, row) in &self.0 {
            let json = serde_json::to_value(row).unwrap_or_default();
            if query.filters.iter().all(|filter| holds(filter, &json)) {
                let rank = query.sort.and_then(|field| json[field].as_u64()).unwrap_or_default();
                found.push((rank, *number, row.clone()));
            }
        }
        found.sort_by_key(|(rank, number, _)| (*rank, *number));
        found.truncate(query.rows_max);
        found.into_iter().map(|(_, number, row)| (number, row)).collect()
    }
}

fn holds(filter: &Filter, row: &Value) -> bool {
    match filter {
        Filter::Equals(field, number) => row[*field].as_u64() == Some(*number),
        Filter::AtLeast(field, number) => row[*field].as_u64().is_some_and(|n| n >= *number),
        Filter::Is(field, text) => row[*field].as_str() == Some(text),
        Filter::IsOneOf(field, texts) => {
            texts.iter().any(|text| row[*field].as_str() == Some(text))
        }
    }
}

impl<V: View> DynView for Rows<V> {
    fn apply(&mut self, record: &Record) {
        let Some(event) = V::Events::from_event(record) else { return };
        let meta = record.meta();
        for key in V::keys(&event, &meta) {
            let newest = |filter: Filter| {
                let meets =
                    |row: &&V| serde_json::to_value(row).is_ok_and(|row| holds(&filter, &row));
                self.0.values().rev().find(meets).cloned()
            };
            let before = self.0.get(&key).cloned().or_else(|| newest(V::continues(&event)?));
            self.0.remove(&key);
            if let Some(row) = V::fold_row(key, before, event.clone(), &meta) {
                self.0.insert(key, row);
            }
        }
    }

    fn clear(&mut self) {
        mem::take(&mut self.0);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
