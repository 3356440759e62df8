//! What BAI2's three-digit types are.

use crate::statement::BalanceKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Balance(BalanceKind),
    Credit,
    Debit,
    /// Loans and messages: kept, not counted.
    Other,
}

pub(super) fn class(code: &str) -> Class {
    use BalanceKind::{
        ClosingAvailable, ClosingBooked, ForwardAvailable, InterimAvailable, InterimBooked, OpeningAvailable,
        OpeningBooked,
    };
    let Ok(number) = code.parse::<u16>() else { return Class::Other };
    match number {
        10 => Class::Balance(OpeningBooked),
        15 => Class::Balance(ClosingBooked),
        30 => Class::Balance(InterimBooked),
        40 => Class::Balance(OpeningAvailable),
        45 => Class::Balance(ClosingAvailable),
        60 => Class::Balance(InterimAvailable),
        72 | 74 => Class::Balance(ForwardAvailable),
        0..=99 | 900..=919 => Class::Balance(BalanceKind::Other),
        100..=399 | 920..=959 => Class::Credit,
        400..=699 | 960..=999 => Class::Debit,
        _ => Class::Other,
    }
}
