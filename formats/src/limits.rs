//! Every bound of a reader, with its unit. What exceeds one is refused by name, so memory never grows with a file.

/// Largest file that is read.
pub const FILE_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// What detection looks at, and the size of a reader's one buffer.
pub const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Longest single field, line or tag.
pub const FIELD_MAX_BYTES: usize = 256 * 1024;
/// Longest record that is put together from several lines or elements: one transaction with all its texts.
pub const RECORD_MAX_BYTES: usize = 1024 * 1024;
/// Most elements below one transaction or header.
pub const RECORD_MAX_ELEMENTS: usize = 20_000;
/// Deepest nesting of elements.
pub const DEPTH_MAX: usize = 64;
/// Mistakes of one class that are listed; the rest is counted.
pub const MISTAKES_MAX: usize = 100;
/// Balances, totals and the like told for one statement.
pub const BALANCES_MAX: usize = 1_000;
/// Details that are handed out at once: an entry with more is followed by further pages of them.
pub const DETAILS_MAX: usize = 1_000;
/// Characters of a wrong value that a message repeats.
pub const FOUND_MAX_CHARS: usize = 40;
/// Digits of an amount, before and after its point.
pub const AMOUNT_MAX_DIGITS: usize = 18;
/// Files in one archive.
pub const ARCHIVE_MEMBERS_MAX: usize = 1_000;
/// What all files of an archive may unpack to.
pub const ARCHIVE_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// What the directory of an archive may take.
pub const ARCHIVE_DIRECTORY_MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Statements that a summary lists, over all files of an archive; the rest is counted.
pub const SUMMARY_MAX: usize = 1_000;
/// Balances and mistakes that a summary lists, over all files of an archive.
pub const SUMMARY_BALANCES_MAX: usize = 10_000;
pub const SUMMARY_MISTAKES_MAX: usize = 1_000;
