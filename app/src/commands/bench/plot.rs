//! Draws figures as a self-contained SVG: light background, the reader's fonts, colours that are distinct for the
//! colour-blind.

use maud::{Markup, html};

use super::axis::{Axis, Scale, label};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 24.0;
const PANEL: f64 = 312.0;
/// Height of a panel's parts above and below its axes.
const ABOVE: f64 = 56.0;
const BELOW: f64 = 56.0;
const HEAD: f64 = 62.0;
const FONT: &str = "system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif";
const INK: &str = "#222222";
const FAINT: &str = "#d8d8d8";
/// The Okabe-Ito palette.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];

pub(super) struct Plot {
    pub title: String,
    pub subtitle: String,
    pub panels: Vec<Panel>,
}

pub(super) struct Panel {
    pub title: String,
    pub x: X,
    pub x_title: String,
    pub scale: Scale,
    pub mark: Mark,
    pub rows: Vec<Row>,
}

/// The horizontal positions of values.
pub(super) enum X {
    /// One position per name.
    Names(Vec<String>),
    /// Equal slices up to this number.
    Until(f64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Bars,
    Dots,
}

pub(super) struct Row {
    /// Empty if it is the only one.
    pub name: String,
    pub values: Vec<f64>,
}

impl Plot {
    pub(super) fn svg(&self) -> String {
        let height = HEAD + self.panels.len() as f64 * PANEL;
        let markup = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(height) viewBox={ "0 0 " (WIDTH) " " (height) }
                font-family=(FONT) font-size="13" fill=(INK) role="img" {
                title { (self.title) }
                rect width=(WIDTH) height=(height) fill="#ffffff" {}
                text x=(LEFT) y="28" font-size="18" font-weight="600" { (self.title) }
                text x=(LEFT) y="50" fill="#555555" { (self.subtitle) }
                @for (place, panel) in self.panels.iter().enumerate() {
                    g transform={ "translate(" (LEFT) " " (HEAD + place as f64 * PANEL + ABOVE) ")" } { (panel.markup()) }
                }
            }
        };
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", markup.into_string())
    }
}

/// The inner sizes of a panel and its axes.
struct Frame<'a> {
    panel: &'a Panel,
    width: f64,
    height: f64,
    y: Axis,
}

impl Panel {
    fn markup(&self) -> Markup {
        let y = Axis::over(self.scale, self.rows.iter().flat_map(|row| row.values.iter().copied()));
        let frame = Frame { panel: self, width: WIDTH - LEFT - RIGHT, height: PANEL - ABOVE - BELOW, y };
        html! {
            text x="0" y="-26" font-weight="600" { (self.title) }
            (frame.legend())
            (frame.y_axis())
            (frame.x_axis())
            @for (place, row) in self.rows.iter().enumerate() { (frame.row(place, row)) }
        }
    }
}

