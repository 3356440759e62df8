//! One element with everything below it, in two vectors that are used again and again.

use quick_xml::events::BytesStart;

use super::local;
use crate::limits::{DEPTH_MAX, RECORD_MAX_BYTES, RECORD_MAX_ELEMENTS};
use crate::mistake::Problem;

#[derive(Default)]
pub(crate) struct Branch {
    /// Names, values and currencies, one after the other.
    text: String,
    /// In the order in which they begin; the first is the root.
    nodes: Vec<Node>,
    /// Places of those that have not ended yet.
    open: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Node {
    name: (usize, usize),
    value: (usize, usize),
    currency: (usize, usize),
    /// Place of the first node that is not below this one.
    end: usize,
    line: u64,
}

impl Branch {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.nodes.clear();
        self.open.clear();
    }

    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn innermost(&self) -> Option<&str> {
        let node = self.nodes.get(*self.open.last()?)?;
        self.text.get(node.name.0..node.name.1)
    }

    pub(super) fn open(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), Problem> {
        let name = self.push(local(tag))?;
        let currency = match tag.attributes_raw().trim_ascii() {
            "" => (name.1, name.1),
            _ => match tag.try_get_attribute("Ccy") {
                Ok(Some(attribute)) => self.push(&attribute.value)?,
                _ => (name.1, name.1),
            },
        };
        if self.nodes.len() >= RECORD_MAX_ELEMENTS {
            return Err(Problem::TooMany { limit: RECORD_MAX_ELEMENTS });
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Problem::Depth { limit: DEPTH_MAX });
        }
        self.open.push(self.nodes.len());
        self.nodes.push(Node { name, value: (currency.1, currency.1), currency, end: 0, line });
        Ok(())
    }

    /// Text of an element that has no elements; what stands between elements is passed over.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Problem> {
        let Some(place) = self.open.last().copied().filter(|place| place + 1 == self.nodes.len()) else {
            return Ok(());
        };
        let (_, end) = self.push(text)?;
        if let Some(node) = self.nodes.get_mut(place) {
            node.value.1 = end;
        }
        Ok(())
    }

    pub(super) fn close(&mut self) {
        let end = self.nodes.len();
        if let Some(node) = self.open.pop().and_then(|place| self.nodes.get_mut(place)) {
            node.end = end;
        }
    }

    fn push(&mut self, text: &str) -> Result<(usize, usize), Problem> {
        if self.text.len() + text.len() > RECORD_MAX_BYTES {
            return Err(Problem::TooLong { limit: RECORD_MAX_BYTES });
        }
        let start = self.text.len();
        self.text.push_str(text);
        Ok((start, self.text.len()))
    }

    pub(super) fn root(&self) -> At<'_> {
        At { branch: self, place: 0 }
    }
}

/// An element of a branch.
#[derive(Clone, Copy)]
pub(crate) struct At<'b> {
    branch: &'b Branch,
    place: usize,
}

impl<'b> At<'b> {
    fn node(self) -> Option<&'b Node> {
        self.branch.nodes.get(self.place)
    }

    fn part(self, part: fn(&Node) -> (usize, usize)) -> &'b str {
        let range = self.node().map(part).unwrap_or_default();
        self.branch.text.get(range.0..range.1).unwrap_or_default()
    }

    pub(crate) fn name(self) -> &'b str {
        self.part(|node| node.name)
    }

    /// The value without blanks around it.
    pub(crate) fn value(self) -> &'b str {
        self.part(|node| node.value).trim()
    }

    /// The attribute `Ccy`.
    pub(crate) fn currency(self) -> &'b str {
        self.part(|node| node.currency).trim_ascii()
    }

    pub(crate) fn line(self) -> u64 {
        self.node().map_or(0, |node| node.line)
    }

    pub(crate) fn children(self) -> impl Iterator<Item = At<'b>> {
        let end = self.node().map_or(0, |node| node.end);
        let mut next = self.place + 1;
        std::iter::from_fn(move || {
            let child = At { branch: self.branch, place: next };
            let node = child.node().filter(|_| next < end)?;
            next = node.end.max(next + 1);
            Some(child)
        })
    }

    pub(crate) fn all(self, name: &'static str) -> impl Iterator<Item = At<'b>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first element at a path of local names: `Acct/Id/IBAN`.
    pub(crate) fn at(self, path: &str) -> Option<At<'b>> {
        path.split('/').try_fold(self, |at, name| at.children().find(|child| child.name() == name))
    }

    /// Its value, where it has one.
    pub(crate) fn get(self, path: &str) -> Option<&'b str> {
        self.at(path).map(At::value).filter(|value| !value.is_empty())
    }

    pub(crate) fn owned(self, path: &str) -> Option<String> {
        self.get(path).map(str::to_owned)
    }
}
