//! An entry with its addenda: what it moves, and what returns and notifications of change say.

use kernel::Money;
use serde::Serialize;

use super::field;
use super::record::{Field, Record};
use super::sec::{self, Sec};
use crate::check_digit;
use crate::mistake::{Bad, Of, Problem};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub line: u64,
    pub sec: Sec,
    pub record: Record,
    pub addenda: Vec<Record>,
}

/// What a return, a notification or a quarrel about one speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Original {
    pub trace: String,
    pub rdfi: String,
}

/// How far a return has been disputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Return,
    /// R61 to R70: the originating bank does not accept the return.
    Dishonored,
    /// R71 to R77: the receiving bank insists.
    Contested,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Returned {
    pub code: String,
    pub stage: Stage,
    pub original: Original,
    pub date_of_death: Option<String>,
    /// Of disputes: the return's own trace number and reason.
    pub return_trace: Option<String>,
    pub return_reason: Option<String>,
    pub info: String,
}

/// A notification of change, or its refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub code: String,
    pub original: Original,
    pub corrected: String,
    /// Of a refusal: the code that was refused.
    pub refused: Option<String>,
}

impl Entry {
    pub fn transaction_code(&self) -> Option<u8> {
        self.record.number(field::ENTRY_CODE).ok().and_then(|code| u8::try_from(code).ok())
    }

    pub fn is_credit(&self) -> Option<bool> {
        self.transaction_code().and_then(sec::is_credit)
    }

    pub fn is_prenote(&self) -> bool {
        self.transaction_code().is_some_and(sec::is_prenote)
    }

    /// The receiving bank's nine digits.
    pub fn routing(&self) -> String {
        self.record.text(field::ENTRY_ROUTING)
    }

    pub fn account(&self) -> String {
        self.record.text(match self.sec {
            Sec::Iat => field::IAT_ACCOUNT,
            Sec::Adv => field::ADV_ACCOUNT,
            _ => field::ENTRY_ACCOUNT,
        })
    }

    pub(super) fn amount_field(sec: Sec) -> Field {
        if sec == Sec::Adv { field::ADV_AMOUNT } else { field::ENTRY_AMOUNT }
    }

    pub(super) fn cents(&self) -> Result<u64, Problem> {
        self.record.number(Entry::amount_field(self.sec))
    }

    /// Without a sign: the transaction code tells the direction.
    pub fn amount(&self) -> Option<Money> {
        self.cents().ok().and_then(|cents| i64::try_from(cents).ok()).and_then(super::dollars)
    }

    pub fn id(&self) -> String {
        self.record.text(field::ENTRY_ID)
    }

    pub fn name(&self) -> String {
        self.record.text(if self.sec.counts_addenda() { field::COUNTED_NAME } else { field::ENTRY_NAME })
    }

    pub fn trace(&self) -> String {
        self.record.text(field::ENTRY_TRACE)
    }

    /// Payment related information of all addenda of type 05, one after the other.
    pub fn payment_text(&self) -> String {
        self.of_type(b"05").map(|addenda| addenda.text(field::ADDENDA_TEXT)).collect()
    }

    fn of_type<'e>(&'e self, kind: &'static [u8]) -> impl Iterator<Item = &'e Record> {
        self.addenda.iter().filter(move |addenda| addenda.raw(field::ADDENDA_TYPE) == kind)
    }

    fn original(record: &Record) -> Original {
        Original { trace: record.text(field::RETURN_ORIGINAL_TRACE), rdfi: record.text(field::RETURN_ORIGINAL_RDFI) }
    }

