//! A customer's own rules for categories: they count for movements that are booked from then on. They are personal, and
//! sealed under the customer's key.

use std::collections::HashMap;

use accounts_api::*;
use kernel::Ctx;
use platform::db::{DbError, Tx};
use serde::{Deserialize, Serialize};

use crate::follow::Texts;
use crate::keys::Sealer;
use crate::profile::words;
use crate::service::Inner;
use crate::store::{account, customer, json as parsed, json_text, rule};

const WORD: &str = "transactions";
/// Of a rule's place when it is sealed: no account has it.
const RULES: i64 = -1;

/// What is sealed of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    category: Category,
    words: Vec<String>,
}

impl Sealed {
    /// The category, if all words occur.
    pub(crate) fn of(&self, texts: &Texts) -> Option<Category> {
        let all = [&texts.name, &texts.text, &texts.number];
        let said: String = all.into_iter().flatten().map(|text| format!("{} ", text.to_lowercase())).collect();
        self.words.iter().all(|word| said.contains(word.as_str())).then_some(self.category)
    }

    fn opened(sealer: &Sealer, seq: i64, sealed: &[u8]) -> Result<Sealed, DbError> {
        let plain = sealer.unseal([RULES, seq], sealed)?;
        parsed(std::str::from_utf8(&plain).map_err(|error| DbError::shape(error.to_string()))?)
    }

    fn shown(self, id: RuleId) -> Rule {
        Rule { id, category: self.category, words: self.words }
    }
}

impl Inner {
    pub(crate) async fn rules(&self, ctx: &Ctx, id: CustomerId) -> Result<RuleList, AccountsError> {
        let tx = self.db.read().await?;
        let row = self.reached_customer(&tx, ctx, (WORD, "read"), id).await?;
        let items = match self.keys.one(&tx, row.seq).await.map_err(DbError::from)? {
            Some(sealer) => known(&tx, row.seq, &sealer).await?,
            None => Vec::new(),
        };
        Ok(RuleList { items: items.into_iter().map(|(id, rule)| rule.shown(id)).collect() })
    }

    /// By customer, in the order in which they count.
    pub(crate) async fn rules_of(
        &self,
        tx: &Tx,
        sealers: &HashMap<i64, Sealer>,
    ) -> Result<HashMap<i64, Vec<Sealed>>, DbError> {
        let customers: Vec<i64> = sealers.keys().copied().collect();
        let mut all: HashMap<i64, Vec<Sealed>> = HashMap::new();
        for (customer, seq, sealed) in rule::of_customers(tx, &customers).await? {
            let Some(sealer) = sealers.get(&customer) else { continue };
            all.entry(customer).or_default().push(Sealed::opened(sealer, seq, &sealed)?);
        }
        Ok(all)
    }

    pub(crate) async fn add_rule(&self, ctx: &Ctx, command: AddRule) -> Result<Rule, AccountsError> {
        let tx = self.db.read().await?;
        let row = self.reached_customer(&tx, ctx, (WORD, "categorise"), command.customer).await?;
        drop(tx);
        let words: Vec<String> = command.words.iter().flat_map(|text| words(text)).collect();
        check(&words)?;
        let turn = self.once.begin(ctx, "add_category_rule", &command).await?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let again = turn.again::<RuleId>(&tx).await?;
        match self.put_rule(&tx, row.seq, (command.category, words)).await {
            Ok(rule) => {
                if again.is_none() {
                    turn.made(&tx, &rule.id).await?;
                    tx.commit().await?;
                }
                Ok(rule)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// A rule that is there already is not added again.
    async fn put_rule(
        &self,
        tx: &Tx,
        customer: i64,
        (category, words): (Category, Vec<String>),
    ) -> Result<Rule, AccountsError> {
        let Some(sealer) = self.keys.one(tx, customer).await.map_err(DbError::from)? else {
            let id = customer::of_seqs(tx, &[customer]).await?.first().map(|row| row.id.to_string());
            let (id, state) = (id.unwrap_or_default(), "closed".to_owned());
            return Err(Refusal::CustomerState { id, state }.into());
        };
        let known = known(tx, customer, &sealer).await?;
        let new = Sealed { category, words };
        if let Some((id, _)) = known.iter().find(|(_, rule)| *rule == new) {
            return Ok(new.shown(*id));
        }
        let max = limits::RULES_MAX;
        if known.len() >= max {
            return Err(Refusal::TooMany { what: "rules".to_owned(), max }.into());
        }
        let (seq, id) = (rule::next(tx).await?, self.ids.make());
        let sealed = sealer.seal([RULES, seq], json_text(&new)?.as_bytes()).map_err(DbError::from)?;
        rule::add(tx, (seq, id), customer, &sealed).await?;
        Ok(new.shown(id))
    }

    /// Of the customer who owns an account.
    pub(crate) async fn put_rule_of(
        &self,
        tx: &Tx,
        account: i64,
        (category, words): (Category, Vec<String>),
    ) -> Result<(), AccountsError> {
        check(&words)?;
        match account::of_seqs(tx, &[account]).await?.remove(&account) {
            Some(row) => self.put_rule(tx, row.owner, (category, words)).await.map(drop),
            None => Ok(()),
        }
    }

    pub(crate) async fn remove_rule(&self, ctx: &Ctx, command: RemoveRule) -> Result<(), AccountsError> {
        let tx = self.db.read().await?;
        let row = self.reached_customer(&tx, ctx, (WORD, "categorise"), command.customer).await?;
        drop(tx);
        let turn = self.once.begin(ctx, "remove_category_rule", &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<RuleId>(&tx).await?.is_some() {
            return Ok(());
        }
        if !rule::remove(&tx, row.seq, command.rule).await? {
            return Err(turn.refused(tx, Refusal::RuleUnknown { id: command.rule.to_string() }.into()).await);
        }
        turn.made(&tx, &command.rule).await?;
        Ok(tx.commit().await?)
    }
}

fn check(words: &[String]) -> Result<(), Refusal> {
    let max = limits::WORDS_MAX;
    if (1..=max).contains(&words.len()) {
        return Ok(());
    }
    Err(Refusal::field_invalid("words", format!("expected 1 to {max} words, or a counterparty that has them")))
}

/// In the order in which they count.
async fn known(tx: &Tx, customer: i64, sealer: &Sealer) -> Result<Vec<(RuleId, Sealed)>, DbError> {
    let rows = rule::of_customer(tx, customer).await?;
    rows.into_iter().map(|(seq, id, sealed)| Ok((id, Sealed::opened(sealer, seq, &sealed)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_counts_if_all_its_words_occur() {
        let rule = Sealed { category: Category::Groceries, words: vec!["corner".to_owned(), "shop".to_owned()] };
        let texts =
            |name: &str, text: &str| Texts { name: Some(name.to_owned()), text: Some(text.to_owned()), number: None };
        assert_eq!(rule.of(&texts("Corner Shop", "")), Some(Category::Groceries));
        assert_eq!(rule.of(&texts("The Corner", "shopping")), Some(Category::Groceries));
        assert_eq!(rule.of(&texts("Corner", "café")), None);
    }
}
