//! Removes duplicate errors about a policy: a mistake is found for each kind of principal and at each place where it
//! occurs.

/// In order, without duplicates; errors that differ in one name between backticks become one with all the names.
pub(super) fn told_once(mut found: Vec<String>) -> Vec<String> {
    found.sort_unstable();
    found.dedup();
    let mut told: Vec<Told> = Vec::new();
    for found in &found {
        let parts: Vec<&str> = found.split('`').collect();
        if !told.iter_mut().any(|told| told.takes(&parts)) {
            told.push(Told { parts, place: None, more: Vec::new() });
        }
    }
    told.iter().map(Told::text).collect()
}

/// Words and names alternate.
struct Told<'a> {
    parts: Vec<&'a str>,
    /// The position of the name in which the others differ.
    place: Option<usize>,
    more: Vec<&'a str>,
}

impl<'a> Told<'a> {
    fn takes(&mut self, parts: &[&'a str]) -> bool {
        if parts.len() != self.parts.len() {
            return false;
        }
        let pairs = self.parts.iter().zip(parts).enumerate();
        let other: Vec<(usize, &'a str)> =
            pairs.filter(|(_, (known, part))| known != part).map(|(place, (_, part))| (place, *part)).collect();
        match other[..] {
            [(place, name)] if place % 2 == 1 && self.place.is_none_or(|known| known == place) => {
                self.place = Some(place);
                self.more.push(name);
                true
            }
            _ => false,
        }
    }

    fn text(&self) -> String {
        let names = |name: &str| [&[name], &self.more[..]].concat().join("`, `");
        let part =
            |(place, part): (usize, &&str)| if self.place == Some(place) { names(part) } else { (*part).to_owned() };
        self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join("`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &[&str]) -> Vec<String> {
        told_once(found.iter().map(|found| (*found).to_owned()).collect())
    }

    #[test]
    fn duplicate_errors_are_merged() {
        assert_eq!(told(&["b", "a", "b"]), ["a", "b"]);
        assert_eq!(told(&["no `x` of `A`", "no `x` of `C`", "no `x` of `B`"]), ["no `x` of `A`, `B`, `C`"]);
        assert_eq!(told(&["no `x` of `A`", "no `y` of `A`"]), ["no `x`, `y` of `A`"]);
    }

    #[test]
    fn different_errors_stay_separate() {
        assert_eq!(told(&["no `x` of `A`", "no `y` of `B`"]), ["no `x` of `A`", "no `y` of `B`"]);
        assert_eq!(told(&["no `x` of `A`", "not `x` of `A`", "no `x`"]), ["no `x`", "no `x` of `A`", "not `x` of `A`"]);
        assert_eq!(
            told(&["no `x` of `A`", "no `x` of `B`", "no `y` of `A`"]),
            ["no `x` of `A`, `B`", "no `y` of `A`"],
            "a name more in one place only"
        );
    }
}
