//! Places of fields in their records, counted from 1.

use super::record::Field;

pub const FILE_PRIORITY: Field = Field::new("priority code", 2, 3);
pub const FILE_DESTINATION: Field = Field::new("immediate destination", 4, 13);
pub const FILE_ORIGIN: Field = Field::new("immediate origin", 14, 23);
pub const FILE_DATE: Field = Field::new("file creation date", 24, 29);
pub const FILE_TIME: Field = Field::new("file creation time", 30, 33);
pub const FILE_MODIFIER: Field = Field::new("file id modifier", 34, 34);
pub const FILE_SIZES: Field = Field::new("record size, blocking factor and format", 35, 40);
pub const FILE_DESTINATION_NAME: Field = Field::new("immediate destination name", 41, 63);
pub const FILE_ORIGIN_NAME: Field = Field::new("immediate origin name", 64, 86);
pub const FILE_REFERENCE: Field = Field::new("reference code", 87, 94);

pub const BATCH_CLASS: Field = Field::new("service class code", 2, 4);
pub const BATCH_COMPANY_NAME: Field = Field::new("company name", 5, 20);
pub const BATCH_DISCRETIONARY: Field = Field::new("company discretionary data", 21, 40);
pub const BATCH_COMPANY_ID: Field = Field::new("company identification", 41, 50);
pub const BATCH_SEC: Field = Field::new("standard entry class code", 51, 53);
pub const BATCH_DESCRIPTION: Field = Field::new("company entry description", 54, 63);
pub const BATCH_DESCRIPTIVE_DATE: Field = Field::new("company descriptive date", 64, 69);
pub const BATCH_EFFECTIVE: Field = Field::new("effective entry date", 70, 75);
pub const BATCH_SETTLEMENT: Field = Field::new("settlement date", 76, 78);
pub const BATCH_STATUS: Field = Field::new("originator status code", 79, 79);
pub const BATCH_ODFI: Field = Field::new("originating DFI", 80, 87);
pub const BATCH_NUMBER: Field = Field::new("batch number", 88, 94);

pub const ENTRY_CODE: Field = Field::new("transaction code", 2, 3);
pub const ENTRY_RDFI: Field = Field::new("receiving DFI", 4, 11);
pub const ENTRY_ROUTING: Field = Field::new("receiving DFI and check digit", 4, 12);
pub const ENTRY_ACCOUNT: Field = Field::new("DFI account number", 13, 29);
pub const ENTRY_AMOUNT: Field = Field::new("amount", 30, 39);
pub const ENTRY_ID: Field = Field::new("individual identification number", 40, 54);
pub const ENTRY_NAME: Field = Field::new("individual name", 55, 76);
pub const ENTRY_DISCRETIONARY: Field = Field::new("discretionary data", 77, 78);
pub const ENTRY_INDICATOR: Field = Field::new("addenda record indicator", 79, 79);
pub const ENTRY_TRACE: Field = Field::new("trace number", 80, 94);

/// ATX, CTX, ENR and TRX: the number of addenda, and a shorter name after it.
pub const COUNTED_ADDENDA: Field = Field::new("number of addenda records", 55, 58);
pub const COUNTED_NAME: Field = Field::new("receiving company name", 59, 74);

pub const IAT_ADDENDA: Field = Field::new("number of addenda records", 13, 16);
pub const IAT_ACCOUNT: Field = Field::new("foreign receiver's account number", 40, 74);

pub const ADV_ACCOUNT: Field = Field::new("DFI account number", 13, 27);
pub const ADV_AMOUNT: Field = Field::new("amount", 28, 39);
pub const ADV_TRACE: Field = Field::new("sequence number", 80, 94);

pub const ADDENDA_TYPE: Field = Field::new("addenda type code", 2, 3);
pub const ADDENDA_TEXT: Field = Field::new("payment related information", 4, 83);
pub const ADDENDA_SEQUENCE: Field = Field::new("addenda sequence number", 84, 87);
pub const ADDENDA_ENTRY: Field = Field::new("entry detail sequence number", 88, 94);
pub const ADDENDA_TRACE: Field = Field::new("trace number", 80, 94);

pub const RETURN_CODE: Field = Field::new("return reason code", 4, 6);
pub const RETURN_ORIGINAL_TRACE: Field = Field::new("original entry trace number", 7, 21);
pub const RETURN_DEATH: Field = Field::new("date of death", 22, 27);
pub const RETURN_ORIGINAL_RDFI: Field = Field::new("original receiving DFI", 28, 35);
pub const RETURN_INFO: Field = Field::new("addenda information", 36, 79);
pub const RETURN_TRACE: Field = Field::new("return trace number", 39, 53);
pub const RETURN_SETTLEMENT: Field = Field::new("return settlement date", 54, 56);
pub const RETURN_REASON: Field = Field::new("original return reason code", 57, 58);
pub const DISHONORED_INFO: Field = Field::new("addenda information", 59, 79);
pub const CONTESTED_TRACE: Field = Field::new("dishonored return trace number", 59, 73);
pub const CONTESTED_SETTLEMENT: Field = Field::new("dishonored return settlement date", 74, 76);
pub const CONTESTED_REASON: Field = Field::new("dishonored return reason code", 77, 78);

pub const CHANGE_CODE: Field = Field::new("change code", 4, 6);
pub const CHANGE_DATA: Field = Field::new("corrected data", 36, 64);
/// Of a refused notification: the code it refused.
pub const CHANGE_REFUSED: Field = Field::new("refused change code", 65, 67);

pub const CONTROL_CLASS: Field = Field::new("service class code", 2, 4);
pub const CONTROL_COUNT: Field = Field::new("entry and addenda count", 5, 10);
pub const CONTROL_HASH: Field = Field::new("entry hash", 11, 20);
pub const CONTROL_DEBITS: Field = Field::new("total debits", 21, 32);
pub const CONTROL_CREDITS: Field = Field::new("total credits", 33, 44);
pub const CONTROL_COMPANY_ID: Field = Field::new("company identification", 45, 54);
pub const CONTROL_ODFI: Field = Field::new("originating DFI", 80, 87);
pub const CONTROL_NUMBER: Field = Field::new("batch number", 88, 94);
pub const ADV_CONTROL_DEBITS: Field = Field::new("total debits", 21, 40);
pub const ADV_CONTROL_CREDITS: Field = Field::new("total credits", 41, 60);

pub const FILE_BATCHES: Field = Field::new("batch count", 2, 7);
pub const FILE_BLOCKS: Field = Field::new("block count", 8, 13);
pub const FILE_COUNT: Field = Field::new("entry and addenda count", 14, 21);
pub const FILE_HASH: Field = Field::new("entry hash", 22, 31);
pub const FILE_DEBITS: Field = Field::new("total debits", 32, 43);
pub const FILE_CREDITS: Field = Field::new("total credits", 44, 55);
pub const ADV_FILE_DEBITS: Field = Field::new("total debits", 32, 51);
pub const ADV_FILE_CREDITS: Field = Field::new("total credits", 52, 71);
