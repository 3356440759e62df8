//! Checks the contrast of the stylesheet's colours, in both themes: WCAG 2.2, level AA.

use std::collections::BTreeMap;

const CSS: &str = include_str!("style.css");

/// Texts and their backgrounds.
const TEXTS: [(&str, &str); 15] = [
    ("text", "ground"),
    ("text", "card"),
    ("soft", "card"),
    ("soft", "ground"),
    ("accent", "card"),
    ("accent", "ground"),
    ("accent-strong", "card"),
    ("accent-strong", "ground"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("good", "good-ground"),
    ("bad", "bad-ground"),
    ("bad", "card"),
    ("text", "good-ground"),
    ("text", "bad-ground"),
];

/// Borders of fields and buttons, and the focus ring.
const SHAPES: [(&str, &str); 7] = [
    ("edge", "card"),
    ("accent", "card"),
    ("bad", "card"),
    ("good", "card"),
    ("focus", "card"),
    ("focus", "ground"),
    ("focus", "good-ground"),
];

type Colours = BTreeMap<String, [f64; 3]>;

/// The colours of the block that begins after `mark`.
fn colours(mark: &str) -> Colours {
    let block = CSS.split_once(mark).unwrap().1.split('}').next().unwrap();
    let lines = block.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
    lines.map(|(name, value)| (name.to_owned(), rgb(value.trim_end_matches(';')))).collect()
}

fn rgb(hex: &str) -> [f64; 3] {
    let part = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
    [part(0), part(2), part(4)]
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    0.212_6 * linear(colour[0]) + 0.715_2 * linear(colour[1]) + 0.072_2 * linear(colour[2])
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_and_shape_has_enough_contrast_in_both_themes() {
    assert!((contrast(rgb("000000"), rgb("ffffff")) - 21.0).abs() < 1e-9);
    let (light, dark) = (colours(":root {"), colours("(prefers-color-scheme: dark) {\n  :root {"));
    assert_eq!(light.keys().collect::<Vec<_>>(), dark.keys().collect::<Vec<_>>());
    assert!(light.len() > 10);
    for (theme, colours) in [("light", light), ("dark", dark)] {
        for (pairs, least) in [(&TEXTS[..], 4.5), (&SHAPES[..], 3.0)] {
            for (front, ground) in pairs {
                let found = contrast(colours[*front], colours[*ground]);
                assert!(
                    found >= least,
                    "{theme}: {front} on {ground} expected a contrast of at least {least}, found {found:.2}"
                );
            }
        }
    }
}

#[test]
fn reduced_motion_and_focus_outlines_are_respected() {
    assert!(!CSS.contains("transition") && !CSS.contains("animation"), "nothing moves");
    assert!(
        CSS.contains(":focus-visible { outline: 3px") && !CSS.contains("outline: none") && !CSS.contains("outline: 0")
    );
    assert!(!CSS.contains("url(") && !CSS.contains("@import"), "nothing is loaded from elsewhere");
}
