//! Rules for categories, and profiles of CSV files.

use banking_api::*;
use formats::csv;
use kernel::Ctx;
use platform::db::Tx;

use crate::decide::category_name;
use crate::service::Inner;
use crate::store::arrangement;

const WORD: &str = "bank-transactions";
const WORDS_MAX: usize = 16;

impl Inner {
    pub(crate) async fn rules(&self, ctx: &Ctx) -> Result<RuleList, BankingError> {
        let subject = self.subject(ctx, WORD, "read")?;
        Ok(RuleList { items: arrangement::rules(&self.db.read().await?, &subject).await? })
    }

    pub(crate) async fn add_rule(&self, ctx: &Ctx, command: AddRule) -> Result<Rule, BankingError> {
        let subject = self.subject(ctx, WORD, "change")?;
        checked(&command)?;
        let turn = self.once.begin(ctx, "add_bank_rule", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<RuleId>(&tx).await? {
            let known = arrangement::rule_of(&tx, &subject, id).await?;
            return known.ok_or_else(|| Refusal::RuleUnknown { id: id.to_string() }.into());
        }
        match self.added(&tx, &subject, command).await {
            Ok(rule) => {
                turn.made(&tx, &rule.id).await?;
                tx.commit().await?;
                Ok(rule)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn added(&self, tx: &Tx, subject: &str, terms: AddRule) -> Result<Rule, BankingError> {
        tx.one_at_a_time().await?;
        let max = limits::RULES_MAX;
        if arrangement::rules(tx, subject).await?.len() >= max {
            return Err(Refusal::TooMany { what: "rules".to_owned(), max }.into());
        }
        let rule = Rule { id: self.ids.make(), terms };
        arrangement::add_rule(tx, subject, &rule).await?;
        Ok(rule)
    }

    pub(crate) async fn remove_rule(&self, ctx: &Ctx, id: RuleId) -> Result<(), BankingError> {
        let subject = self.subject(ctx, WORD, "change")?;
        let turn = self.once.begin(ctx, "remove_bank_rule", &id).await?;
        let tx = self.db.begin().await?;
        if turn.again::<i64>(&tx).await?.is_some() {
            return Ok(());
        }
        if !arrangement::remove_rule(&tx, &subject, id).await? {
            return Err(turn.refused(tx, Refusal::RuleUnknown { id: id.to_string() }.into()).await);
        }
        turn.made(&tx, &0).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn profiles(&self, ctx: &Ctx) -> Result<ProfileList, BankingError> {
        let subject = self.subject(ctx, "bank-imports", "read")?;
        Ok(ProfileList { items: arrangement::profiles(&self.db.read().await?, &subject).await? })
    }

    pub(crate) async fn put_profile(&self, ctx: &Ctx, command: PutProfile) -> Result<Profile, BankingError> {
        let subject = self.subject(ctx, "bank-imports", "create")?;
        let PutProfile { name, layout: given } = command;
        let plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > limits::NAME_CHARS_MAX || !name.bytes().all(plain) {
            return Err(Refusal::field_invalid(
                "name",
                "expected 1 to 64 letters, digits, dots, dashes and underscores",
            )
            .into());
        }
        layout(&given).map_err(|detail| Refusal::field_invalid("layout", detail))?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let known = arrangement::profiles(&tx, &subject).await?;
        let max = limits::PROFILES_MAX;
        if known.len() >= max && known.iter().all(|profile| profile.name != name) {
            return Err(Refusal::TooMany { what: "profiles".to_owned(), max }.into());
        }
        arrangement::put_profile(&tx, &subject, &name, &given).await?;
        tx.commit().await?;
        Ok(Profile { name, layout: given })
    }
}

/// The profile that a layout describes.
pub(crate) fn layout(layout: &Layout) -> Result<csv::Profile, String> {
    let value = serde_json::to_value(layout).map_err(|error| error.to_string())?;
    let profile: csv::Profile = serde_json::from_value(value).map_err(|error| error.to_string())?;
    profile.check().map_err(|error| error.to_string())?;
    Ok(profile)
}

fn checked(rule: &AddRule) -> Result<(), BankingError> {
    category_name(&rule.category)?;
    let fits = |text: &str| (1..=limits::NAME_CHARS_MAX).contains(&text.chars().count());
    if rule.words.len() > WORDS_MAX || !rule.words.iter().all(|word| fits(word)) {
        return Err(Refusal::field_invalid("words", "expected at most 16 words of 1 to 64 characters").into());
    }
    if rule.counterparty.as_deref().is_some_and(|name| !fits(name)) {
        return Err(Refusal::field_invalid("counterparty", "expected 1 to 64 characters").into());
    }
    Ok(())
}
