//! Payees: accounts that a payer knows by a name.

use kernel::Ctx;
use platform::access;
use platform::db::Tx;

use crate::create::Paid;
use crate::face::*;
use crate::service::PaymentsService;
use crate::store;

/// For which a smaller limit applies to a payee.
const NEW_US: i64 = 24 * 3_600_000_000;

impl PaymentsService {
    pub(crate) async fn new_payee(&self, ctx: &Ctx, command: AddPayee) -> Result<Payee, PaymentsError> {
        let owner = own(ctx, "payees", "change")?;
        let name = command.name.trim();
        let fits = (1..=limits::NAME_CHARS_MAX).contains(&name.chars().count());
        if !fits || name.chars().any(char::is_control) {
            let expected = "1 to 70 characters, none of them a control character".to_owned();
            return Err(Refusal::FieldInvalid { field: "name".to_owned(), expected }.into());
        }
        let account = self.books.account(&self.own(ctx).await?, &command.path).await?;
        let account = account.ok_or_else(|| Refusal::AccountUnknown { account: command.path.to_string() })?;
        let name_check = match account.metadata.get("name") {
            None => NameCheck::NotPossible,
            Some(known) if known.trim().to_lowercase() == name.to_lowercase() => NameCheck::Match,
            Some(_) => NameCheck::NoMatch,
        };
        let turn = self.once.begin(ctx, "add_payee", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<PayeeId>(&tx).await? {
            return known(&tx, &owner, id).await;
        }
        let payee = Payee {
            id: self.ids.make(),
            name: name.to_owned(),
            path: command.path,
            name_check,
            added_at: self.clock.now(),
        };
        match add(&tx, &owner, &payee).await {
            Ok(()) => {
                turn.made(&tx, &payee.id).await?;
                tx.commit().await?;
                Ok(payee)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    pub(crate) async fn without_payee(&self, ctx: &Ctx, id: PayeeId) -> Result<(), PaymentsError> {
        let owner = own(ctx, "payees", "change")?;
        let turn = self.once.begin(ctx, "remove_payee", &id).await?;
        let tx = self.db.begin().await?;
        if turn.again::<i64>(&tx).await?.is_some() {
            return Ok(());
        }
        if !store::remove_payee(&tx, &owner, id).await? {
            return Err(turn.refused(tx, Refusal::PayeeUnknown { payee: id.to_string() }.into()).await);
        }
        turn.made(&tx, &0).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn list_payees(&self, ctx: &Ctx) -> Result<PayeePage, PaymentsError> {
        let owner = own(ctx, "payees", "read")?;
        Ok(PayeePage { items: store::payees_of(&self.db.read().await?, &owner).await? })
    }

    pub(crate) async fn paid_payee(&self, ctx: &Ctx, id: PayeeId) -> Result<Paid, PaymentsError> {
        let known = store::payee_of(&self.db.read().await?, &ctx.principal.subject, id).await?;
        let payee = known
            .filter(|known| !known.removed)
            .map(|known| known.payee)
            .ok_or_else(|| Refusal::PayeeUnknown { payee: id.to_string() })?;
        let is_new = self.clock.now().micros_since(payee.added_at) < NEW_US;
        Ok(Paid { path: payee.path, payee: Some(id), is_new, outside: None })
    }
}

/// Whose payees and standing orders are meant: everybody has their own.
pub(crate) fn own(ctx: &Ctx, resource: &str, action: &str) -> Result<String, PaymentsError> {
    access::check(ctx, resource, action, Some(&ctx.principal.subject))?;
    Ok(ctx.principal.subject.to_string())
}

async fn add(tx: &Tx, owner: &str, payee: &Payee) -> Result<(), PaymentsError> {
    tx.one_at_a_time().await?;
    let max = limits::PAYEES_MAX;
    if store::payees_of(tx, owner).await?.len() >= max {
        return Err(Refusal::TooMany { what: "payees".to_owned(), max }.into());
    }
    Ok(store::add_payee(tx, owner, payee).await?)
}

async fn known(tx: &Tx, owner: &str, id: PayeeId) -> Result<Payee, PaymentsError> {
    let known = store::payee_of(tx, owner, id).await?;
    known.map(|known| known.payee).ok_or_else(|| Refusal::PayeeUnknown { payee: id.to_string() }.into())
}
