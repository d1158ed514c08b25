//! Training curves as a picture.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use super::{History, write};

/// The colours of a plot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Theme {
    /// Dark lines on white.
    #[default]
    Light,
    /// Light lines on black.
    Dark,
}

/// The size of a panel, in pixels.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 300;
/// The largest value drawn; larger ones would overflow an axis.
const MOST: f64 = 1e100;
/// Up to this many epochs, each has a dot.
const MOST_DOTS: usize = 40;

/// Curves over the epochs that share an axis.
struct CurvePanel {
    title: &'static str,
    curves: Vec<Curve>,
}

struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

impl History {
    /// The curves over the epochs as an SVG, in panels from top to bottom: the losses, the metrics, and the learning
    /// rate if it changes. Metrics between 0 and 1 share a panel. An axis is logarithmic if all its values are positive
    /// and span a factor of 10. Values that are not finite or beyond 1e100 are left out.
    #[must_use]
    pub fn svg(&self) -> String {
        self.svg_in(Theme::Light)
    }

    /// Like [`History::svg`], in the colours of a theme.
    ///
    /// # Panics
    /// Never, because the drawing backend cannot fail.
    #[must_use]
    pub fn svg_in(&self, theme: Theme) -> String {
        let panels = self.panels();
        let mut svg = String::new();
        let count = panels.len().max(1);
        let height = HEIGHT.saturating_mul(u32::try_from(count).unwrap_or(1));
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let drawn = root.fill(&theme.paper()).and_then(|()| {
            let areas = root.split_evenly((count, 1));
            panels.iter().zip(&areas).try_for_each(|(panel, area)| panel.draw(area, theme))?;
            root.present()
        });
        drop(root);
        drawn.expect("a string takes everything that is drawn");
        svg
    }

    /// Writes [`History::svg`] to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_svg(&self, path: impl AsRef<Path>) -> io::Result<()> {
        write(path.as_ref(), self.svg().as_bytes())
    }

    fn panels(&self) -> Vec<CurvePanel> {
        let curve = |name: &str, value: &dyn Fn(&super::Epoch) -> Option<f64>| Curve {
            name: name.to_string(),
            points: self
                .epochs
                .iter()
                .filter_map(|epoch| Some((epoch.epoch as f64, value(epoch)?)))
                .filter(|(_, value)| value.abs() <= MOST)
                .collect(),
        };
        let losses = [curve("training", &|epoch| Some(epoch.loss)), curve("validation", &|epoch| epoch.validation)];
        let metrics = self.metric_names().into_iter().map(|name| {
            let value = |epoch: &super::Epoch| {
                epoch.metrics.iter().find(|(metric, _)| *metric == name).map(|(_, value)| *value)
            };
            curve(&name, &value)
        });
        let within_1 = |curve: &Curve| curve.points.iter().all(|(_, value)| (0.0..=1.0).contains(value));
        let (shares, others): (Vec<Curve>, Vec<Curve>) = metrics.partition(within_1);
        let rate = curve("learning rate", &|epoch| Some(epoch.learning_rate));
        let changes = rate.points.iter().any(|(_, value)| Some(value) != rate.points.first().map(|(_, first)| first));

        let mut panels = Vec::from([CurvePanel { title: "loss", curves: losses.into() }]);
        panels.push(CurvePanel { title: "metric", curves: shares });
        panels.extend(others.into_iter().map(|curve| CurvePanel { title: "metric", curves: [curve].into() }));
        panels.extend(changes.then(|| CurvePanel { title: "learning rate", curves: [rate].into() }));
        for panel in &mut panels {
            panel.curves.retain(|curve| !curve.points.is_empty());
        }
        panels.retain(|panel| !panel.curves.is_empty());
        panels
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

impl CurvePanel {
    fn draw(&self, area: &Area<'_>, theme: Theme) -> Drawn {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let (low, high) = extent(all().map(|(_, value)| *value));
        let (first, last) = extent(all().map(|(epoch, _)| *epoch));
        // Labels need distinct numbers.
        let margin = |low: f64, high: f64, share: f64| (share * (high - low)).max(1e-6 * low.abs().max(high.abs()));
        let epochs = if first < last { first..last } else { first - 0.5 - 1e-6 * first..first + 0.5 + 1e-6 * first };
        if low > 1.0 / MOST && high / low >= 10.0 {
            let label = |value: &f64| mark(*value, high / low < 100.0);
            return self.draw_on(area, theme, epochs, (low * 0.8..high * 1.25).log_scale(), &label);
        }
        let margin = if low == high && high == 0.0 { 1e-3 } else { margin(low, high, 0.05) };
        self.draw_on(area, theme, epochs, low - margin..high + margin, &|value| number(*value))
    }

    fn draw_on<Y>(
        &self,
        area: &Area<'_>,
        theme: Theme,
        epochs: Range<f64>,
        values: Y,
        label: &dyn Fn(&f64) -> String,
    ) -> Drawn
    where
        Y: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let text = ("sans-serif", 13).into_font().color(&theme.ink());
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(38)
            .y_label_area_size(64)
            .build_cartesian_2d(epochs, values)?;
        chart
            .configure_mesh()
            .x_desc("epoch")
            .y_desc(self.curves.first().filter(|_| self.curves.len() == 1).map_or(
                self.title,
                |only| match self.title {
                    "metric" => only.name.as_str(),
                    title => title,
                },
            ))
            .x_label_formatter(&|epoch| number(*epoch))
            .y_label_formatter(&label)
            .axis_style(theme.ink().mix(0.5))
            .bold_line_style(theme.ink().mix(0.18))
            .light_line_style(theme.ink().mix(0.06))
            .max_light_lines(2)
            .label_style(text.clone())
            .axis_desc_style(text.clone())
            .draw()?;
        for (index, curve) in self.curves.iter().enumerate() {
            let colour = theme.curve(index);
            let line = chart.draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)))?;
            line.label(curve.name.clone())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
            if curve.points.len() <= MOST_DOTS {
                chart.draw_series(curve.points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
            }
        }
        if self.curves.len() > 1 {
            let pixel = |point| {
                let (x, y) = chart.backend_coord(point);
                let (left, top) = chart.plotting_area().get_base_pixel();
                (f64::from(x - left), f64::from(y - top))
            };
            let curves: Vec<Vec<(f64, f64)>> =
                self.curves.iter().map(|curve| curve.points.iter().map(pixel).collect()).collect();
            let (width, height) = chart.plotting_area().dim_in_pixel();
            let letters = self.curves.iter().map(|curve| curve.name.len()).max().unwrap_or(0);
            let position = legend_position((width, height), (letters, curves.len()), &curves);
            chart
                .configure_series_labels()
                .position(position)
                .label_font(text)
                .background_style(theme.paper().mix(0.8))
                .border_style(theme.ink().mix(0.3))
                .draw()?;
        }
        Ok(())
    }
}

