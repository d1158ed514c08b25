//! The two maps of one axis against counting: windows are laid over the padded rows one by one, kernels are stamped
//! one by one, and every small combination of the numbers is tried.

use convshape_arith::axis::{Scatter, Window, extent};
use convshape_arith::size::Size;

/// One past the last row of the input, whose rows are `input_dilation` apart.
fn end_of_input(window: &Window, input: i64) -> i64 {
    (0..input).map(|row| row * window.input_dilation).max().map_or(0, |last| last + 1)
}

/// The rows on which window `index` lays its taps; the border at the start has negative numbers.
fn taps(window: &Window, index: i64) -> Vec<i64> {
    (0..window.kernel).map(|tap| index * window.stride + tap * window.dilation - window.lo).collect()
}

/// How far window `index` hangs over the end of the padded input; not above zero if it fits.
fn overhang(window: &Window, input: i64, index: i64) -> i64 {
    let last = taps(window, index).into_iter().max().expect("a window has a tap");
    last + 1 - (end_of_input(window, input) + window.hi)
}

/// Whether window `index` counts. With `ceil` it may hang over by less than a step, if it starts before the border at
/// the end.
fn counts(window: &Window, input: i64, index: i64) -> bool {
    let hangs_over = overhang(window, input, index);
    if window.ceil { hangs_over < window.stride && taps(window, index)[0] < input } else { hangs_over <= 0 }
}

fn count(window: &Window, input: i64) -> i64 {
    (0..).take_while(|&index| counts(window, input, index)).count().try_into().expect("a small number")
}

/// Rows of the input behind the last of `windows`.
fn dropped(window: &Window, input: i64, windows: i64) -> i64 {
    let last = taps(window, windows - 1).into_iter().max().expect("a window has a tap");
    (0..input).filter(|row| row * window.input_dilation > last).count().try_into().expect("a small number")
}

fn output(window: &Window, input: i64) -> Option<i64> {
    window.output(Size::Number(input), &[]).ok().map(|size| size.number().expect("a number gives a number"))
}

/// Every window with small numbers, and any padding of the range on either side.
fn windows(padding: core::ops::RangeInclusive<i64>) -> impl Iterator<Item = Window> {
    let triples = (1..=4).flat_map(|kernel| (1..=3).flat_map(move |stride| (1..=3).map(move |d| (kernel, stride, d))));
    let pairs: Vec<_> = padding.clone().flat_map(|lo| padding.clone().map(move |hi| (lo, hi))).collect();
    triples.flat_map(move |(kernel, stride, dilation)| {
        let window = Window { stride, dilation, ..Window::new(kernel) };
        pairs.clone().into_iter().map(move |(lo, hi)| Window { lo, hi, ..window })
    })
}

#[test]
fn windows_are_counted() {
    for window in windows(-2..=3) {
        for input_dilation in 1..=3 {
            let window = Window { input_dilation, ..window };
            for input in 1..=12 {
                let expected = count(&window, input);
                assert_eq!(output(&window, input), (expected > 0).then_some(expected), "{window:?} on {input}");
                if expected > 0 {
                    let rows = dropped(&window, input, expected);
                    assert_eq!(window.dropped(input), rows, "{window:?} on {input}");
                }
            }
        }
    }
}

/// Pooling in PyTorch pads at most half its kernel, counted without dilation.
#[test]
fn overhanging_windows_are_counted() {
    let pools = windows(0..=2).filter(|window| window.lo.max(window.hi) <= window.kernel / 2);
    let mut overhanging = 0;
    for window in pools.map(|window| Window { ceil: true, ..window }) {
        for input in 1..=12 {
            let expected = count(&window, input);
            // A kernel beyond the input still gives a window as long as it hangs over by less than a step.
            assert_eq!(output(&window, input).unwrap_or(0), expected, "{window:?} on {input}");
            if expected > 0 {
                assert_eq!(window.dropped(input), dropped(&window, input, expected), "{window:?} on {input}");
                overhanging += i64::from(overhang(&window, input, expected - 1) > 0);
            }
        }
    }
    assert!(overhanging > 500);
}

#[test]
fn a_floor_makes_a_range_of_inputs_alike() {
    /// Every input that gives one of the outputs tried is smaller.
    const MOST: i64 = 40;
    for window in windows(-2..=3) {
        for input_dilation in 1..=3 {
            let window = Window { input_dilation, ..window };
            let counted: Vec<(i64, i64)> = (1..=MOST).map(|input| (input, count(&window, input))).collect();
            for windows in 1..=4 {
                let mut alike = counted.iter().filter(|&&(_, found)| found == windows).map(|&(input, _)| input);
                let expected = alike.next().map(|first| (first, alike.next_back().unwrap_or(first)));
                assert_eq!(window.inputs_for(windows), expected, "{window:?} for {windows}");
            }
        }
    }
}

#[test]
fn a_size_that_overhangs_has_no_range() {
    assert_eq!(Window { ceil: true, ..Window::new(2) }.inputs_for(3), None);
    assert_eq!(Window::new(2).inputs_for(0), None);
}

#[test]
fn stamps_are_counted() {
    for kernel in 1..=4 {
        for stride in 1..=4 {
            for dilation in 1..=3 {
                for lo in -3..=4 {
                    for hi in -3..=4 {
                        for input in 1..=6 {
                            let scatter = Scatter { kernel, stride, dilation, lo, hi };
                            let expected = stamped(&scatter, input);
                            let found = scatter.output(Size::Number(input), &[]).ok();
                            assert_eq!(found, expected.map(Size::Number), "{scatter:?} on {input}");
                        }
                    }
                }
            }
        }
    }
}

/// The rows from the first to the last stamped one, cropped or extended on both sides.
fn stamped(scatter: &Scatter, input: i64) -> Option<i64> {
    let stamps = (0..input).flat_map(|row| (0..scatter.kernel).map(move |tap| (row, tap)));
    let last = stamps.map(|(row, tap)| row * scatter.stride + tap * scatter.dilation).max().expect("a stamped row");
    let first_kept = scatter.lo;
    let last_kept = last - scatter.hi;
    let kept = (first_kept..=last_kept).count();
    (kept > 0).then(|| kept.try_into().expect("a small number"))
}

#[test]
fn an_extent_is_the_rows_from_first_to_last_tap() {
    for kernel in 1..=6 {
        for dilation in 1..=4 {
            let last = (0..kernel).map(|tap| tap * dilation).max().expect("a tap");
            assert_eq!(extent(kernel, dilation), Ok(last + 1));
        }
    }
}
