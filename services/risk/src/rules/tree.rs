//! The typed tree that a condition becomes, and how it is run.
//!
//! As in CEL, `&&` and `||` answer as soon as one side settles it, whichever side that is: a part that cannot be worked out does
//! not matter where the other part decides.

use super::inputs::{Inputs, NumberInput, TestInput, TextInput};

/// Why a condition has no answer for a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Skip {
    #[error("missing {0}")]
    Missing(Box<str>),
    #[error("division_by_zero")]
    DivisionByZero,
    #[error("not_finite")]
    NotFinite,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Constant(bool),
    Input(TestInput),
    /// A number or a text that has a value.
    KnownNumber(NumberInput),
    KnownText(TextInput),
    Not(Box<Test>),
    Both(Box<(Test, Test)>),
    Either(Box<(Test, Test)>),
    Same(Box<(Test, Test)>),
    Compare(Compare, Box<(Number, Number)>),
    SameText(Box<(Text, Text)>),
    Text(TextTest, Box<(Text, Text)>),
    NumberIn(Box<Number>, Box<[f64]>),
    /// Sorted.
    TextIn(Box<Text>, Box<[Box<str>]>),
    Choose(Box<(Test, Test, Test)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Constant(f64),
    Input(NumberInput),
    Negate(Box<Number>),
    Work(Arithmetic, Box<(Number, Number)>),
    Length(Box<Text>),
    Choose(Box<(Test, Number, Number)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Constant(Box<str>),
    Input(TextInput),
    Choose(Box<(Test, Text, Text)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Test {
    pub(super) fn ask(&self, inputs: &Inputs<'_>) -> Result<bool, Skip> {
        Ok(match self {
            Test::Constant(constant) => *constant,
            Test::Input(input) => inputs.test(*input),
            Test::KnownNumber(input) => inputs.number(input).is_some(),
            Test::KnownText(input) => inputs.text(input).is_some(),
            Test::Not(test) => !test.ask(inputs)?,
            Test::Both(both) => return settled(both, inputs, false),
            Test::Either(either) => return settled(either, inputs, true),
            Test::Same(same) => same.0.ask(inputs)? == same.1.ask(inputs)?,
            Test::Compare(compare, numbers) => {
                let (left, right) = (numbers.0.work(inputs)?, numbers.1.work(inputs)?);
                match compare {
                    Compare::Equal => left == right,
                    Compare::Less => left < right,
                    Compare::LessOrEqual => left <= right,
                }
            }
            Test::SameText(texts) => texts.0.read(inputs)? == texts.1.read(inputs)?,
            Test::Text(test, texts) => {
                let (whole, part) = (texts.0.read(inputs)?, texts.1.read(inputs)?);
                match test {
                    TextTest::Contains => whole.contains(part),
                    TextTest::StartsWith => whole.starts_with(part),
                    TextTest::EndsWith => whole.ends_with(part),
                }
            }
            Test::NumberIn(number, list) => list.contains(&number.work(inputs)?),
            Test::TextIn(text, list) => {
                let text = text.read(inputs)?;
                list.binary_search_by(|word| (**word).cmp(text)).is_ok()
            }
            Test::Choose(choice) => {
                if choice.0.ask(inputs)? {
                    choice.1.ask(inputs)?
                } else {
                    choice.2.ask(inputs)?
                }
            }
        })
    }
}

/// Two tests of which one that says `by` settles both.
fn settled(tests: &(Test, Test), inputs: &Inputs<'_>, by: bool) -> Result<bool, Skip> {
    let first = tests.0.ask(inputs);
    if first == Ok(by) {
        return first;
    }
    let second = tests.1.ask(inputs);
    if second == Ok(by) { second } else { first.and(second) }
}

impl Number {
    fn work(&self, inputs: &Inputs<'_>) -> Result<f64, Skip> {
        match self {
            Number::Constant(constant) => Ok(*constant),
            Number::Input(input) => inputs.number(input).ok_or_else(|| Skip::Missing(input.name().into())),
            Number::Negate(number) => Ok(-number.work(inputs)?),
            Number::Work(arithmetic, numbers) => {
                let (left, right) = (numbers.0.work(inputs)?, numbers.1.work(inputs)?);
                let divides = matches!(arithmetic, Arithmetic::Divide | Arithmetic::Remainder);
                if divides && right == 0.0 {
                    return Err(Skip::DivisionByZero);
                }
                let result = match arithmetic {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                    Arithmetic::Remainder => left % right,
                };
                if result.is_finite() { Ok(result) } else { Err(Skip::NotFinite) }
            }
            Number::Length(text) => Ok(text.read(inputs)?.chars().count() as f64),
            Number::Choose(choice) => {
                if choice.0.ask(inputs)? {
                    choice.1.work(inputs)
                } else {
                    choice.2.work(inputs)
                }
            }
        }
    }
}

impl Text {
    fn read<'a>(&'a self, inputs: &'a Inputs<'_>) -> Result<&'a str, Skip> {
        match self {
            Text::Constant(constant) => Ok(constant),
            Text::Input(input) => inputs.text(input).ok_or_else(|| Skip::Missing(input.name().into())),
            Text::Choose(choice) => {
                if choice.0.ask(inputs)? {
                    choice.1.read(inputs)
                } else {
                    choice.2.read(inputs)
                }
            }
        }
    }
}
