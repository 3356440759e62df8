//! Turns CEL's tree into our own: every part gets a type, and anything outside of the subset is refused at its position.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use risk_api::limits::{RULE_DEPTH_MAX, RULE_LIST_MAX, RULE_NODES_MAX};

use super::Found;
use super::inputs::{self, Input};
use super::syntax::Syntax;
use super::tree::{Arithmetic, Compare, Number, Test, Text, TextTest};

/// The condition of a rule.
pub(super) fn condition(syntax: &Syntax) -> Result<Test, Vec<Found>> {
    let mut check = Check { syntax, nodes: 0 };
    check.test(&syntax.root, 1)
}

struct Check<'a> {
    syntax: &'a Syntax,
    nodes: usize,
}

/// A part with its type.
enum Typed {
    Test(Test),
    Number(Number),
    Text(Text),
}

impl Typed {
    fn name(&self) -> &'static str {
        match self {
            Typed::Test(_) => "a condition",
            Typed::Number(_) => "a number",
            Typed::Text(_) => "a text",
        }
    }
}

type Checked<T> = Result<T, Vec<Found>>;

impl Check<'_> {
    fn wrong<T>(&self, part: &IdedExpr, text: impl Into<String>) -> Checked<T> {
        Err(self.syntax.found(part, text.into()))
    }

    fn test(&mut self, part: &IdedExpr, depth: usize) -> Checked<Test> {
        match self.typed(part, depth)? {
            Typed::Test(test) => Ok(test),
            other => self.wrong(part, format!("expected a condition, found {}", other.name())),
        }
    }

    fn number(&mut self, part: &IdedExpr, depth: usize) -> Checked<Number> {
        match self.typed(part, depth)? {
            Typed::Number(number) => Ok(number),
            other => self.wrong(part, format!("expected a number, found {}", other.name())),
        }
    }

    fn text(&mut self, part: &IdedExpr, depth: usize) -> Checked<Text> {
        match self.typed(part, depth)? {
            Typed::Text(text) => Ok(text),
            other => self.wrong(part, format!("expected a text, found {}", other.name())),
        }
    }

    fn typed(&mut self, part: &IdedExpr, depth: usize) -> Checked<Typed> {
        self.nodes += 1;
        if depth > RULE_DEPTH_MAX {
            return self.wrong(part, format!("expected at most {RULE_DEPTH_MAX} levels"));
        }
        if self.nodes > RULE_NODES_MAX {
            return self.wrong(part, format!("expected at most {RULE_NODES_MAX} parts"));
        }
        match &part.expr {
            Expr::Literal(literal) => self.literal(part, literal),
            Expr::Ident(name) => match inputs::named(name) {
                Some(input) => Ok(input_of(input)),
                None => self.unknown(part, name),
            },
            Expr::Select(select) => self.select(part, select),
            Expr::Call(call) => self.call(part, call, depth + 1),
            Expr::List(_) => self.wrong(part, "expected a list only on the right of `in`"),
            Expr::Comprehension(_) => self.wrong(part, "macros such as all, exists, map and filter are not available"),
            Expr::Map(_) | Expr::Struct(_) => self.wrong(part, "maps and messages are not available"),
            Expr::Unspecified => self.wrong(part, "expected a condition"),
        }
    }

    fn literal(&self, part: &IdedExpr, literal: &LiteralValue) -> Checked<Typed> {
        match literal {
            LiteralValue::Boolean(constant) => Ok(Typed::Test(Test::Constant(*constant.inner()))),
            LiteralValue::String(constant) => Ok(Typed::Text(Text::Constant(constant.inner().into()))),
            LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => match constant(literal) {
                Some(number) => Ok(Typed::Number(Number::Constant(number))),
                None => self.wrong(part, "expected a finite number"),
            },
            LiteralValue::Bytes(_) | LiteralValue::Null => self.wrong(part, "bytes and null are not available"),
        }
    }

    fn unknown(&self, part: &IdedExpr, name: &str) -> Checked<Typed> {
        let short: String = name.chars().take(64).collect();
        let meant = inputs::nearest(&short).map(|near| format!("; perhaps {near} is meant")).unwrap_or_default();
        self.wrong(part, format!("expected an input, found {short}{meant}"))
    }

    fn select(&self, part: &IdedExpr, select: &SelectExpr) -> Checked<Typed> {
        if select.test {
            return self.wrong(part, "the macro has is not available; ask known(..)");
        }
        let Expr::Ident(group) = &select.operand.expr else {
            return self.wrong(part, "expected numbers.NAME or words.NAME");
        };
        match inputs::extra(group, &select.field) {
            Some(input) => Ok(input_of(input)),
            None => self.wrong(part, "expected numbers.NAME or words.NAME"),
        }
    }

    fn call(&mut self, part: &IdedExpr, call: &CallExpr, depth: usize) -> Checked<Typed> {
        if let Some(target) = &call.target {
            return self.text_test(part, target, call, depth);
        }
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, [one]) => Ok(Typed::Test(Test::Not(Box::new(self.test(one, depth)?)))),
            (operators::NEGATE, [one]) => Ok(Typed::Number(Number::Negate(Box::new(self.number(one, depth)?)))),
            (operators::LOGICAL_AND, [left, right]) => {
                Ok(Typed::Test(Test::Both(Box::new((self.test(left, depth)?, self.test(right, depth)?)))))
            }
            (operators::LOGICAL_OR, [left, right]) => {
                Ok(Typed::Test(Test::Either(Box::new((self.test(left, depth)?, self.test(right, depth)?)))))
            }
            (operators::CONDITIONAL, [test, yes, no]) => self.choose(part, test, yes, no, depth),
            (operators::EQUALS, [left, right]) => self.same(left, right, depth).map(Typed::Test),
            (operators::NOT_EQUALS, [left, right]) => {
                Ok(Typed::Test(Test::Not(Box::new(self.same(left, right, depth)?))))
            }
            (operators::IN, [one, list]) => self.within(one, list, depth).map(Typed::Test),
            ("size", [text]) => Ok(Typed::Number(Number::Length(Box::new(self.text(text, depth)?)))),
            ("known", [input]) => self.known(input),
            (name, [left, right]) => self.of_numbers(part, name, left, right, depth),
            (name, _) => self.no_function(part, name),
        }
    }

    fn no_function<T>(&self, part: &IdedExpr, name: &str) -> Checked<T> {
        let name: String = name.chars().take(64).collect();
        let text = "expected a function that there is: size, known, startsWith, endsWith, contains";
        self.wrong(part, format!("{text}; found {name}"))
    }

    fn of_numbers(
        &mut self,
        part: &IdedExpr,
        name: &str,
        left: &IdedExpr,
        right: &IdedExpr,
        depth: usize,
    ) -> Checked<Typed> {
        let arithmetic = match name {
            operators::ADD => Some(Arithmetic::Add),
            operators::SUBSTRACT => Some(Arithmetic::Subtract),
            operators::MULTIPLY => Some(Arithmetic::Multiply),
            operators::DIVIDE => Some(Arithmetic::Divide),
            operators::MODULO => Some(Arithmetic::Remainder),
            _ => None,
        };
        let compare = match name {
            operators::LESS | operators::GREATER => Some(Compare::Less),
            operators::LESS_EQUALS | operators::GREATER_EQUALS => Some(Compare::LessOrEqual),
            _ => None,
        };
        if arithmetic.is_none() && compare.is_none() {
            return self.no_function(part, name);
        }
        let numbers = (self.number(left, depth)?, self.number(right, depth)?);
        Ok(match (arithmetic, compare) {
            (Some(arithmetic), _) => Typed::Number(Number::Work(arithmetic, Box::new(numbers))),
            (None, compare) => {
                let turned = matches!(name, operators::GREATER | operators::GREATER_EQUALS);
                let numbers = if turned { (numbers.1, numbers.0) } else { numbers };
                Typed::Test(Test::Compare(compare.unwrap_or(Compare::Equal), Box::new(numbers)))
            }
        })
    }

    fn same(&mut self, left: &IdedExpr, right: &IdedExpr, depth: usize) -> Checked<Test> {
        match (self.typed(left, depth)?, self.typed(right, depth)?) {
            (Typed::Number(left), Typed::Number(right)) => Ok(Test::Compare(Compare::Equal, Box::new((left, right)))),
            (Typed::Text(left), Typed::Text(right)) => Ok(Test::SameText(Box::new((left, right)))),
            (Typed::Test(left), Typed::Test(right)) => Ok(Test::Same(Box::new((left, right)))),
            (left, other) => self.wrong(right, format!("expected {}, found {}", left.name(), other.name())),
        }
    }

    fn choose(
        &mut self,
        part: &IdedExpr,
        test: &IdedExpr,
        yes: &IdedExpr,
        no: &IdedExpr,
        depth: usize,
    ) -> Checked<Typed> {
        let test = self.test(test, depth)?;
        match (self.typed(yes, depth)?, self.typed(no, depth)?) {
            (Typed::Number(yes), Typed::Number(no)) => Ok(Typed::Number(Number::Choose(Box::new((test, yes, no))))),
            (Typed::Text(yes), Typed::Text(no)) => Ok(Typed::Text(Text::Choose(Box::new((test, yes, no))))),
            (Typed::Test(yes), Typed::Test(no)) => Ok(Typed::Test(Test::Choose(Box::new((test, yes, no))))),
            (yes, no) => {
                self.wrong(part, format!("expected both sides of ?: alike, found {} and {}", yes.name(), no.name()))
            }
        }
    }

    fn within(&mut self, one: &IdedExpr, list: &IdedExpr, depth: usize) -> Checked<Test> {
        let Expr::List(list) = &list.expr else {
            return self.wrong(list, "expected a list of texts or numbers");
        };
        self.nodes += 1;
        if list.elements.len() > RULE_LIST_MAX {
            let text = format!("expected a list of at most {RULE_LIST_MAX}, found {}", list.elements.len());
            return self.wrong(one, text);
        }
        match self.typed(one, depth)? {
            Typed::Text(text) => {
                let mut words: Vec<Box<str>> = self.constants(&list.elements, "a text", |literal| match literal {
                    LiteralValue::String(word) => Some(word.inner().into()),
                    _ => None,
                })?;
                words.sort_unstable();
                Ok(Test::TextIn(Box::new(text), words.into()))
            }
            Typed::Number(number) => {
                let numbers = self.constants(&list.elements, "a number", constant)?;
                Ok(Test::NumberIn(Box::new(number), numbers.into()))
            }
            Typed::Test(_) => self.wrong(one, "expected a text or a number, found a condition"),
        }
    }

    fn constants<T>(
        &self,
        parts: &[IdedExpr],
        expected: &str,
        read: impl Fn(&LiteralValue) -> Option<T>,
    ) -> Checked<Vec<T>> {
        let constant = |part: &IdedExpr| {
            let found = if let Expr::Literal(literal) = &part.expr { read(literal) } else { None };
            found.ok_or_else(|| self.syntax.found(part, format!("expected {expected} as a constant")))
        };
        parts.iter().map(constant).collect()
    }

    fn text_test(&mut self, part: &IdedExpr, target: &IdedExpr, call: &CallExpr, depth: usize) -> Checked<Typed> {
        let test = match call.func_name.as_str() {
            "contains" => TextTest::Contains,
            "startsWith" => TextTest::StartsWith,
            "endsWith" => TextTest::EndsWith,
            name => return self.no_function(part, name),
        };
        let [argument] = call.args.as_slice() else {
            return self.wrong(part, "expected one argument");
        };
        let texts = (self.text(target, depth)?, self.text(argument, depth)?);
        Ok(Typed::Test(Test::Text(test, Box::new(texts))))
    }

    fn known(&self, part: &IdedExpr) -> Checked<Typed> {
        let input = match &part.expr {
            Expr::Ident(name) => match inputs::named(name) {
                Some(input) => Some(input),
                None => return self.unknown(part, name),
            },
            Expr::Select(SelectExpr { operand, field, test: false }) => match &operand.expr {
                Expr::Ident(group) => inputs::extra(group, field),
                _ => None,
            },
            _ => None,
        };
        match input {
            Some(Input::Number(input)) => Ok(Typed::Test(Test::KnownNumber(input))),
            Some(Input::Text(input)) => Ok(Typed::Test(Test::KnownText(input))),
            Some(Input::Test(_)) => Ok(Typed::Test(Test::Constant(true))),
            None => self.wrong(part, "expected an input"),
        }
    }
}

fn input_of(input: Input) -> Typed {
    match input {
        Input::Number(input) => Typed::Number(Number::Input(input)),
        Input::Text(input) => Typed::Text(Text::Input(input)),
        Input::Test(input) => Typed::Test(Test::Input(input)),
    }
}

fn constant(literal: &LiteralValue) -> Option<f64> {
    let number = match literal {
        LiteralValue::Int(int) => *int.inner() as f64,
        LiteralValue::UInt(int) => *int.inner() as f64,
        LiteralValue::Double(double) => *double.inner(),
        _ => return None,
    };
    number.is_finite().then_some(number)
}
