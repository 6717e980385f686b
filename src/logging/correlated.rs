//! Log lines with the conversation and the trace of what their thread is doing.

use crate::traces::Correlation;
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{DefaultFields, Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// The fields of a line of text, and behind them those of the correlation.
#[derive(Debug, Default)]
pub(super) struct CorrelatedFields(DefaultFields);

impl<'writer> FormatFields<'writer> for CorrelatedFields {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        self.0.format_fields(writer.by_ref(), fields)?;
        let Correlation { conversation, trace_id } = Correlation::current();
        if conversation != 0 {
            write!(writer, " correlation={conversation}")?;
        }
        if trace_id != 0 {
            write!(writer, " trace_id={trace_id:032x}")?;
        }
        Ok(())
    }
}

/// A line of JSON whose first fields are those of the correlation.
pub(super) struct CorrelatedJson(Format<Json>);

impl CorrelatedJson {
    pub(super) fn of(format: Format<Json>) -> Self {
        Self(format.flatten_event(true).with_current_span(false))
    }
}

impl<S, N> FormatEvent<S, N> for CorrelatedJson
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Correlation { conversation, trace_id } = Correlation::current();
        if conversation == 0 && trace_id == 0 {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let Some(rest) = line.strip_prefix('{') else { return writer.write_str(&line) };
        writer.write_char('{')?;
        if conversation != 0 {
            write!(writer, "\"correlation\":{conversation},")?;
        }
        if trace_id != 0 {
            write!(writer, "\"trace_id\":\"{trace_id:032x}\",")?;
        }
        writer.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sync, traces::TraceContext};
    use serde_json::{Value, json};
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing_subscriber::{Layer as _, fmt::MakeWriter, layer::SubscriberExt as _};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            sync::lock(&self.0).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// The lines that are written without a correlation, and with one.
    fn lines(is_json: bool) -> [String; 2] {
        let written = Written::default();
        let log = tracing_subscriber::fmt::layer().with_writer(written.clone()).with_ansi(false);
        let log = if is_json {
            log.json().map_event_format(CorrelatedJson::of).boxed()
        } else {
            log.fmt_fields(CorrelatedFields::default()).boxed()
        };
        let trace = TraceContext { trace_id: 0xab, span_id: 1, flags: 1 };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log), || {
            tracing::warn!(port = "taxi/payment", "failed");
            let _entered = Correlation::of(7, Some(&trace)).enter();
            tracing::warn!(port = "taxi/payment", "failed");
        });
        let text = String::from_utf8(sync::lock(&written.0).clone()).expect("text");
        let mut lines = text.lines().map(str::to_owned);
        [(); 2].map(|()| lines.next().expect("a line"))
    }

    #[test]
    fn a_line_of_text_ends_with_the_conversation_and_the_trace() {
        let [without, with] = lines(false);
        assert!(without.ends_with("failed port=\"taxi/payment\""), "{without}");
        let end = "correlation=7 trace_id=000000000000000000000000000000ab";
        assert!(with.ends_with(&format!("failed port=\"taxi/payment\" {end}")), "{with}");
    }

    #[test]
    fn a_line_of_json_has_the_conversation_and_the_trace() {
        let [without, with] = lines(true).map(|line| {
            serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
        });
        assert_eq!(without.get("correlation"), None);
        assert_eq!(with["correlation"], 7);
        assert_eq!(with["trace_id"], format!("{:032x}", 0xab));
        assert_eq!([&with["message"], &with["port"]], [&json!("failed"), &json!("taxi/payment")]);
    }
}
