//! Answers of cards as messages of a card network.

use kernel::Money;

use super::code;
use super::fields::numeric;
use crate::authorization::Authorization;
use crate::balance::CardBalance;
use crate::iso::message::Message;

/// Fields that an answer repeats.
const ECHOED: [u8; 14] = [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 70];
const ECHOED_OF_NETWORK: [u8; 3] = [7, 11, 70];

/// The type with the next function, the echoed fields, and 39.
pub(crate) fn answer(request: &Message, code: &str) -> Message {
    let [version, class, function, _] = request.mti;
    let mut answer = Message::new([version, class, function.saturating_add(1), 0]);
    let echoed = if class == 8 { &ECHOED_OF_NETWORK[..] } else { &ECHOED };
    for field in echoed {
        if let Some(value) = request.get(*field) {
            answer.set(*field, value);
        }
    }
    answer.set(39, code);
    answer
}

/// A decision: what was approved, the approval code, and the balance.
pub(crate) fn decided(request: &Message, decision: &Authorization) -> Message {
    let mut answer = answer(request, decision.response_code.as_deref().unwrap_or(code::MALFUNCTION));
    if let Some(code) = &decision.approval_code {
        answer.set(38, code.as_str());
    }
    if let Some(amounts) = decision.amounts.filter(|_| decision.is_approved()) {
        answer.set(4, format!("{:012}", amounts.merchant.minor()));
    }
    add_balance(&mut answer, decision.balance);
    answer
}

pub(crate) fn balance(request: &Message, found: &CardBalance) -> Message {
    let mut answer = answer(request, &found.response_code);
    add_balance(&mut answer, found.balance);
    answer
}

/// Kind 02: what is available.
fn add_balance(answer: &mut Message, balance: Option<Money>) {
    let Some((balance, currency)) = balance.and_then(|one| Some((one, numeric(one.currency())?))) else { return };
    let sign = if balance.minor() < 0 { 'D' } else { 'C' };
    answer.set(54, format!("0002{currency}{sign}{:012}", balance.minor().unsigned_abs()));
}
