//! Values on their way into a statement, and cells on their way out, the same for both engines.

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::DbError;

#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Cell>);

impl Row {
    pub fn int(&self, column: usize) -> Result<i64, DbError> {
        match self.0.get(column) {
            Some(Cell::Int(value)) => Ok(*value),
            other => Err(wrong(column, "a number", other)),
        }
    }

    pub fn int_or_null(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    pub fn text(&self, column: usize) -> Result<&str, DbError> {
        match self.0.get(column) {
            Some(Cell::Text(value)) => Ok(value),
            other => Err(wrong(column, "text", other)),
        }
    }

    pub fn text_or_null(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    pub fn bytes(&self, column: usize) -> Result<&[u8], DbError> {
        match self.0.get(column) {
            Some(Cell::Bytes(value)) => Ok(value),
            other => Err(wrong(column, "bytes", other)),
        }
    }

    pub fn bytes_or_null(&self, column: usize) -> Result<Option<&[u8]>, DbError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.bytes(column).map(Some),
        }
    }

    /// Bytes of a fixed length: ids and hashes.
    pub fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], DbError> {
        let bytes = self.bytes(column)?;
        bytes
            .try_into()
            .map_err(|_| DbError::shape(format!("column {column} has {} bytes instead of {N}", bytes.len())))
    }
}

fn wrong(column: usize, wanted: &str, found: Option<&Cell>) -> DbError {
    let found = match found {
        None => "nothing",
        Some(Cell::Null) => "null",
        Some(Cell::Int(_)) => "a number",
        Some(Cell::Text(_)) => "text",
        Some(Cell::Bytes(_)) => "bytes",
    };
    DbError::shape(format!("column {column} holds {found} where {wanted} was expected"))
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(value) if *ty == Type::INT2 => i16::try_from(*value)?.to_sql(ty, out),
            Value::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Value::Int(value) => value.to_sql(ty, out),
            Value::Text(value) => value.to_sql(ty, out),
            Value::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT2, Type::INT4, Type::INT8, Type::TEXT, Type::VARCHAR, Type::NAME, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

pub(crate) fn sqlite_cell(value: rusqlite::types::ValueRef<'_>) -> Result<Cell, DbError> {
    use rusqlite::types::ValueRef;
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Text(bytes) => {
            Cell::Text(String::from_utf8(bytes.to_vec()).map_err(|_| DbError::shape("text that is not UTF-8"))?)
        }
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(DbError::shape("a floating point number, which no column of ours holds")),
    })
}

pub(crate) fn postgres_row(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    let cells = row.columns().iter().enumerate().map(|(place, column)| postgres_cell(row, place, column.type_()));
    Ok(Row(cells.collect::<Result<_, _>>()?))
}

fn postgres_cell(row: &tokio_postgres::Row, place: usize, ty: &Type) -> Result<Cell, DbError> {
    let cell = match *ty {
        Type::INT2 => row.try_get::<_, Option<i16>>(place).map(|value| value.map(|value| Cell::Int(value.into()))),
        Type::INT4 => row.try_get::<_, Option<i32>>(place).map(|value| value.map(|value| Cell::Int(value.into()))),
        Type::INT8 => row.try_get::<_, Option<i64>>(place).map(|value| value.map(Cell::Int)),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place).map(|value| value.map(Cell::Bytes)),
        _ => row.try_get::<_, Option<String>>(place).map(|value| value.map(Cell::Text)),
    };
    Ok(cell.map_err(|error| DbError::postgres("read a cell", error))?.unwrap_or(Cell::Null))
}
