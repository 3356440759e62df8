//! What a message says: its kind's templates, in the recipient's language, with values that cannot do harm.
//!
//! Invariants: a value is never read as a template; a variable that a template does not know is an error; HTML is
//! escaped; no value brings control characters or marks that change the direction of text; what is rendered is bounded.

mod value;

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Deserialize;

pub(crate) use value::{Told, is_plain, plain};

use crate::kinds::Kind;

/// Languages with templates of all kinds; the last resort is the first.
const LANGUAGES: [(&str, &str); 3] = [
    ("en", include_str!("../templates/en.toml")),
    ("de", include_str!("../templates/de.toml")),
    ("es", include_str!("../templates/es.toml")),
];

/// Steps of one template.
const FUEL: u64 = 5_000;
/// Bytes of one rendered text.
const RENDERED_BYTES_MAX: usize = 20_000;
const SUBJECT_CHARS_MAX: usize = 200;
/// Two parts of an SMS in letters of most languages.
const SHORT_CHARS_MAX: usize = 300;

const PAGE: &str = r#"<!doctype html>
<html lang="{{ locale }}">
<head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="font-family: sans-serif; max-width: 36em">
<p>{{ greeting }}</p>
{{ body|safe }}
<hr>
<p><small>{{ footer }}{% if optional %} {{ optional }}{% endif %}{% if link %} <a href="{{ link }}">{{ unsubscribe }}</a>{% endif %}</small></p>
</body>
</html>
"#;

/// The texts of one kind in one language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    subject: String,
    text: String,
    short: String,
}

pub(crate) struct Templates {
    env: Environment<'static>,
    sender: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("the template {name} fails: {cause}")]
    Fails { name: String, cause: minijinja::Error },
    #[error("the template {name} renders more than {RENDERED_BYTES_MAX} bytes")]
    TooLarge { name: String },
    #[error("the templates in {language} cannot be read: {cause}")]
    Unread { language: String, cause: String },
}

impl TemplateError {
    /// The variable that a template does not know, or that the data lacks.
    #[cfg(test)]
    pub(crate) fn is_about_a_variable(&self) -> bool {
        matches!(self, TemplateError::Fails { cause, .. } if cause.kind() == minijinja::ErrorKind::UndefinedError)
    }
}

/// A message as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) locale: &'static str,
    pub(crate) subject: String,
    /// The text alone, without greeting and footer.
    pub(crate) body: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) short: String,
}

/// To whom, and in which language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) locale: &'a str,
    pub(crate) zone: &'a str,
    /// The link that ends messages like this one.
    pub(crate) unsubscribe: Option<&'a str>,
}

