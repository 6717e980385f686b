//! The columns of a view: one for each field but the number.

use crate::domain::kernel::{Field, FieldKind};

/// Returns the column of a field. It is named by its index, so statements contain no field names.
pub(super) fn column(fields: &[Field], index: usize) -> String {
    match fields[index].kind {
        FieldKind::Key => "number".to_owned(),
        FieldKind::Text | FieldKind::Number | FieldKind::Time | FieldKind::Date => {
            format!("field_{index}")
        }
    }
}

/// The column with the subject of the customer to whom a row belongs. It comes after those of the
/// fields.
pub(super) const OWNER: &str = "owner";

/// Returns the fields that have a column of their own.
pub(super) fn columns_of(fields: &[Field]) -> impl Iterator<Item = (String, &Field)> {
    let all = (0..).zip(fields).filter(|(_, field)| field.kind != FieldKind::Key);
    all.map(|(index, field)| (column(fields, index), field))
}
