//! Standard entry classes, and what transaction codes say.

use serde::Serialize;

macro_rules! classes {
    ($($name:ident = $code:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "UPPERCASE")]
        pub enum Sec { $($name),+ }

        impl Sec {
            pub const ALL: &'static [Sec] = &[$(Sec::$name),+];

            pub fn code(self) -> &'static str {
                match self { $(Sec::$name => $code),+ }
            }
        }
    };
}

classes! {
    Ack = "ACK", Adv = "ADV", Arc = "ARC", Atx = "ATX", Boc = "BOC", Ccd = "CCD", Cie = "CIE", Cor = "COR", Ctx = "CTX",
    Dne = "DNE", Enr = "ENR", Iat = "IAT", Mte = "MTE", Pop = "POP", Pos = "POS", Ppd = "PPD", Rck = "RCK", Shr = "SHR",
    Tel = "TEL", Trc = "TRC", Trx = "TRX", Web = "WEB", Xck = "XCK",
}

impl Sec {
    pub fn from_code(code: &str) -> Option<Sec> {
        Sec::ALL.iter().copied().find(|sec| sec.code() == code)
    }

    /// The entry states how many addenda follow.
    pub fn counts_addenda(self) -> bool {
        matches!(self, Sec::Atx | Sec::Ctx | Sec::Enr | Sec::Trx)
    }
}

/// Whether a transaction code credits the receiver; nothing where no rule knows the code. Advices alternate.
pub fn is_credit(code: u8) -> Option<bool> {
    match code {
        21..=24 | 31..=34 | 41..=44 | 51..=54 => Some(true),
        26..=29 | 36..=39 | 46..=49 | 55..=56 => Some(false),
        81..=88 => Some(code % 2 == 1),
        _ => None,
    }
}

/// Asks whether an account is there; no money moves.
pub fn is_prenote(code: u8) -> bool {
    matches!(code, 23 | 28 | 33 | 38 | 43 | 48 | 53)
}
