//! Two loads that differ in one thing, measured alternately, so that other load on the machine affects both.

use super::books::{Books, End};
use super::load::{Figures, Load};
use super::store::Stores;
use super::table::grouped;
use crate::cli::Against;
use crate::failure::Failure;

pub(super) struct Paired {
    pub load: Load,
    pub other: Load,
    pub against: Against,
    pub pairs: Vec<Pair>,
    pub end: End,
    /// Of the last one, if there was one per pair.
    pub other_end: End,
}

pub(super) struct Pair {
    pub ours: Figures,
    pub others: Figures,
    pub ours_first: bool,
}

impl Pair {
    /// In percent of the other side.
    pub(super) fn ratio(&self) -> f64 {
        self.ours.per_second() * 100.0 / self.others.per_second().max(1.0)
    }
}

impl Paired {
    pub(super) fn median(&self) -> f64 {
        median(self.pairs.iter().map(Pair::ratio))
    }

    pub(super) fn names(&self) -> (String, String) {
        let (load, other) = (&self.load, &self.other);
        match self.against {
            Against::Empty => (format!("{} stored", grouped(load.stored)), "empty".to_owned()),
            Against::Ordered => ("random ids".to_owned(), "ordered ids".to_owned()),
            Against::Uniform => ("one hot account".to_owned(), "uniform".to_owned()),
            Against::Accounts(_) => {
                let accounts = |load: &Load| format!("{} accounts", grouped(load.accounts as u64));
                (accounts(load), accounts(other))
            }
        }
    }
}

/// For an even number, the mean of the two in the middle.
pub(super) fn median(ratios: impl Iterator<Item = f64>) -> f64 {
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    let at = |place: usize| ratios.get(place).copied().unwrap_or(0.0);
    let middle = ratios.len() / 2;
    if ratios.len() % 2 == 1 { at(middle) } else { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 }
}

/// Every pair is printed as soon as it is measured.
pub(super) async fn measure(
    stores: &Stores<'_>,
    load: Load,
    against: Against,
    count: u32,
    mut told: impl FnMut(&Pair),
) -> Result<Paired, Failure> {
    let other = load.other(against);
    let mut ours = Books::prepare(stores.create().await?, &load).await?;
    let mut others = Others::new(stores, &other, against).await?;
    let mut pairs = Vec::new();
    for place in 0..count {
        let pair = pair(&mut ours, &load, &mut others, place % 2 == 0).await?;
        told(&pair);
        pairs.push(pair);
    }
    let (end, other_end) = (ours.close().await?, others.close().await?);
    Ok(Paired { load, other, against, pairs, end, other_end })
}

async fn pair(ours: &mut Books, load: &Load, others: &mut Others<'_>, ours_first: bool) -> Result<Pair, Failure> {
    if ours_first {
        let figures = ours.measure(load).await?;
        return Ok(Pair { ours: figures, others: others.measure().await?, ours_first });
    }
    let figures = others.measure().await?;
    Ok(Pair { ours: ours.measure(load).await?, others: figures, ours_first })
}

/// The other side: one store for all pairs, or a new one for each, since an empty store is empty only once.
struct Others<'a> {
    stores: &'a Stores<'a>,
    load: &'a Load,
    kept: Option<Books>,
    end: Option<End>,
}

impl<'a> Others<'a> {
    async fn new(stores: &'a Stores<'a>, load: &'a Load, against: Against) -> Result<Others<'a>, Failure> {
        let kept = match against {
            Against::Empty => None,
            _ => Some(Books::prepare(stores.create().await?, load).await?),
        };
        Ok(Others { stores, load, kept, end: None })
    }

    async fn measure(&mut self) -> Result<Figures, Failure> {
        if let Some(books) = &mut self.kept {
            return books.measure(self.load).await;
        }
        let mut books = Books::prepare(self.stores.create().await?, self.load).await?;
        let figures = books.measure(self.load).await?;
        self.end = Some(books.close().await?);
        Ok(figures)
    }

    async fn close(self) -> Result<End, Failure> {
        match (self.kept, self.end) {
            (Some(books), _) => books.close().await,
            (None, end) => end.ok_or_else(|| Failure::new("no pair was measured")),
        }
    }
}
