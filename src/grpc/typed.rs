//! The typed services: a call of one of their methods becomes a call of the generic service.

use super::{
    call::{Call, Unary},
    execute::Execute,
    messages::{Condition, ExecuteRequest, GetRequest, ListRequest, SearchRequest},
    reads::{Get, List, Search},
    site::Site,
};
use crate::{
    contract::proto::{NUMBER, NUMBERS_FROM, ProtoCall, ProtoFile, ProtoMethod, compiled},
    inbound::problem::{FAILED, MALFORMED, Problem},
};
use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage as _,
    SerializeOptions, Value,
};
use serde_json::{Value as Json, json, value::Serializer};
use std::sync::Arc;
use tonic::Response;

/// The typed services of all businesses, compiled from their files.
pub struct TypedServices {
    pub(super) pool: DescriptorPool,
    pub(super) methods: Vec<Arc<TypedMethod>>,
}

/// A method of a typed service.
pub struct TypedMethod {
    pub declared: ProtoMethod,
    /// The message of its requests.
    pub request: MessageDescriptor,
    /// The message of the bodies in its answers.
    body: MessageDescriptor,
}

impl TypedServices {
    /// Compiles the files.
    ///
    /// # Errors
    /// When a file is not valid, as a sentence.
    pub fn compile(files: Vec<ProtoFile>) -> Result<Self, String> {
        let pool = compiled(&files)?;
        let methods = files.into_iter().flat_map(|file| file.methods).map(|declared| {
            let path = declared.path.clone();
            let method = TypedMethod::found(&pool, declared).map(Arc::new);
            method.ok_or_else(|| format!("{path} is not in the file of its business"))
        });
        let methods = methods.collect::<Result<_, _>>()?;
        Ok(Self { pool, methods })
    }
}

impl Unary for TypedMethod {
    type Got = DynamicMessage;
    type Sent = Vec<u8>;

    async fn answer(
        &self,
        site: &Site,
        call: &Call,
        message: DynamicMessage,
    ) -> Result<Response<Vec<u8>>, Problem> {
        check_known(&message)?;
        let ProtoMethod { business, part, call: called, .. } = self.declared;
        let (business, part) = (business.to_owned(), part.to_owned());
        match called {
            ProtoCall::Get => {
                let request = generic::<GetRequest>(&message)?;
                let request = GetRequest { business, resource: part, ..request };
                let mut response = Get.answer(site, call, request).await?;
                self.shape(&mut response.get_mut().body)?;
                Ok(response.map(|it| it.encode_to_vec()))
            }
            ProtoCall::List => {
                let request = generic::<ListRequest>(&message)?;
                let request = ListRequest { business, resource: part, ..request };
                let mut response = List.answer(site, call, request).await?;
                let aggregates = response.get_mut().aggregates.iter_mut();
                aggregates.map(|it| &mut it.body).try_for_each(|body| self.shape(body))?;
                Ok(response.map(|it| it.encode_to_vec()))
            }
            ProtoCall::Search => {
                let request = generic::<SearchRequest>(&message)?;
                let conditions = conditions(&message);
                let request = SearchRequest { business, view: part, conditions, ..request };
                let mut response = Search.answer(site, call, request).await?;
                let rows = response.get_mut().rows.iter_mut();
                rows.map(|row| &mut row.body).try_for_each(|body| self.shape(body))?;
                Ok(response.map(|it| it.encode_to_vec()))
            }
            ProtoCall::Execute(command) => {
                let ((number, body), command) = (body(&message)?, command.to_owned());
                let request = ExecuteRequest { business, resource: part, number, command, body };
                let mut response = Execute.answer(site, call, request).await?;
                let aggregate = response.get_mut().aggregate.as_mut();
                aggregate.map_or(Ok(()), |aggregate| self.shape(&mut aggregate.body))?;
                Ok(response.map(|it| it.encode_to_vec()))
            }
        }
    }
}