impl Templates {
    /// All built-in templates.
    pub(crate) fn built_in(sender: &str) -> Result<Templates, TemplateError> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(FUEL));
        env.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        let mut templates = Templates { env, sender: sender.to_owned() };
        templates.add("page.html".to_owned(), PAGE.to_owned())?;
        for (language, source) in LANGUAGES {
            for (kind, texts) in read(language, source)? {
                for (part, source) in texts {
                    let name = format!("{language}/{kind}/{part}");
                    if part == "text" {
                        templates.add(format!("{name}.html"), source.clone())?;
                    }
                    templates.add(name, source)?;
                }
            }
        }
        Ok(templates)
    }

    fn add(&mut self, name: String, source: String) -> Result<(), TemplateError> {
        let failed = |name: String| move |cause| TemplateError::Fails { name, cause };
        self.env.add_template_owned(name.clone(), source).map_err(failed(name))
    }

    pub(crate) fn message(&self, kind: &Kind, told: &Told<'_>, reader: Reader<'_>) -> Result<Rendered, TemplateError> {
        let locale = language(reader.locale);
        let values = told.values(kind, locale, reader.zone);
        let of = |part: &str| self.render(&format!("{locale}/{}/{part}", kind.name), &values);
        let subject = plain(&of("subject")?, SUBJECT_CHARS_MAX);
        let (body, short) = (of("text")?, plain(&of("short")?, SHORT_CHARS_MAX));
        let html = format!("<p>{}</p>", of("text.html")?);
        let (text, html) = self.page(locale, reader, (&subject, &body, &html), !kind.is_mandatory())?;
        Ok(Rendered { locale, subject, body, text, html, short })
    }

    /// Several messages as one.
    pub(crate) fn digest(&self, messages: &[Rendered], reader: Reader<'_>) -> Result<Rendered, TemplateError> {
        let locale = language(reader.locale);
        let subject = self.layout(locale, "digest_subject", &[("count", &messages.len().to_string())])?;
        let intro = self.layout(locale, "digest_intro", &[])?;
        let (mut body, mut html) = (format!("{intro}\n"), format!("<p>{}</p>\n", escaped(&intro)));
        for one in messages {
            body += &format!("\n* {}\n  {}\n", one.subject, one.body);
            html += &format!("<p><b>{}</b><br>{}</p>\n", escaped(&one.subject), escaped(&one.body));
        }
        let (text, html) = self.page(locale, reader, (&subject, &body, &html), true)?;
        Ok(Rendered { locale, short: subject.clone(), subject, body, text, html })
    }

    /// With greeting and footer: as text, and as HTML.
    fn page(
        &self,
        locale: &'static str,
        reader: Reader<'_>,
        (subject, body, html): (&str, &str, &str),
        optional: bool,
    ) -> Result<(String, String), TemplateError> {
        let greeting = match reader.name {
            Some(name) => self.layout(locale, "greeting", &[("name", name)])?,
            None => self.layout(locale, "greeting_nameless", &[])?,
        };
        let footer = self.layout(locale, "footer", &[])?;
        let optional = if optional { self.layout(locale, "optional_footer", &[])? } else { String::new() };
        let (link, unsubscribe) = (reader.unsubscribe.unwrap_or_default(), self.layout(locale, "unsubscribe", &[])?);
        let ends = if link.is_empty() { String::new() } else { format!("{unsubscribe}: {link}\n") };
        let text = format!("{greeting}\n\n{body}\n\n-- \n{footer}\n{optional}\n{ends}");
        let parts = [
            ("locale", locale),
            ("subject", subject),
            ("greeting", &greeting),
            ("body", html),
            ("footer", &footer),
            ("optional", &optional),
            ("link", link),
            ("unsubscribe", &unsubscribe),
        ];
        let values = parts.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Ok((text, self.render("page.html", &values)?))
    }

    fn layout(&self, locale: &str, part: &str, values: &[(&str, &str)]) -> Result<String, TemplateError> {
        let mut all = BTreeMap::from([("sender".to_owned(), self.sender.clone())]);
        all.extend(values.iter().map(|(name, value)| ((*name).to_owned(), plain(value, SUBJECT_CHARS_MAX))));
        self.render(&format!("{locale}/layout/{part}"), &all)
    }

    fn render(&self, name: &str, values: &BTreeMap<String, String>) -> Result<String, TemplateError> {
        let failed = |cause| TemplateError::Fails { name: name.to_owned(), cause };
        let template = self.env.get_template(name).map_err(failed)?;
        let text = template.render(values.clone()).map_err(failed)?;
        if text.len() > RENDERED_BYTES_MAX {
            return Err(TemplateError::TooLarge { name: name.to_owned() });
        }
        Ok(text)
    }
}

type Named = Vec<(String, Vec<(String, String)>)>;

/// Each kind, and the layout, with its parts.
fn read(language: &str, source: &str) -> Result<Named, TemplateError> {
    let failed = |cause: toml::de::Error| TemplateError::Unread {
        language: language.to_owned(),
        cause: cause.message().to_owned(),
    };
    let mut all: BTreeMap<String, toml::Value> = toml::from_str(source).map_err(failed)?;
    let layout: BTreeMap<String, String> = match all.remove("layout") {
        Some(layout) => layout.try_into().map_err(failed)?,
        None => BTreeMap::new(),
    };
    let mut found = vec![("layout".to_owned(), layout.into_iter().collect())];
    for (kind, texts) in all {
        let Texts { subject, text, short } = texts.try_into().map_err(failed)?;
        let parts = [("subject", subject), ("text", text), ("short", short)];
        found.push((kind, parts.map(|(part, source)| (part.to_owned(), source)).to_vec()));
    }
    Ok(found)
}

/// The language of the templates that a locale gets: `de` for `de-AT`, and English for a language that we have not.
pub(crate) fn language(locale: &str) -> &'static str {
    let first = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    LANGUAGES.iter().map(|(language, _)| *language).find(|language| *language == first).unwrap_or("en")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
