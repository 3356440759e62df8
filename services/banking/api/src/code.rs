//! The kinds of bank transactions.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

/// What a transaction is, whatever its bank calls it. A bank's word that is not known stays `other`, with that word
/// beside it.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Code {
    CustomerReceipt,
    SupplierPayment,
    Payroll,
    Pension,
    Benefit,
    Tax,
    TaxRefund,
    InterestEarned,
    InterestPaid,
    Dividend,
    Fee,
    FeeRefund,
    OwnTransfer,
    ForeignExchange,
    CardPayment,
    CardReceipt,
    CardFee,
    CashWithdrawal,
    CashDeposit,
    DirectDebitPaid,
    DirectDebitReceived,
    StandingOrder,
    InstantPayment,
    Wire,
    Return,
    ChequePaid,
    ChequeDeposit,
    LoanDrawdown,
    LoanRepayment,
    Rent,
    Insurance,
    Utilities,
    SecuritiesPurchase,
    SecuritiesSale,
    Correction,
    #[default]
    Other,
}

impl Code {
    pub fn name(self) -> &'static str {
        self.into()
    }
}
