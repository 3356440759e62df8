//! Building blocks of pages: fields with labels, alerts, buttons.

use kernel::Secret;
use maud::{Markup, html};

/// A form's error: a sentence, and the field.
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) text: String,
}

/// One field. Its hint and error are linked to it for screen readers.
pub(super) struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    value: String,
    hint: Option<&'static str>,
    first: bool,
    code: bool,
}

impl Field {
    pub(super) fn new(name: &'static str, label: &'static str, autocomplete: &'static str) -> Field {
        let (value, hint, first, code) = (String::new(), None, false, false);
        Field { name, label, kind: "text", autocomplete, value, hint, first, code }
    }

    pub(super) fn password(name: &'static str, label: &'static str, autocomplete: &'static str) -> Field {
        Field { kind: "password", ..Field::new(name, label, autocomplete) }
    }

    /// Digits from an app or a message.
    pub(super) fn code(name: &'static str, label: &'static str) -> Field {
        Field { code: true, ..Field::new(name, label, "one-time-code") }
    }

    pub(super) fn hint(self, hint: &'static str) -> Field {
        Field { hint: Some(hint), ..self }
    }

    pub(super) fn value(self, value: &str) -> Field {
        Field { value: value.to_owned(), ..self }
    }

    /// The field with the initial focus, unless there is an error elsewhere.
    pub(super) fn first(self) -> Field {
        Field { first: true, ..self }
    }

    pub(super) fn render(&self, wrong: Option<&Wrong>) -> Markup {
        let Field { name, label, kind, autocomplete, value, hint, first, code } = self;
        let error = wrong.filter(|wrong| wrong.field == *name);
        let focus = if wrong.is_some() { error.is_some() } else { *first };
        let described: Vec<String> = [(hint.is_some(), "hint"), (error.is_some(), "error")]
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, what)| format!("{name}-{what}"))
            .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            div.field {
                label for=(name) { (label) }
                @if let Some(hint) = hint { p.hint id={ (name) "-hint" } { (hint) } }
                input.code[*code] id=(name) name=(name) type=(kind) value=[(!value.is_empty()).then_some(value)]
                    autocomplete=(autocomplete) inputmode=[code.then_some("numeric")] autocapitalize="none"
                    spellcheck="false" required autofocus[focus] aria-invalid=[error.map(|_| "true")]
                    aria-describedby=[described];
                @if let Some(error) = error { p.error id={ (name) "-error" } { (error.text) } }
            }
        }
    }
}

/// Read out at once on an error, with a link to the field.
pub(super) fn alert(wrong: Option<&Wrong>) -> Markup {
    html! {
        @if let Some(wrong) = wrong {
            div.alert.bad role="alert" {
                @if wrong.field.is_empty() { p { (wrong.text) } } @else { p { a href={ "#" (wrong.field) } { (wrong.text) } } }
            }
        }
    }
}

/// A success message.
pub(super) fn notice(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { div.alert.good role="status" { p { (text) } } } }
}

/// A form for one of our paths, with its key.
pub(super) fn form(action: &str, key: &Secret, content: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name="form_key" value=(key.expose());
            (content)
        }
    }
}

/// A form that is one button.
pub(super) fn button_form(action: &str, key: &Secret, class: &str, label: &str) -> Markup {
    form(action, key, &html! { button class=(class) type="submit" { (label) } })
}

pub(super) fn submit(label: &str) -> Markup {
    html! { button.primary type="submit" { (label) } }
}

/// The title of a page with an error says so first: it is read out first.
pub(super) fn title(title: &str, wrong: Option<&Wrong>) -> String {
    if wrong.is_some() { format!("Problem: {title}") } else { title.to_owned() }
}