impl Theme {
    fn paper(self) -> RGBColor {
        match self {
            Theme::Light => RGBColor(255, 255, 255),
            Theme::Dark => RGBColor(24, 26, 31),
        }
    }

    fn ink(self) -> RGBColor {
        match self {
            Theme::Light => RGBColor(30, 30, 30),
            Theme::Dark => RGBColor(225, 225, 225),
        }
    }

    fn curve(self, index: usize) -> RGBColor {
        // Blue, red, green, orange, violet, teal, each readable on its background.
        let light = [(31, 119, 180), (214, 39, 40), (44, 140, 44), (217, 108, 0), (130, 80, 180), (0, 140, 140)];
        let dark = [(100, 180, 255), (255, 120, 110), (120, 210, 120), (255, 180, 80), (195, 155, 255), (90, 215, 215)];
        let (r, g, b) = match self {
            Theme::Light => light[index % light.len()],
            Theme::Dark => dark[index % dark.len()],
        };
        RGBColor(r, g, b)
    }
}

/// The position where a legend covers the fewest points of the curves. `letters` is the length of its longest line. Sizes
/// and points are in pixels.
fn legend_position(
    (width, height): (u32, u32),
    (letters, lines): (usize, usize),
    curves: &[Vec<(f64, f64)>],
) -> SeriesLabelPosition {
    /// Points on each straight piece of a curve that are looked at.
    const POINTS: u32 = 16;
    use plotters::prelude::SeriesLabelPosition::{
        LowerLeft, LowerMiddle, LowerRight, MiddleLeft, MiddleMiddle, MiddleRight, UpperLeft, UpperMiddle, UpperRight,
    };
    let (width, height) = (f64::from(width), f64::from(height));
    // A line, the name, and the border with its distance, in pixels.
    let (wide, tall) = (60.0 + 8.0 * letters as f64, 24.0 + 18.0 * lines as f64);
    let hidden = |left: f64, top: f64| {
        let inside = |(x, y): (f64, f64)| (left..=left + wide).contains(&x) && (top..=top + tall).contains(&y);
        let pieces = curves.iter().flat_map(|curve| curve.windows(2));
        let between = pieces.flat_map(|piece| {
            let [(x, y), (next_x, next_y)] = [piece[0], piece[1]];
            (0..=POINTS).map(move |step| {
                let part = f64::from(step) / f64::from(POINTS);
                (x + part * (next_x - x), y + part * (next_y - y))
            })
        });
        between.filter(|point| inside(*point)).count()
    };
    let (right, bottom) = (width - wide, height - tall);
    let places = [
        (UpperRight, right, 0.0),
        (LowerRight, right, bottom),
        (UpperLeft, 0.0, 0.0),
        (LowerLeft, 0.0, bottom),
        (MiddleRight, right, bottom / 2.0),
        (MiddleLeft, 0.0, bottom / 2.0),
        (UpperMiddle, right / 2.0, 0.0),
        (LowerMiddle, right / 2.0, bottom),
        (MiddleMiddle, right / 2.0, bottom / 2.0),
    ];
    let best = places.into_iter().min_by_key(|(_, left, top)| hidden(*left, *top));
    best.map_or(UpperRight, |(position, ..)| position)
}

