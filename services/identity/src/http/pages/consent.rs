//! The client, its request in plain words, and two answers.

use axum::response::Response;
use kernel::Secret;
use maud::html;

use super::frame::Page;
use super::parts::form;
use super::scopes;
use crate::http::Site;
use crate::http::browser::policy_source;

pub(in crate::http) struct Asking {
    pub(in crate::http) client_name: String,
    pub(in crate::http) redirect_host: String,
    pub(in crate::http) scopes: Vec<String>,
    pub(in crate::http) username: String,
    pub(in crate::http) form_key: Secret,
}

pub(in crate::http) fn consent(
    site: &Site,
    ask: &Asking,
    hidden: &[(&'static str, String)],
    redirect_uri: Option<&str>,
) -> Response {
    let buttons = html! {
        @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
        div.choices {
            button.primary type="submit" name="answer" value="allow" { "Allow" }
            button.quiet type="submit" name="answer" value="deny" { "Do not allow" }
        }
    };
    let content = html! {
        h1 { "Let " (ask.client_name) " in?" }
        p { strong { (ask.client_name) } " asks for access to your account " strong { (ask.username) } ". It wants to:" }
        ul.asks { @for scope in &ask.scopes { li { (scopes::said(scope)) } } }
        p.hint {
            "You then go back to " strong { (ask.redirect_host) } ". It never sees your password. You can withdraw this at \
             any time on your account page."
        }
        (form("/consent", &ask.form_key, &buttons))
    };
    let title = format!("Let {} in?", ask.client_name);
    Page::new(&title, content).leading_to(redirect_uri.and_then(policy_source)).response(site)
}
