//! Customers: persons and businesses, and the people who act for them.

use jiff::civil::Date;
use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy)]
pub enum CustomerTag {}

impl IdKind for CustomerTag {
    const PREFIX: &'static str = "cust";
}

pub type CustomerId = Id<CustomerTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CustomerKind {
    Person,
    Business,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CustomerState {
    /// May not hold accounts yet.
    Pending,
    Active,
    /// May not open accounts.
    Restricted,
    /// Holds nothing any more.
    Closed,
}

impl CustomerState {
    /// Whether a customer may go from this state to the other.
    pub fn may_become(self, next: CustomerState) -> bool {
        use CustomerState::{Active, Closed, Pending, Restricted};
        matches!(
            (self, next),
            (Pending, Active | Closed) | (Active, Restricted | Closed) | (Restricted, Active | Closed)
        )
    }
}

/// Who a customer is. Sealed under the customer's own key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    #[schema(example = "Ann Miller", min_length = 1, max_length = 140)]
    pub name: String,
    /// Of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "1990-04-01")]
    pub birth_date: Option<Date>,
    /// Of a business: its number in a register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "ann@example.com")]
    pub email: Option<String>,
    /// With its country's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "+4930123456")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_ids: Vec<TaxId>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// The number of the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_code: Option<String>,
    pub town: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Two letters of ISO 3166.
    #[schema(example = "DE")]
    pub country: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxId {
    /// Two letters of ISO 3166.
    #[schema(example = "DE")]
    pub country: String,
    pub number: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    #[schema(value_type = String, example = "cust_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub id: CustomerId,
    pub kind: CustomerKind,
    pub state: CustomerState,
    /// Absent once the customer was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The id in another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erased_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCustomer {
    /// Where the customer already has one, as after an onboarding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<CustomerId>,
    pub kind: CustomerKind,
    /// `pending` if it is left out; `active` needs no further step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CustomerState>,
    pub profile: Profile,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeCustomer {
    pub id: CustomerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CustomerState>,
}

/// One exact value, or whole words of the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Find {
    ExternalId(String),
    /// The number of an account.
    Number(String),
    Email(String),
    Phone(String),
    TaxId(String),
    /// All of these words.
    Name(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<Find>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<CustomerId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerPage {
    pub items: Vec<Customer>,
    pub more: bool,
}

/// What a user may do for a customer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    Owner,
    Joint,
    /// Moves money up to an amount.
    Signatory,
    /// Reads.
    Viewer,
}

/// A subject of tokens that acts for a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    #[schema(example = "usr_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub subject: String,
    pub role: Role,
    /// The largest amount that a signatory moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    pub items: Vec<User>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutUser {
    pub customer: CustomerId,
    pub subject: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveUser {
    pub customer: CustomerId,
    pub subject: String,
}