    /// What an addenda of type 99 says.
    pub fn returned(&self) -> Option<Returned> {
        let record = self.of_type(b"99").next()?;
        let code = record.text(field::RETURN_CODE);
        let number: u8 = code.strip_prefix('R').and_then(|number| number.parse().ok()).unwrap_or(0);
        let stage = match number {
            61..=70 => Stage::Dishonored,
            71..=77 => Stage::Contested,
            _ => Stage::Return,
        };
        let some = |field: Field| Some(record.text(field)).filter(|text| !text.is_empty());
        let disputed = stage != Stage::Return;
        let info = match stage {
            Stage::Return => record.text(field::RETURN_INFO),
            Stage::Dishonored => record.text(field::DISHONORED_INFO),
            Stage::Contested => String::new(),
        };
        Some(Returned {
            code,
            stage,
            original: Entry::original(record),
            date_of_death: some(field::RETURN_DEATH).filter(|_| stage == Stage::Return),
            return_trace: some(field::RETURN_TRACE).filter(|_| disputed),
            return_reason: some(field::RETURN_REASON).filter(|_| disputed).map(|reason| format!("R{reason}")),
            info,
        })
    }

    /// What an addenda of type 98 says.
    pub fn change(&self) -> Option<Change> {
        let record = self.of_type(b"98").next()?;
        let code = record.text(field::CHANGE_CODE);
        let number: u8 = code.strip_prefix('C').and_then(|number| number.parse().ok()).unwrap_or(0);
        let refused = (61..=69).contains(&number).then(|| record.text(field::CHANGE_REFUSED));
        Some(Change { code, original: Entry::original(record), corrected: record.text(field::CHANGE_DATA), refused })
    }

    /// What a reader checks of an entry by itself.
    pub(super) fn check(&self) -> Result<(), Bad> {
        let code = self.record.number(field::ENTRY_CODE).of(field::ENTRY_CODE.name)?;
        let credit = u8::try_from(code).ok().and_then(sec::is_credit);
        credit.ok_or_else(|| {
            Bad::new(field::ENTRY_CODE.name, Problem::value("a known transaction code", &code.to_string()))
        })?;
        check_digit::aba(&self.routing()).of(field::ENTRY_ROUTING.name)?;
        let cents = self.cents().of(Entry::amount_field(self.sec).name)?;
        if cents > 0 && self.is_prenote() {
            return Err(Bad::new(
                field::ENTRY_AMOUNT.name,
                Problem::value("no amount in a prenote", &cents.to_string()),
            ));
        }
        if self.account().is_empty() {
            return Err(Bad::new(field::ENTRY_ACCOUNT.name, Problem::Missing));
        }
        self.check_addenda()
    }

    fn check_addenda(&self) -> Result<(), Bad> {
        let stated = match self.record.raw(field::ENTRY_INDICATOR) {
            b"0" => false,
            b"1" => true,
            _ => {
                let found = self.record.text(field::ENTRY_INDICATOR);
                return Err(Bad::new(field::ENTRY_INDICATOR.name, Problem::value("0 or 1", &found)));
            }
        };
        let found = self.addenda.len() as u64;
        if stated == self.addenda.is_empty() {
            let expected = if stated { "at least 1" } else { "0" }.to_owned();
            return Err(Bad::new(field::ENTRY_INDICATOR.name, Problem::Count { expected, found }));
        }
        let counted = match self.sec {
            Sec::Iat => Some(field::IAT_ADDENDA),
            sec if sec.counts_addenda() => Some(field::COUNTED_ADDENDA),
            _ => None,
        };
        // Returns keep the count of the entry that came back, and have an addenda of their own.
        let own = self.of_type(b"99").chain(self.of_type(b"98")).next().is_none();
        if let Some(field) = counted.filter(|_| own) {
            let stated = self.record.number(field).of(field.name)?;
            if stated != found {
                return Err(Bad::new(field.name, Problem::Count { expected: stated.to_string(), found }));
            }
        }
        for (place, addenda) in self.of_type(b"05").enumerate() {
            let sequence = addenda.number(field::ADDENDA_SEQUENCE).of(field::ADDENDA_SEQUENCE.name)?;
            if sequence != place as u64 + 1 {
                let problem = Problem::value(format!("addenda {}", place + 1), &sequence.to_string());
                return Err(Bad::new(field::ADDENDA_SEQUENCE.name, problem));
            }
        }
        Ok(())
    }
}
