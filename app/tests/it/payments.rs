//! Payments beside a real ledger: the story of all operations, approvals, limits, standing orders, and kills.

mod approvals;
mod desk;
mod hostile;
mod kills;
mod many;
mod orders;
mod rails;
mod rails_files;
mod rails_killed;
mod standing;
mod story;
mod uploads;