impl TypedMethod {
    fn found(pool: &DescriptorPool, declared: ProtoMethod) -> Option<Self> {
        let (service, name) = declared.path.trim_start_matches('/').split_once('/')?;
        let service = pool.get_service_by_name(service)?;
        let request = service.methods().find(|method| method.name() == name)?.input();
        let body = pool.get_message_by_name(&declared.body)?;
        Some(Self { declared, request, body })
    }

    /// Makes the bytes of a message from a body in JSON. Both have the same place in an answer.
    fn shape(&self, body: &mut Vec<u8>) -> Result<(), Problem> {
        if body.is_empty() {
            return Ok(());
        }
        let options = DeserializeOptions::new().deny_unknown_fields(false);
        let mut json = serde_json::Deserializer::from_slice(body);
        let message =
            DynamicMessage::deserialize_with_options(self.body.clone(), &mut json, &options);
        let message = message.map_err(|error| {
            tracing::error!(%error, message = self.body.full_name(), "a body has no typed form");
            let reason = "the body has no form in this service; `madang.v1.Businesses` shows it";
            Problem::new(FAILED, reason)
        })?;
        *body = message.encode_to_vec();
        Ok(())
    }
}

/// Checks that a request has no field that the server does not know, at any depth.
fn check_known(message: &DynamicMessage) -> Result<(), Problem> {
    if let Some(unknown) = message.unknown_fields().next() {
        let (name, number) = (message.descriptor(), unknown.number());
        return Err(malformed(format!("{} has no field with the number {number}", name.name())));
    }
    message.fields().try_for_each(|(_, value)| match value {
        Value::Message(message) => check_known(message),
        Value::List(of) => of.iter().filter_map(Value::as_message).try_for_each(check_known),
        Value::Map(of) => of.values().filter_map(Value::as_message).try_for_each(check_known),
        _ => Ok(()),
    })
}

/// A request as that of the generic service: their common fields have the same numbers.
fn generic<T: Message + Default>(message: &DynamicMessage) -> Result<T, Problem> {
    message.transcode_to().map_err(|error| malformed(error.to_string()))
}

/// The conditions of a search: the fields that are set.
fn conditions(message: &DynamicMessage) -> Vec<Condition> {
    let set = message.fields().filter(|(field, _)| field.number() >= NUMBERS_FROM);
    let condition = |(field, value): (_, &Value)| {
        let name = prost_reflect::FieldDescriptor::json_name(&field).to_owned();
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Condition { name, value }
    };
    set.map(condition).collect()
}

/// The number of the aggregate, 0 for a command that creates one, and the body of a command, with
/// the fields that are set: its names are sorted, and it has no spaces.
fn body(message: &DynamicMessage) -> Result<(u64, Vec<u8>), Problem> {
    // A list without elements is not told from one that is not set.
    let options =
        SerializeOptions::new().stringify_64_bit_integers(false).skip_default_fields(false);
    let body = message.serialize_with_options(Serializer, &options);
    let mut body = body.map_err(|error| malformed(error.to_string()))?;
    restore_integers(&mut body);
    let mut number = 0;
    if let (Some(field), Some(body)) =
        (message.descriptor().get_field(NUMBER), body.as_object_mut())
    {
        number = body.remove(field.json_name()).and_then(|it| it.as_u64()).unwrap_or_default();
        if number == 0 {
            return Err(malformed(format!("`{}` is not set", field.name())));
        }
    }
    Ok((number, body.to_string().into_bytes()))
}

/// Values without a type hold all numbers as floating-point ones; whole ones become integers again.
fn restore_integers(value: &mut Json) {
    /// Up to this, each whole number is exact.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        Json::Number(number) => {
            let whole = number.as_f64().filter(|it| number.is_f64() && it.fract() == 0.0);
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
            if let Some(whole) = whole.filter(|it| it.abs() <= EXACT_MAX) {
                *value = json!(whole as i64);
            }
        }
        Json::Array(values) => values.iter_mut().for_each(restore_integers),
        Json::Object(fields) => fields.values_mut().for_each(restore_integers),
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}

fn malformed(reason: String) -> Problem {
    Problem::new(MALFORMED, reason)
}
