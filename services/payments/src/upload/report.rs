//! What became of a file's lines, as pain.002 or CSV. Pure.

use formats::Kind;
use formats::csv::{Cell, Export};
use formats::follow_up::{About, FollowUp, FollowUpWriter, Head, Original, Reason};
use formats::iso::Letters;
use formats::statement::WriteError;
use kernel::Timestamp;

use crate::face::{PaymentState, Upload, UploadLine, UploadState};
use crate::rail::plain;

const COLUMNS: [&str; 7] = ["line", "end_to_end_id", "amount", "currency", "payment", "state", "reason"];
/// The reason of a line that never became a payment.
const NOT_MADE: &str = "refused";

pub(crate) fn csv(lines: &[UploadLine]) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    let mut export = Export::new(&mut out, &COLUMNS)?;
    for line in lines {
        let payment = line.payment.map(|payment| payment.to_string());
        export.row([
            Cell::Number(i64::try_from(line.number).unwrap_or(i64::MAX)),
            line.end_to_end.as_deref().into(),
            Cell::Amount(line.amount),
            Cell::Text(line.amount.currency().code()),
            payment.as_deref().into(),
            Cell::Text(line.state.map_or(NOT_MADE, PaymentState::name)),
            line.reason.as_deref().into(),
        ])?;
    }
    export.flush()?;
    drop(export);
    Ok(out)
}

pub(crate) fn pain_002(upload: &Upload, lines: &[UploadLine], now: Timestamp) -> Result<Vec<u8>, WriteError> {
    let mut head = Head::new(Kind::Pain002);
    head.id = Some(plain(&upload.id));
    head.created_at = Some(now);
    let original = upload.message.clone().unwrap_or_else(|| "NOTPROVIDED".to_owned());
    let status = match upload.state {
        UploadState::Refused => "RJCT",
        UploadState::Working => "RCVD",
        UploadState::Done if lines.iter().any(|line| status_of(line.state) == "RJCT") => "PART",
        UploadState::Done => "ACCP",
    };
    head.about = About {
        message: Original { id: Some(original.clone()), name: Some("pain.001".to_owned()), ..Original::default() },
        status: Some(status.to_owned()),
        count: Some(upload.lines),
        ..About::default()
    };
    let mut out = FollowUpWriter::new(Vec::new(), &head, Letters::Swift)?;
    if !lines.is_empty() {
        out.batch(&About { payment_information: Some(original), ..About::default() })?;
    }
    for line in lines {
        let reason = line.reason.clone().filter(|_| status_of(line.state) == "RJCT");
        let reason = reason.map(|word| {
            match word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
                true => Reason { code: Some(word), ..Reason::default() },
                false => Reason { proprietary: Some(word.chars().take(35).collect()), ..Reason::default() },
            }
        });
        out.line(&FollowUp {
            instruction: line.payment.map(|payment| plain(&payment)),
            end_to_end: line.end_to_end.clone(),
            status: Some(status_of(line.state).to_owned()),
            reasons: reason.into_iter().collect(),
            original_amount: Some(line.amount),
            ..FollowUp::default()
        })?;
    }
    out.finish()
}

/// ISO's word for a state.
fn status_of(state: Option<PaymentState>) -> &'static str {
    use PaymentState::{
        AwaitingApproval, Cancelled, Held, Processing, Rejected, Returned, Scheduled, Settled, Submitted,
    };
    match state {
        Some(AwaitingApproval | Scheduled) => "PDNG",
        Some(Processing | Held) => "ACTC",
        Some(Submitted) => "ACSP",
        Some(Settled) => "ACSC",
        Some(Rejected | Cancelled | Returned) | None => "RJCT",
    }
}
