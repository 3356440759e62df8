//! From each bank's own words to our codes: one table.

use banking_api::Code;
use formats::statement::{Code as Word, Scheme};

use Code::*;

/// A scheme, the beginning of the bank's word, and our code for credits and for debits. The longest beginning counts.
type Line = (Scheme, &'static str, Code, Code);

const LINES: &[Line] = &[
    // ISO 20022: domain, family, sub-family.
    (Scheme::Iso, "PMNT-RCDT", CustomerReceipt, SupplierPayment),
    (Scheme::Iso, "PMNT-RCDT-SALA", Payroll, Payroll),
    (Scheme::Iso, "PMNT-ICDT", CustomerReceipt, SupplierPayment),
    (Scheme::Iso, "PMNT-ICDT-SALA", Payroll, Payroll),
    (Scheme::Iso, "PMNT-ICDT-BOOK", OwnTransfer, OwnTransfer),
    (Scheme::Iso, "PMNT-RCDT-BOOK", OwnTransfer, OwnTransfer),
    (Scheme::Iso, "PMNT-ICDT-STDO", StandingOrder, StandingOrder),
    (Scheme::Iso, "PMNT-ICDT-XBCT", Wire, Wire),
    (Scheme::Iso, "PMNT-RCDT-XBCT", Wire, Wire),
    (Scheme::Iso, "PMNT-ICDT-RRTN", Return, Return),
    (Scheme::Iso, "PMNT-RCDT-RRTN", Return, Return),
    (Scheme::Iso, "PMNT-RRCT", InstantPayment, InstantPayment),
    (Scheme::Iso, "PMNT-IRCT", InstantPayment, InstantPayment),
    (Scheme::Iso, "PMNT-IRCT-SALA", Payroll, Payroll),
    (Scheme::Iso, "PMNT-RDDT", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Iso, "PMNT-IDDT", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Iso, "PMNT-RDDT-UPDD", Return, Return),
    (Scheme::Iso, "PMNT-IDDT-UPDD", Return, Return),
    (Scheme::Iso, "PMNT-CCRD", CardReceipt, CardPayment),
    (Scheme::Iso, "PMNT-MCRD", CardReceipt, CardPayment),
    (Scheme::Iso, "PMNT-CCRD-CWDL", CashDeposit, CashWithdrawal),
    (Scheme::Iso, "PMNT-CCRD-FEES", FeeRefund, CardFee),
    (Scheme::Iso, "PMNT-RCHQ", ChequeDeposit, ChequePaid),
    (Scheme::Iso, "PMNT-ICHQ", ChequeDeposit, ChequePaid),
    (Scheme::Iso, "PMNT-CNTR", CashDeposit, CashWithdrawal),
    (Scheme::Iso, "PMNT-DRFT", ChequeDeposit, ChequePaid),
    (Scheme::Iso, "ACMT-MCOP-INTR", InterestEarned, InterestPaid),
    (Scheme::Iso, "ACMT-MDOP-INTR", InterestEarned, InterestPaid),
    (Scheme::Iso, "ACMT-MCOP", FeeRefund, Fee),
    (Scheme::Iso, "ACMT-MDOP", FeeRefund, Fee),
    (Scheme::Iso, "ACMT-MDOP-TAXE", TaxRefund, Tax),
    (Scheme::Iso, "CAMT-CAPL", OwnTransfer, OwnTransfer),
    (Scheme::Iso, "CAMT-ACCB", OwnTransfer, OwnTransfer),
    (Scheme::Iso, "LDAS", LoanDrawdown, LoanRepayment),
    (Scheme::Iso, "LDAS-FTLN", LoanDrawdown, LoanRepayment),
    (Scheme::Iso, "FORX", ForeignExchange, ForeignExchange),
    (Scheme::Iso, "SECU-CUST-DVCA", Dividend, Dividend),
    (Scheme::Iso, "SECU-CUST-INTR", InterestEarned, InterestPaid),
    (Scheme::Iso, "SECU", SecuritiesSale, SecuritiesPurchase),
    (Scheme::Iso, "TRAD", CustomerReceipt, SupplierPayment),
    // Plaid's detailed categories.
    (Scheme::Bank, "PLAID-INCOME_WAGES", Payroll, Payroll),
    (Scheme::Bank, "PLAID-INCOME_DIVIDENDS", Dividend, Dividend),
    (Scheme::Bank, "PLAID-INCOME_INTEREST_EARNED", InterestEarned, InterestPaid),
    (Scheme::Bank, "PLAID-INCOME_RETIREMENT_PENSION", Pension, Pension),
    (Scheme::Bank, "PLAID-INCOME_TAX_REFUND", TaxRefund, Tax),
    (Scheme::Bank, "PLAID-INCOME_UNEMPLOYMENT", Benefit, Benefit),
    (Scheme::Bank, "PLAID-INCOME_OTHER_INCOME", CustomerReceipt, SupplierPayment),
    (Scheme::Bank, "PLAID-TRANSFER_IN_CASH_ADVANCES_AND_LOANS", LoanDrawdown, LoanRepayment),
    (Scheme::Bank, "PLAID-TRANSFER_IN_DEPOSIT", CashDeposit, CashDeposit),
    (Scheme::Bank, "PLAID-TRANSFER_IN_ACCOUNT_TRANSFER", OwnTransfer, OwnTransfer),
    (Scheme::Bank, "PLAID-TRANSFER_OUT_ACCOUNT_TRANSFER", OwnTransfer, OwnTransfer),
    (Scheme::Bank, "PLAID-TRANSFER_OUT_WITHDRAWAL", CashWithdrawal, CashWithdrawal),
    (Scheme::Bank, "PLAID-LOAN_PAYMENTS_CREDIT_CARD_PAYMENT", CardReceipt, LoanRepayment),
    (Scheme::Bank, "PLAID-LOAN_PAYMENTS_MORTGAGE_PAYMENT", LoanRepayment, LoanRepayment),
    (Scheme::Bank, "PLAID-LOAN_PAYMENTS_OTHER_PAYMENT", LoanRepayment, LoanRepayment),
    (Scheme::Bank, "PLAID-BANK_FEES_INTEREST_CHARGE", InterestEarned, InterestPaid),
    (Scheme::Bank, "PLAID-BANK_FEES_OTHER_BANK_FEES", FeeRefund, Fee),
    (Scheme::Bank, "PLAID-BANK_FEES_ATM_FEES", FeeRefund, Fee),
    (Scheme::Bank, "PLAID-BANK_FEES_OVERDRAFT_FEES", FeeRefund, Fee),
    (Scheme::Bank, "PLAID-BANK_FEES_FOREIGN_TRANSACTION_FEES", FeeRefund, Fee),
    (Scheme::Bank, "PLAID-GOVERNMENT_AND_NON_PROFIT_TAX_PAYMENT", TaxRefund, Tax),
    (Scheme::Bank, "PLAID-RENT_AND_UTILITIES_RENT", Rent, Rent),
    (Scheme::Bank, "PLAID-RENT_AND_UTILITIES_OTHER_UTILITIES", Utilities, Utilities),
    (Scheme::Bank, "PLAID-RENT_AND_UTILITIES_GAS_AND_ELECTRICITY", Utilities, Utilities),
    (Scheme::Bank, "PLAID-GENERAL_SERVICES_INSURANCE", Insurance, Insurance),
    (Scheme::Bank, "PLAID-FOOD_AND_DRINK_COFFEE", CardReceipt, CardPayment),
    // SWIFT's types of field 61.
    (Scheme::Mt, "NTRF", CustomerReceipt, SupplierPayment),
    (Scheme::Mt, "NCHG", FeeRefund, Fee),
    (Scheme::Mt, "NCOM", FeeRefund, Fee),
    (Scheme::Mt, "NINT", InterestEarned, InterestPaid),
    (Scheme::Mt, "NDIV", Dividend, Dividend),
    (Scheme::Mt, "NDDT", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Mt, "NCHK", ChequeDeposit, ChequePaid),
    (Scheme::Mt, "NCLR", CashDeposit, CashWithdrawal),
    (Scheme::Mt, "NCMI", OwnTransfer, OwnTransfer),
    (Scheme::Mt, "NCMZ", OwnTransfer, OwnTransfer),
    (Scheme::Mt, "NFEX", ForeignExchange, ForeignExchange),
    (Scheme::Mt, "NLDP", LoanDrawdown, LoanRepayment),
    (Scheme::Mt, "NRTI", Return, Return),
    (Scheme::Mt, "NSEC", SecuritiesSale, SecuritiesPurchase),
    (Scheme::Mt, "NSTO", StandingOrder, StandingOrder),
    (Scheme::Mt, "NTAX", TaxRefund, Tax),
    (Scheme::Mt, "NVDA", Correction, Correction),
    (Scheme::Mt, "NBRF", FeeRefund, Fee),
    (Scheme::Mt, "NCOL", CustomerReceipt, SupplierPayment),
    // German business transaction codes.
    (Scheme::Gvc, "004", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Gvc, "005", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Gvc, "105", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Gvc, "106", CardReceipt, CardPayment),
    (Scheme::Gvc, "107", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Gvc, "108", Return, Return),
    (Scheme::Gvc, "109", Return, Return),
    (Scheme::Gvc, "116", CustomerReceipt, SupplierPayment),
    (Scheme::Gvc, "117", StandingOrder, StandingOrder),
    (Scheme::Gvc, "153", Payroll, Payroll),
    (Scheme::Gvc, "156", Benefit, Benefit),
    (Scheme::Gvc, "166", CustomerReceipt, SupplierPayment),
    (Scheme::Gvc, "168", InstantPayment, InstantPayment),
    (Scheme::Gvc, "201", Wire, Wire),
    (Scheme::Gvc, "804", FeeRefund, Fee),
    (Scheme::Gvc, "805", InterestEarned, InterestPaid),
    (Scheme::Gvc, "806", FeeRefund, Fee),
    (Scheme::Gvc, "808", FeeRefund, Fee),
    (Scheme::Gvc, "814", InterestEarned, InterestPaid),
    (Scheme::Gvc, "820", OwnTransfer, OwnTransfer),
    (Scheme::Gvc, "833", OwnTransfer, OwnTransfer),
    // BAI2 types: 1xx to 3xx are credits, 4xx to 6xx debits.
    (Scheme::Bai2, "115", ChequeDeposit, ChequePaid),
    (Scheme::Bai2, "142", CustomerReceipt, SupplierPayment),
    (Scheme::Bai2, "165", CustomerReceipt, SupplierPayment),
    (Scheme::Bai2, "169", CustomerReceipt, SupplierPayment),
    (Scheme::Bai2, "171", LoanDrawdown, LoanRepayment),
    (Scheme::Bai2, "174", CustomerReceipt, SupplierPayment),
    (Scheme::Bai2, "175", ChequeDeposit, ChequePaid),
    (Scheme::Bai2, "191", OwnTransfer, OwnTransfer),
    (Scheme::Bai2, "195", Wire, Wire),
    (Scheme::Bai2, "206", OwnTransfer, OwnTransfer),
    (Scheme::Bai2, "208", Wire, Wire),
    (Scheme::Bai2, "214", ForeignExchange, ForeignExchange),
    (Scheme::Bai2, "240", Return, Return),
    (Scheme::Bai2, "255", Return, Return),
    (Scheme::Bai2, "257", Return, Return),
    (Scheme::Bai2, "266", Return, Return),
    (Scheme::Bai2, "275", OwnTransfer, OwnTransfer),
    (Scheme::Bai2, "301", CashDeposit, CashWithdrawal),
    (Scheme::Bai2, "354", InterestEarned, InterestPaid),
    (Scheme::Bai2, "357", Correction, Correction),
    (Scheme::Bai2, "395", ChequeDeposit, ChequePaid),
    (Scheme::Bai2, "399", CustomerReceipt, SupplierPayment),
    (Scheme::Bai2, "408", Fee, Fee),
    (Scheme::Bai2, "451", SupplierPayment, SupplierPayment),
    (Scheme::Bai2, "455", SupplierPayment, SupplierPayment),
    (Scheme::Bai2, "469", SupplierPayment, SupplierPayment),
    (Scheme::Bai2, "472", ChequePaid, ChequePaid),
    (Scheme::Bai2, "475", ChequePaid, ChequePaid),
    (Scheme::Bai2, "481", LoanRepayment, LoanRepayment),
    (Scheme::Bai2, "491", OwnTransfer, OwnTransfer),
    (Scheme::Bai2, "495", Wire, Wire),
    (Scheme::Bai2, "501", OwnTransfer, OwnTransfer),
    (Scheme::Bai2, "508", Wire, Wire),
    (Scheme::Bai2, "514", ForeignExchange, ForeignExchange),
    (Scheme::Bai2, "555", Return, Return),
    (Scheme::Bai2, "557", Return, Return),
    (Scheme::Bai2, "575", OwnTransfer, OwnTransfer),
    (Scheme::Bai2, "595", ForeignExchange, ForeignExchange),
    (Scheme::Bai2, "654", InterestPaid, InterestPaid),
    (Scheme::Bai2, "661", Fee, Fee),
    (Scheme::Bai2, "695", SupplierPayment, SupplierPayment),
    (Scheme::Bai2, "698", Fee, Fee),
    // OFX.
    (Scheme::Ofx, "INT", InterestEarned, InterestPaid),
    (Scheme::Ofx, "DIV", Dividend, Dividend),
    (Scheme::Ofx, "FEE", FeeRefund, Fee),
    (Scheme::Ofx, "SRVCHG", FeeRefund, Fee),
    (Scheme::Ofx, "DEP", CustomerReceipt, SupplierPayment),
    (Scheme::Ofx, "ATM", CashDeposit, CashWithdrawal),
    (Scheme::Ofx, "CASH", CashDeposit, CashWithdrawal),
    (Scheme::Ofx, "POS", CardReceipt, CardPayment),
    (Scheme::Ofx, "XFER", OwnTransfer, OwnTransfer),
    (Scheme::Ofx, "CHECK", ChequeDeposit, ChequePaid),
    (Scheme::Ofx, "PAYMENT", CustomerReceipt, SupplierPayment),
    (Scheme::Ofx, "DIRECTDEP", CustomerReceipt, SupplierPayment),
    (Scheme::Ofx, "DIRECTDEBIT", DirectDebitReceived, DirectDebitPaid),
    (Scheme::Ofx, "REPEATPMT", StandingOrder, StandingOrder),
    (Scheme::Ofx, "BUY", SecuritiesSale, SecuritiesPurchase),
    (Scheme::Ofx, "SELL", SecuritiesSale, SecuritiesPurchase),
];

/// Purposes of ISO 20022 say more than the way on which the money came.
const PURPOSES: &[(&str, Code, Code)] = &[
    ("SALA", Payroll, Payroll),
    ("BONU", Payroll, Payroll),
    ("PENS", Pension, Pension),
    ("SSBE", Benefit, Benefit),
    ("BENE", Benefit, Benefit),
    ("TAXS", TaxRefund, Tax),
    ("VATX", TaxRefund, Tax),
    ("RENT", Rent, Rent),
    ("INSU", Insurance, Insurance),
    ("LOAN", LoanDrawdown, LoanRepayment),
    ("INTE", InterestEarned, InterestPaid),
    ("DIVI", Dividend, Dividend),
    ("INTC", OwnTransfer, OwnTransfer),
    ("ELEC", Utilities, Utilities),
    ("GASB", Utilities, Utilities),
    ("PHON", Utilities, Utilities),
];

/// Our code, and the bank's first word.
pub(crate) fn code_of(words: &[Word], purpose: Option<&str>, is_credit: bool) -> (Code, Option<String>) {
    let of_direction = |credit: Code, debit: Code| if is_credit { credit } else { debit };
    let by_purpose = PURPOSES.iter().find(|(name, ..)| Some(*name) == purpose);
    let by_purpose = by_purpose.map(|(_, credit, debit)| of_direction(*credit, *debit));
    let by_word = words.iter().find_map(|word| line(word).map(|(_, _, credit, debit)| of_direction(*credit, *debit)));
    (by_purpose.or(by_word).unwrap_or(Other), words.first().map(|word| word.code.clone()))
}

fn line(word: &Word) -> Option<&'static Line> {
    let begins = |line: &&Line| {
        let rest = (line.0 == word.scheme).then(|| word.code.strip_prefix(line.1)).flatten();
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    LINES.iter().filter(begins).max_by_key(|line| line.1.len())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn code(scheme: Scheme, word: &str, is_credit: bool) -> Code {
        code_of(&[Word::new(scheme, word)], None, is_credit).0
    }

    #[test]
    fn words_of_five_formats_become_our_codes() {
        for (scheme, word, credit, debit) in [
            (Scheme::Iso, "PMNT-RCDT-ESCT", CustomerReceipt, SupplierPayment),
            (Scheme::Iso, "PMNT-ICDT-SALA", Payroll, Payroll),
            (Scheme::Iso, "ACMT-MDOP-CHRG", FeeRefund, Fee),
            (Scheme::Mt, "NTRF", CustomerReceipt, SupplierPayment),
            (Scheme::Mt, "NCHG", FeeRefund, Fee),
            (Scheme::Gvc, "153", Payroll, Payroll),
            (Scheme::Bai2, "475", ChequePaid, ChequePaid),
            (Scheme::Ofx, "INT", InterestEarned, InterestPaid),
        ] {
            assert_eq!((code(scheme, word, true), code(scheme, word, false)), (credit, debit), "{word}");
        }
    }

    #[test]
    fn an_unknown_word_stays_other_with_that_word() {
        for (scheme, word) in [(Scheme::Iso, "PMNTX-RCDT"), (Scheme::Mt, "NXYZ"), (Scheme::Bank, "175")] {
            assert_eq!(code_of(&[Word::new(scheme, word)], None, true), (Other, Some(word.to_owned())));
        }
        assert_eq!(code_of(&[], None, true), (Other, None));
    }

    #[test]
    fn a_purpose_says_more_than_the_way() {
        let words = [Word::new(Scheme::Iso, "PMNT-ICDT-ESCT")];
        assert_eq!(code_of(&words, Some("SALA"), false).0, Payroll);
        assert_eq!(code_of(&words, Some("XXXX"), false).0, SupplierPayment);
    }

    #[test]
    fn no_word_has_two_lines() {
        let mut seen = HashSet::new();
        assert!(LINES.iter().all(|(scheme, word, ..)| seen.insert((format!("{scheme:?}"), *word))));
    }
}
