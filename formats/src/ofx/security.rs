//! Investment statements: what is held. Trades are named and passed over.

use kernel::{Currency, Money};

use super::day;
use crate::amount::{self, DecimalMark};
use crate::mistake::{Bad, Of, Problem, shown};
use crate::statement::Holding;

#[derive(Default)]
pub(super) struct Position {
    pub(super) line: u64,
    pub(super) security: Option<String>,
    pub(super) scheme: Option<String>,
    pub(super) units: Option<String>,
    pub(super) price: Option<String>,
    pub(super) value: Option<String>,
    pub(super) as_of: Option<String>,
}

impl Position {
    pub(super) fn take(&mut self, name: &str, value: &str) {
        let place = match name {
            "UNIQUEID" => &mut self.security,
            "UNIQUEIDTYPE" => &mut self.scheme,
            "UNITS" => &mut self.units,
            "UNITPRICE" => &mut self.price,
            "MKTVAL" => &mut self.value,
            "DTPRICEASOF" => &mut self.as_of,
            _ => return,
        };
        *place = Some(value.to_owned());
    }

    pub(super) fn holding(self, currency: Option<Currency>) -> Result<Holding, Bad> {
        let decimal = |text: &String, field| match amount::decimal(text, DecimalMark::Either, 9) {
            Ok(_) => Ok(text.replace(',', ".")),
            Err(_) => Err(Bad::new(field, Problem::Amount { found: shown(text) })),
        };
        let value = match (&self.value, currency) {
            (Some(text), Some(currency)) => {
                let value = amount::decimal(text, DecimalMark::Either, currency.scale()).of("MKTVAL")?;
                Some(Money::new(value.minor, currency))
            }
            _ => None,
        };
        Ok(Holding {
            line: self.line,
            security: self.security.of("UNIQUEID")?,
            scheme: self.scheme,
            quantity: decimal(self.units.as_ref().of("UNITS")?, "UNITS")?,
            price: self.price.as_ref().map(|price| decimal(price, "UNITPRICE")).transpose()?,
            value,
            on: self.as_of.as_deref().map(day).transpose().of("DTPRICEASOF")?.map(|(day, _)| day),
        })
    }
}

/// Aggregates of `INVTRANLIST` that move securities.
pub(super) fn is_trade(name: &str) -> bool {
    matches!(
        name,
        "BUYDEBT"
            | "BUYMF"
            | "BUYOPT"
            | "BUYOTHER"
            | "BUYSTOCK"
            | "CLOSUREOPT"
            | "INCOME"
            | "INVEXPENSE"
            | "JRNLFUND"
            | "JRNLSEC"
            | "MARGININTEREST"
            | "REINVEST"
            | "RETOFCAP"
            | "SELLDEBT"
            | "SELLMF"
            | "SELLOPT"
            | "SELLOTHER"
            | "SELLSTOCK"
            | "SPLIT"
            | "TRANSFER"
    )
}