/// The smallest and the largest of some numbers.
fn extent(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)))
}

/// A number with as many digits as fit in a label.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) {
        let text = format!("{value:.4}");
        return text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    let text = format!("{value:.2e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}e{exponent}")
}

/// The labels of a logarithmic axis: powers of ten, and with `finer` also two and five times them.
fn mark(value: f64, finer: bool) -> String {
    let digit = value / 10_f64.powf(value.log10().floor());
    let marked: &[f64] = if finer { &[1.0, 2.0, 5.0, 10.0] } else { &[1.0, 10.0] };
    if marked.iter().any(|mark| (digit - mark).abs() < 1e-6) { number(value) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Epoch;
    use alloc::vec;

    fn epoch(epoch: u64, loss: f64, validation: Option<f64>, metrics: Vec<(String, f64)>) -> Epoch {
        Epoch { epoch, loss, validation, learning_rate: 1e-3 / epoch as f64, seconds: 0.5, metrics }
    }

    #[test]
    fn the_picture_has_a_panel_for_each_kind_of_number() {
        let metrics = |epoch: f64| vec![("accuracy".into(), 1.0 - 0.5 / epoch), ("psnr".into(), 20.0 + epoch)];
        let epochs = (1..=20_u32).map(f64::from);
        let epochs: Vec<Epoch> =
            epochs.zip(1..).map(|(at, count)| epoch(count, 1.0 / at.powi(3), Some(2.0 / at), metrics(at))).collect();
        let history = History { epochs };
        let svg = history.svg();
        for text in ["loss", "accuracy", "psnr", "learning rate", "epoch", "training", "validation", "0.001", "0.01"] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}");
        }
        assert!(svg.contains(&format!("height=\"{}\"", 4 * HEIGHT)));
        assert_ne!(history.svg_in(Theme::Dark), svg);
    }

    #[test]
    fn any_history_can_be_drawn() {
        let values = [0.0, -1.0, 1.0, 1e-300, 1e300, f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY];
        let mut histories = vec![History::default()];
        for a in values {
            histories.push(History { epochs: vec![epoch(1, a, None, vec![])] });
            for b in values {
                let metrics = |value| vec![("m".into(), value)];
                let epochs = vec![epoch(1, a, Some(b), metrics(b)), epoch(u64::MAX, b, Some(a), metrics(a))];
                histories.push(History { epochs });
            }
        }
        for history in histories {
            let svg = history.svg();
            assert!(svg.starts_with("<svg") && !svg.contains("NaN") && !svg.contains("inf"), "{history:?}: {svg}");
        }
    }

    #[test]
    fn a_legend_hides_no_curve_where_there_is_room() {
        let falling = vec![(0.0, 0.0), (100.0, 190.0), (600.0, 195.0)];
        let rising = vec![(0.0, 195.0), (100.0, 10.0), (600.0, 5.0)];
        let position = |curves: &[Vec<(f64, f64)>]| legend_position((600, 200), (10, 2), curves);
        assert!(matches!(position(core::slice::from_ref(&falling)), SeriesLabelPosition::UpperRight));
        assert!(matches!(position(core::slice::from_ref(&rising)), SeriesLabelPosition::LowerRight));
        assert!(matches!(position(&[falling, rising]), SeriesLabelPosition::MiddleRight));
    }

    #[test]
    fn labels_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.001, "0.001"),
            (1e-4, "1e-4"),
            (2.5e-5, "2.5e-5"),
            (20.0, "20"),
            (0.25, "0.25"),
            (1e6, "1e6"),
        ] {
            assert_eq!(number(value), text);
        }
        let marks = |finer| [1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 1.0, 20.0].map(|value| mark(value, finer));
        assert_eq!(marks(true), ["1e-4", "2e-4", "", "5e-4", "0.001", "1", "20"]);
        assert_eq!(marks(false), ["1e-4", "", "", "", "0.001", "1", ""]);
    }
}
