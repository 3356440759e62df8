//! XML as a stream: some elements are walked through, every other is read whole into one small reused tree.
//!
//! Names are local names. DTDs and entities of a file's own are refused; depth, size and number of elements are bounded.

mod branch;
mod out;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesRef, BytesStart, Event};

pub(crate) use branch::{At, Branch};
pub(crate) use out::Out;

use crate::detect::Kind;
use crate::input::Input;
use crate::limits::DEPTH_MAX;
use crate::mistake::{Mistake, Problem, shown};

/// What the reader stands at after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// An element that is walked through begins: [`Xml::name`].
    Open,
    /// It ends.
    Close,
    /// Another element was read whole: [`Xml::branch`].
    Branch,
    End,
}

pub(crate) struct Xml<'a> {
    reader: Reader<Input<'a>>,
    event: Vec<u8>,
    branch: Branch,
    /// Elements that are walked through, from the outermost.
    open: Vec<Walked>,
    walk: &'static [&'static str],
    name: String,
    line: u64,
    in_message: bool,
    branch_nth: u64,
    /// The element that the last step closed.
    closed: Option<Walked>,
}

#[derive(Default)]
struct Walked {
    name: String,
    nth: u64,
    last_child: String,
    children: u64,
}

impl<'a> Xml<'a> {
    /// Walks through everything down to the message's element, and below it through the elements named.
    pub(crate) fn new(input: Input<'a>, walk: &'static [&'static str]) -> Xml<'a> {
        let mut reader = Reader::from_reader(input);
        reader.config_mut().expand_empty_elements = true;
        let (branch, open) = (Branch::default(), vec![Walked::default()]);
        let (event, name) = (Vec::new(), String::new());
        Xml { reader, event, branch, open, walk, name, line: 1, in_message: false, branch_nth: 0, closed: None }
    }

    /// Name of the element that was opened or closed last.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn branch(&self) -> At<'_> {
        self.branch.root()
    }

    /// Line on which the last step began.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    pub(crate) fn position(&self) -> (u64, u64) {
        (self.reader.get_ref().read_bytes(), self.reader.get_ref().line())
    }

    /// The walked elements below the message's, each with its number among its likes: `Stmt[1]/Ntry[17]`.
    pub(crate) fn path(&self) -> String {
        let below =
            self.open.iter().chain(&self.closed).skip_while(|walked| Kind::of_message(&walked.name).is_none()).skip(1);
        let parts: Vec<String> = below.map(|walked| format!("{}[{}]", walked.name, walked.nth)).collect();
        parts.join("/")
    }

    /// The element that was read whole, with its number among its likes.
    pub(crate) fn branch_path(&self) -> String {
        let own = format!("{}[{}]", self.branch.root().name(), self.branch_nth);
        let path = self.path();
        if path.is_empty() { own } else { format!("{path}/{own}") }
    }

    /// A mistake at this place.
    pub(crate) fn mistake(&self, field: &'static str, problem: Problem) -> Mistake {
        Mistake::new(self.line, self.path(), field, problem)
    }

    pub(crate) fn step(&mut self) -> Result<Step, Mistake> {
        self.closed = None;
        loop {
            self.event.clear();
            self.reader.get_mut().mark();
            let inside = self.branch.is_open();
            if !inside {
                self.line = self.reader.get_ref().line();
            }
            let event = match self.reader.read_event_into(&mut self.event) {
                Ok(event) => event,
                Err(error) => return Err(self.failed(&error)),
            };
            let problem = match event {
                Event::Start(tag) if inside => self.branch.open(&tag, self.reader.get_ref().line()).err(),
                Event::Start(tag) if walks(&mut self.in_message, self.walk, local(&tag)) => {
                    enter(&mut self.open, local(&tag));
                    local(&tag).clone_into(&mut self.name);
                    if self.open.len() <= DEPTH_MAX {
                        return Ok(Step::Open);
                    }
                    Some(Problem::Depth { limit: DEPTH_MAX })
                }
                Event::Start(tag) => {
                    self.branch_nth = count(&mut self.open, local(&tag));
                    self.branch.clear();
                    self.branch.open(&tag, self.line).err()
                }
                Event::End(_) if inside => {
                    self.branch.close();
                    if !self.branch.is_open() {
                        return Ok(Step::Branch);
                    }
                    None
                }
                Event::End(_) => {
                    let closed = self.open.pop().unwrap_or_default();
                    closed.name.clone_into(&mut self.name);
                    self.in_message &= Kind::of_message(&self.name).is_none();
                    self.closed = Some(closed);
                    return Ok(Step::Close);
                }
                Event::Text(text) if inside => self.branch.text(&text.xml10_content()).err(),
                Event::CData(text) if inside => self.branch.text(&text.xml10_content()).err(),
                Event::GeneralRef(name) => match character(&name) {
                    Ok(character) => self.branch.text(character.encode_utf8(&mut [0; 4])).err(),
                    Err(problem) => Some(problem),
                },
                Event::DocType(_) => Some(Problem::Dtd),
                Event::Eof if inside || self.open.len() > 1 => Some(Problem::cut(self.innermost())),
                Event::Eof => return Ok(Step::End),
                _ => None,
            };
            if let Some(problem) = problem {
                return Err(self.mistake("", problem));
            }
        }
    }

    fn innermost(&self) -> String {
        let open = self.open.last().map(|walked| walked.name.as_str());
        self.branch.innermost().or(open).unwrap_or_default().to_owned()
    }

    fn failed(&mut self, error: &Error) -> Mistake {
        let problem = match error {
            Error::Io(error) => self.reader.get_mut().fault(error),
            Error::Encoding(_) => Problem::CharacterSet { expected: "UTF-8".to_owned() },
            Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => Problem::cut(self.innermost()),
            other => Problem::Syntax { cause: shown_cause(other) },
        };
        let line = self.reader.get_ref().line();
        Mistake::new(line, self.path(), "", problem)
    }
}

/// Messages of the parser repeat names from the file, which may be long.
fn shown_cause(error: &Error) -> String {
    error.to_string().chars().take(200).collect()
}

fn local<'t>(tag: &'t BytesStart<'_>) -> &'t str {
    let name = tag.name().0;
    match name.rsplit_once(':') {
        Some((_, local)) => local,
        None => name,
    }
}

fn walks(in_message: &mut bool, walk: &[&str], name: &str) -> bool {
    if *in_message {
        return walk.contains(&name);
    }
    *in_message = Kind::of_message(name).is_some();
    name != "AppHdr"
}

fn enter(open: &mut Vec<Walked>, name: &str) {
    let nth = count(open, name);
    open.push(Walked { name: name.to_owned(), nth, ..Walked::default() });
}

/// Number of an element among its likes that follow one another.
fn count(open: &mut [Walked], name: &str) -> u64 {
    let Some(parent) = open.last_mut() else { return 1 };
    if parent.last_child == name {
        parent.children += 1;
    } else {
        name.clone_into(&mut parent.last_child);
        parent.children = 1;
    }
    parent.children
}

/// Characters by number, and XML's own five names.
fn character(name: &BytesRef<'_>) -> Result<char, Problem> {
    let known = match &**name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.resolve_char_ref().ok().flatten(),
    };
    known.filter(|character| *character != '\0').ok_or_else(|| Problem::Entity { name: shown(name) })
}