impl Frame<'_> {
    /// Right-aligned above the axes, the last name at the very end.
    fn legend(&self) -> Markup {
        const NAME: f64 = 190.0;
        let rows: Vec<(usize, &Row)> =
            self.panel.rows.iter().enumerate().filter(|(_, row)| !row.name.is_empty()).collect();
        let start = self.width - rows.len() as f64 * NAME;
        html! {
            @for (place, row) in rows {
                @let x = start + place as f64 * NAME;
                rect x=(number(x)) y="-37" width="13" height="13" fill=(colour(place)) {}
                text x=(number(x + 19.0)) y="-26" { (row.name) }
            }
        }
    }

    fn y_axis(&self) -> Markup {
        html! {
            @for tick in &self.y.ticks {
                @let y = number(self.y_of(*tick));
                line x1="0" x2=(self.width) y1=(y) y2=(y) stroke=(FAINT) {}
                text x="-10" y=(y) text-anchor="end" dominant-baseline="middle" { (label(*tick)) }
            }
        }
    }

    fn x_axis(&self) -> Markup {
        let ticks: Vec<(f64, String)> = match &self.panel.x {
            X::Names(names) => {
                names.iter().enumerate().map(|(place, name)| (self.x_of(place, names.len()), name.clone())).collect()
            }
            X::Until(end) => {
                let axis = Axis::until(*end);
                axis.ticks.iter().map(|tick| (axis.place(*tick) * self.width, label(*tick))).collect()
            }
        };
        html! {
            line x1="0" x2=(self.width) y1=(self.height) y2=(self.height) stroke=(INK) {}
            @for (x, name) in ticks {
                line x1=(number(x)) x2=(number(x)) y1=(self.height) y2=(self.height + 5.0) stroke=(INK) {}
                text x=(number(x)) y=(self.height + 21.0) text-anchor="middle" { (name) }
            }
            text x=(self.width / 2.0) y=(self.height + 42.0) text-anchor="middle" fill="#555555" { (self.panel.x_title) }
        }
    }

    fn row(&self, place: usize, row: &Row) -> Markup {
        match self.panel.mark {
            Mark::Bars => self.bars(place, row),
            Mark::Line => self.line(place, row),
            Mark::Dots => self.dots(place, row),
        }
    }

    fn bars(&self, place: usize, row: &Row) -> Markup {
        let group = self.width / row.values.len().max(1) as f64 * 0.7;
        let width = (group / self.panel.rows.len() as f64).min(90.0);
        let shift = (place as f64 - self.panel.rows.len() as f64 / 2.0) * width;
        html! {
            @for (at, value) in row.values.iter().enumerate() {
                @let (x, y) = (self.x_of(at, row.values.len()) + shift, self.y_of(*value));
                rect x=(number(x + 1.0)) y=(number(y)) width=(number(width - 2.0)) height=(number(self.height - y))
                    fill=(colour(place)) {}
                @if width > 48.0 {
                    text x=(number(x + width / 2.0)) y=(number(y - 6.0)) text-anchor="middle" font-size="12" {
                        (label(rounded(*value)))
                    }
                }
            }
        }
    }

    fn line(&self, place: usize, row: &Row) -> Markup {
        let points = self.points(row).map(|(x, y, _)| format!("{},{}", number(x), number(y)));
        let points = points.collect::<Vec<_>>().join(" ");
        html! {
            polyline points=(points) fill="none" stroke=(colour(place)) stroke-width="2.5" stroke-linejoin="round" {}
            @if matches!(self.panel.x, X::Names(_)) { (self.dots(place, row)) }
        }
    }

    fn dots(&self, place: usize, row: &Row) -> Markup {
        // Left of a point, where a rising line leaves room; with several rows, one side each.
        let before = self.panel.mark == Mark::Line || place.is_multiple_of(2);
        let (shift, anchor) = if before { (-8.0, "end") } else { (8.0, "start") };
        html! {
            @for (x, y, value) in self.points(row) {
                circle cx=(number(x)) cy=(number(y)) r="5" fill=(colour(place)) {}
                text x=(number(x + shift)) y=(number(y - 8.0)) text-anchor=(anchor) font-size="12" { (label(rounded(value))) }
            }
        }
    }

    fn points<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
        let count = row.values.len();
        row.values.iter().enumerate().map(move |(at, value)| (self.x_of(at, count), self.y_of(*value), *value))
    }

    /// The middle of one of equally wide places.
    fn x_of(&self, place: usize, count: usize) -> f64 {
        (place as f64 + 0.5) * self.width / count.max(1) as f64
    }

    fn y_of(&self, value: f64) -> f64 {
        self.height * (1.0 - self.y.place(value))
    }
}

fn colour(place: usize) -> &'static str {
    COLOURS.get(place % COLOURS.len()).copied().unwrap_or(INK)
}

/// Three significant digits, which is what a plot can show.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor() - 2.0);
    (value / power).round() * power
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(mark: Mark, scale: Scale, x: X) -> String {
        let row = |name: &str, values: &[f64]| Row { name: name.to_owned(), values: values.to_vec() };
        let rows = vec![row("a < b", &[10.0, 40.0]), row("c", &[20.0, 30.0])];
        let panel = Panel { title: "transfers a second".to_owned(), x, x_title: "pair".to_owned(), scale, mark, rows };
        Plot { title: "T & U".to_owned(), subtitle: String::new(), panels: vec![panel] }.svg()
    }

    #[test]
    fn a_bar_is_as_high_as_its_value_and_names_are_escaped() {
        let svg = plot(Mark::Bars, Scale::Linear, X::Names(vec!["1".to_owned(), "2".to_owned()]));
        // The axis ends at 40, and 200 units are between it and the ground.
        for height in ["height=\"50.0\"", "height=\"200.0\"", "height=\"100.0\"", "height=\"150.0\""] {
            assert_eq!(svg.matches(height).count(), 1, "{height}: {svg}");
        }
        assert!(svg.contains("T &amp; U") && svg.contains("a &lt; b"), "{svg}");
        assert!(!svg.contains("href") && !svg.contains("url("), "{svg}");
    }

    #[test]
    fn lines_and_dots_have_a_point_for_each_value() {
        let svg = plot(Mark::Line, Scale::Linear, X::Until(60.0));
        assert_eq!(svg.matches("<polyline").count(), 2);
        let svg = plot(Mark::Dots, Scale::Log, X::Names(vec!["p50".to_owned(), "p99".to_owned()]));
        assert_eq!(svg.matches("<circle").count(), 4);
    }
}
