//! Options of `florin simulate card`, `florin iso8583` and `florin keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct SimulateCard {
    /// What happens
    #[arg(value_enum)]
    pub(crate) verb: CardVerb,
    /// The card's number, for verbs about a card
    #[arg(long, value_name = "NUMBER")]
    pub(crate) card: Option<String>,
    /// The card's token, instead of its number
    #[arg(long, value_name = "TOKEN", conflicts_with = "card")]
    pub(crate) token: Option<String>,
    /// The payment, for verbs about one that was authorized
    #[arg(long, value_name = "ID", conflicts_with_all = ["card", "token"])]
    pub(crate) authorization: Option<String>,
    /// A decimal amount with all places of its currency, such as 10.00
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) amount: Option<String>,
    /// [default: the card's own]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// The merchant's id
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<String>,
    /// The merchant's category, four digits
    #[arg(long, value_name = "DIGITS")]
    pub(crate) category: Option<String>,
    /// The merchant's country, two letters
    #[arg(long, value_name = "COUNTRY")]
    pub(crate) country: Option<String>,
    /// Your own name for the request; the same one gets the same answer [default: a new one]
    #[arg(long, value_name = "NAME")]
    pub(crate) request_id: Option<String>,
    #[command(flatten)]
    pub(crate) whom: Whom,
}

/// Which florin is asked, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Whom {
    /// The address of a running florin
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) server: String,
    /// A file with an access token; a demo needs none
    #[arg(long, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make new keys for card numbers and move every number to them, while a server runs
    #[command(after_help = KEYS_EXAMPLES)]
    Rotate(RotateKeys),
}

#[derive(Debug, Args)]
pub(crate) struct RotateKeys {
    /// Only show how far the last rotation is
    #[arg(long)]
    pub(crate) look: bool,
    #[command(flatten)]
    pub(crate) whom: Whom,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum CardVerb {
    /// A merchant asks whether the card may pay
    Authorize,
    /// A stand-in has approved
    Advice,
    /// More is held
    Increment,
    /// The network has paid the merchant
    Clear,
    /// All that is held is released
    Void,
    /// A part of it is released, or all
    Reverse,
    /// The hold ends as if its time were over
    Expire,
    /// The merchant gives back what was paid, or pays a card without a payment
    Refund,
    /// A refund is taken back
    RefundReversal,
    /// A clearing without an authorization
    ForcePost,
    /// What the card's account has available
    BalanceInquiry,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Iso8583 {
    /// Print each message of a recording: card numbers masked, tracks and PIN blocks hidden
    Decode(Decode),
}

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// A file of frames as they travel: two bytes of length, then the message
    pub(crate) file: PathBuf,

    /// How the messages are coded: ascii, binary, ebcdic, or the path of a dialect's file
    #[arg(long, default_value = "ascii")]
    pub(crate) dialect: String,
}

pub(crate) const CARD_EXAMPLES: &str = "\
Examples, with `florin serve --demo` in another terminal:
  florin simulate card authorize --card 4111111111111111 --amount 10.00 --merchant bookshop --category 5942 --country DE
  florin simulate card clear --authorization auth_01... --amount 10.00
  florin simulate card refund --authorization auth_01...
  florin simulate card balance_inquiry --card 4242424242424242

Prints the answer as JSON. A decline is an answer.";

const KEYS_EXAMPLES: &str = "\
Examples:
  florin keys rotate                              against `florin serve --demo` on this machine
  florin keys rotate --token-file admin.token
  florin keys rotate --look

Numbers are sealed again and get a new fingerprint while payments go on. The command ends when no number is left
under an old key; interrupting it does not stop the rotation.";
