//! A statement for people: one page without JavaScript, for reading and printing.

use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_SECURITY_POLICY;
use kernel::{Money, Timestamp};
use ledger_api::{Movement, Side, Statement, StatementBalance, StatementOrder, TimeBasis, TransactionKind};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Asked;

const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn response(statement: &Statement, asked: &Asked) -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(render(statement, asked).into_string())).into_response()
}

pub(super) fn render(statement: &Statement, asked: &Asked) -> Markup {
    let path = statement.path.as_str();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Statement of " (path) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header {
                        p.kind { "Account statement" }
                        h1 { (path) }
                        p.range { (range(statement)) }
                    }
                    (summary(statement))
                    (movements(statement))
                    (links(statement, asked))
                    footer {
                        p { (clock(statement.by)) " All times in UTC. As of row " (statement.as_of_seq) " of the log." }
                    }
                }
            }
        }
    }
}

fn range(statement: &Statement) -> Markup {
    html! {
        @match statement.from {
            Some(from) => { "From " (time(from)) }
            None => "From the account's opening",
        }
        @match statement.to {
            Some(to) => { " up to, not including, " (time(to)) }
            None => ", everything known",
        }
        " · in " (statement.currency)
    }
}

fn clock(by: TimeBasis) -> &'static str {
    match by {
        TimeBasis::Record => "In record order.",
        TimeBasis::Event => "In the order of taking effect, whenever recorded.",
    }
}

fn summary(statement: &Statement) -> Markup {
    let pending = [statement.opening, statement.closing].iter().any(has_pending);
    html! {
        dl.summary {
            div { dt { "Opening balance" } dd { (amount(statement.opening.posted)) } }
            div { dt { "Closing balance" } dd.strong { (amount(statement.closing.posted)) } }
            @if pending {
                div { dt { "Held to arrive" } dd { (amount(statement.closing.pending_in)) } }
                div { dt { "Held to leave" } dd { (amount(statement.closing.pending_out)) } }
            }
        }
    }
}

fn has_pending(balance: &StatementBalance) -> bool {
    balance.pending_in.minor() != 0 || balance.pending_out.minor() != 0
}

fn movements(statement: &Statement) -> Markup {
    let order = match statement.order {
        StatementOrder::OldestFirst => "oldest first",
        StatementOrder::NewestFirst => "newest first",
    };
    html! {
        // On narrow screens it scrolls sideways, with the keyboard too.
        div.scroll role="region" aria-label="Movements" tabindex="0" {
            table {
                caption { "Movements, " (order) }
                thead {
                    tr {
                        th scope="col" { "Date" }
                        th scope="col" { "Movement" }
                        th scope="col" { "Counterpart" }
                        th.number scope="col" { "Debit" }
                        th.number scope="col" { "Credit" }
                        th.number scope="col" { "Balance" }
                    }
                }
                tbody {
                    @for movement in &statement.movements { (row(statement.by, movement)) }
                    @if statement.movements.is_empty() {
                        tr { td.none colspan="6" { "There are no movements in this range." } }
                    }
                }
            }
        }
    }
}

fn row(by: TimeBasis, movement: &Movement) -> Markup {
    let (own, other) = match by {
        TimeBasis::Record => (movement.recorded_at, movement.effective_at),
        TimeBasis::Event => (movement.effective_at, movement.recorded_at),
    };
    let word = if by == TimeBasis::Record { "counts from " } else { "recorded " };
    let (debit, credit) = match movement.direction {
        Side::Debit => (Some(movement.amount), None),
        Side::Credit => (None, Some(movement.amount)),
    };
    html! {
        tr.held[!movement.moves_money()] {
            td.date {
                (time(own))
                @if own != other { span.note { (word) (time(other)) } }
            }
            td {
                (words(movement.kind))
                @if let Some(reference) = &movement.reference { " · " span.reference { (reference) } }
                span.note { (movement.transaction) }
            }
            td.path { (movement.counterpart) }
            td.number { @if let Some(debit) = debit { (amount(debit)) } }
            td.number { @if let Some(credit) = credit { (amount(credit)) } }
            td.number { (amount(movement.balance.posted)) }
        }
    }
}

fn words(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Posted => "Booked",
        TransactionKind::Pending => "Held",
        TransactionKind::Post => "Booked from a hold",
        TransactionKind::Void => "Hold released",
        TransactionKind::Increase => "Hold increased",
        TransactionKind::Reversal => "Reversed",
        TransactionKind::Expiry => "Hold expired",
        // These have no rows in a statement.
        TransactionKind::Scheduled => "Scheduled",
        TransactionKind::Cancellation => "Cancelled",
    }
}

/// Relative, so that they work wherever the page is mounted.
fn links(statement: &Statement, asked: &Asked) -> Markup {
    let previous = asked.cursor(&statement.path, statement.previous);
    let next = asked.cursor(&statement.path, statement.next);
    let (before, behind) = match statement.order {
        StatementOrder::OldestFirst => ("Earlier", "Later"),
        StatementOrder::NewestFirst => ("Later", "Earlier"),
    };
    html! {
        nav aria-label="Pages of the statement" {
            @if let Some(cursor) = previous { a rel="prev" href=(link(asked, &cursor)) { "← " (before) } }
            @if let Some(cursor) = next { a.next rel="next" href=(link(asked, &cursor)) { (behind) " →" } }
        }
    }
}

/// None of it needs escaping in a query.
fn link(asked: &Asked, cursor: &str) -> String {
    let by = if asked.by == TimeBasis::Event { "event" } else { "record" };
    let order = if asked.order == StatementOrder::NewestFirst { "newest_first" } else { "oldest_first" };
    let mut query = format!("?format=page&by={by}&order={order}&holds={}", asked.holds);
    for (name, instant) in [("from", asked.from), ("to", asked.to)] {
        query.extend(instant.map(|instant| format!("&{name}={instant}")));
    }
    if !asked.book.is_main() {
        query += &format!("&book={}", asked.book);
    }
    query.extend(asked.limit.map(|limit| format!("&limit={limit}")));
    query + "&cursor=" + cursor
}

/// To the second; the microsecond is in the attribute.
fn time(instant: Timestamp) -> Markup {
    let full = instant.to_string();
    let (day, rest) = full.split_once('T').unwrap_or((&full, ""));
    let clock = rest.split('.').next().unwrap_or_default();
    html! { time datetime=(full) { (day) " " (clock) } }
}

fn amount(money: Money) -> String {
    // A real minus sign is as wide as a digit.
    money.amount().replace('-', "\u{2212}")
}
