//! OpenAPI schemas of the shared types, so that every service documents money, ids and time the same way.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::{Currency, Id, IdKind, Money, Percent, Timestamp};

fn text(description: &str, pattern: &str, example: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let text = text.pattern((!pattern.is_empty()).then_some(pattern)).examples([example]);
    RefOr::T(Schema::Object(text.build()))
}

const CODE: &str = "^[A-Z][A-Z0-9]{2,11}$";

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        let amount = "A decimal string, never a JSON number, with exactly the currency's decimal places: 10.00 in USD, 10 \
                      in JPY, 10.000 in BHD";
        let object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("An amount and its currency"))
            .property("amount", text(amount, r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,9})?$", "10.00"))
            .property("currency", text("An ISO 4217 code, or the code of a declared asset", CODE, "USD"))
            .required("amount")
            .required("currency")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .examples([serde_json::json!({ "amount": "10.00", "currency": "USD" })]);
        RefOr::T(Schema::Object(object.build()))
    }
}

impl ToSchema for Money {}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        let description = "An ISO 4217 code such as USD, or a declared asset with its scale such as POINTS/0";
        text(description, "^[A-Z][A-Z0-9]{2,11}(/[0-9])?$", "USD")
    }
}

impl ToSchema for Currency {}

impl PartialSchema for Percent {
    fn schema() -> RefOr<Schema> {
        let description = "A decimal string above 0 and up to 100, with at most 4 decimal places";
        text(description, r"^[0-9]{1,3}(\.[0-9]{1,4})?$", "33.3333")
    }
}

impl ToSchema for Percent {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let instant = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An RFC 3339 instant, stored to the microsecond in UTC"))
            .examples(["2026-01-31T12:00:00.000000Z"]);
        RefOr::T(Schema::Object(instant.build()))
    }
}

impl ToSchema for Timestamp {}

impl<K: IdKind> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        let pattern = format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX);
        let description = "128 bits as a prefix and 26 digits of 0-9 and a-z without i, l, o and u";
        text(description, &pattern, &Id::<K>::from_bits(EXAMPLE_ID).to_string())
    }
}

/// A version 7 UUID, like our own ids.
const EXAMPLE_ID: u128 = 0x019b_8f3c_5a00_7c11_a2b3_c4d5_e6f7_0819;

/// Named after its kind: the schema of `TransactionTag` ids is `TransactionId`.
impl<K: IdKind> ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        let kind = std::any::type_name::<K>();
        let kind = kind.rsplit("::").next().unwrap_or(kind);
        format!("{}Id", kind.trim_end_matches("Tag")).into()
    }
}
