//! A received page, and what must hold for each: a strict policy, labels, one heading, no scripts.

use http::HeaderMap;

#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header("location").unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
    }

    pub(crate) fn heading(&self) -> String {
        let (_, rest) = self.body.split_once("<h1>").unwrap_or_else(|| panic!("no heading: {}", self.body));
        rest.split("</h1>").next().unwrap().to_owned()
    }

    /// The value of a hidden field, from the first form that has one of this name.
    pub(crate) fn hidden(&self, name: &str) -> Option<String> {
        let mark = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark)?;
        Some(rest.split('"').next()?.replace("&amp;", "&"))
    }

    /// The texts of all elements of this class.
    pub(crate) fn texts(&self, open: &str, close: &str) -> Vec<String> {
        self.body.split(open).skip(1).map(|rest| rest.split(close).next().unwrap().to_owned()).collect()
    }

    /// What must hold for every page.
    pub(crate) fn check(&self) {
        let policy = self.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(self.header("x-frame-options"), Some("DENY"));
        assert_eq!(self.header("referrer-policy"), Some("same-origin"));
        let body = &self.body;
        for never in ["<script", "javascript:", " style=\"", " onclick", " onload", "<iframe", "http-equiv"] {
            assert!(!body.contains(never), "{never} in {body}");
        }
        assert!(body.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{body:.80}");
        assert_eq!(body.matches("<h1").count(), 1, "{body}");
        assert_eq!(body.matches("<title>").count(), 1);
        assert!(body.contains("name=\"viewport\"") && body.contains("<main id=\"content\">"));
        self.check_fields();
    }

    /// Each field has a label and a description; each form is sent by POST with its key.
    fn check_fields(&self) {
        for input in self.body.split("<input").skip(1) {
            let tag = input.split('>').next().unwrap();
            if tag.contains("type=\"hidden\"") || tag.contains("aria-hidden") {
                continue;
            }
            let id = tag.split("id=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
            assert!(self.body.contains(&format!("<label for=\"{id}\">")), "{id} has no label");
            assert!(tag.contains("autocomplete=\""), "{tag}");
            for described in tag
                .split("aria-describedby=\"")
                .nth(1)
                .into_iter()
                .flat_map(|rest| rest.split('"').next().unwrap().split(' '))
            {
                assert!(self.body.contains(&format!("id=\"{described}\"")), "{described} is not there");
            }
        }
        for form in self.body.split("<form").skip(1) {
            assert!(form.split('>').next().unwrap().contains("method=\"post\""), "{form:.80}");
            assert!(form.split("</form>").next().unwrap().contains("name=\"form_key\""), "{form:.200}");
        }
    }
}
