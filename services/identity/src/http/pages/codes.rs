//! A secret as a picture that an app reads, and as a text that a person types.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Secret;
use maud::{Markup, html};
use qrcode::QrCode;
use qrcode::render::svg;

/// On the page; the picture itself has no size of its own that would move the page.
const SIDE: u32 = 208;

/// The picture of `uri`; nothing where it is too long for one.
fn picture(uri: &Secret) -> Option<String> {
    let code = QrCode::new(uri.expose().as_bytes()).ok()?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).quiet_zone(true).build();
    Some(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)))
}

pub(super) fn enrolment(secret: &Secret, uri: &Secret) -> Markup {
    html! {
        ol.steps {
            li { "Install an authenticator app on your phone, if you have none. Any one will do." }
            li {
                "Scan this picture with the app."
                @if let Some(picture) = picture(uri) {
                    img.qr src=(picture) width=(SIDE) height=(SIDE) alt="Picture for your authenticator app. The key below it says the same.";
                }
                details {
                    summary { "I cannot scan it" }
                    p { "Type this key into the app instead:" }
                    p { code.secret { (grouped(secret.expose())) } }
                }
            }
            li { "Type the six digits that the app shows." }
        }
    }
}

/// In groups of four, to be read and typed.
fn grouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Shown once: to be kept on paper or where passwords are kept.
pub(super) fn backup_codes(codes: &[Secret]) -> Markup {
    html! {
        p { "Each of these codes logs you in once when your phone is not at hand. Print them or write them down, and keep them in a safe place." }
        ol.codes aria-label="Backup codes" { @for code in codes { li { code { (code.expose()) } } } }
        p.hint { "They are shown only now. Older backup codes do not work any more." }
    }
}
