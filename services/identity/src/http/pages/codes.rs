//! A secret as a QR code for an app, and as text to type.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Secret;
use maud::{Markup, html};
use qrcode::QrCode;
use qrcode::render::svg;

/// The size on the page, so that loading the picture does not move the layout.
const SIDE: u32 = 208;

/// The QR code of `uri`; `None` if it is too long for one.
fn picture(uri: &Secret) -> Option<String> {
    let code = QrCode::new(uri.expose().as_bytes()).ok()?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).quiet_zone(true).build();
    Some(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)))
}

pub(super) fn enrolment(secret: &Secret, uri: &Secret) -> Markup {
    html! {
        ol.steps {
            li { "Install an authenticator app on your phone, if you do not have one. Any will do." }
            li {
                "Scan this QR code with the app."
                @if let Some(picture) = picture(uri) {
                    img.qr src=(picture) width=(SIDE) height=(SIDE) alt="QR code for your authenticator app. The key below is the same.";
                }
                details {
                    summary { "I cannot scan it" }
                    p { "Enter this key in the app instead:" }
                    p { code.secret { (grouped(secret.expose())) } }
                }
            }
            li { "Enter the six digits that the app shows." }
        }
    }
}

/// In groups of four, for reading and typing.
fn grouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Shown once: to be kept on paper or in a password manager.
pub(super) fn backup_codes(codes: &[Secret]) -> Markup {
    html! {
        p { "Each of these codes logs you in once if you do not have your phone. Print them or write them down, and keep them in a safe place." }
        ol.codes aria-label="Backup codes" { @for code in codes { li { code { (code.expose()) } } } }
        p.hint { "They are shown only now. Older backup codes no longer work." }
    }
}
