//! The picture of a chain: one line of SVG, with as many boxes as a page can show.

use convshape_arith::figure::{self, Drawn, MOST_BOXES};
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;

/// Each layer reads the one before.
fn picture(layers: &[(&str, Shape)]) -> String {
    let names: Vec<String> = (0..layers.len()).map(|index| format!("l{index}")).collect();
    let reads: Vec<Vec<usize>> = (0..layers.len()).map(|index| index.checked_sub(1).into_iter().collect()).collect();
    let layers = layers.iter().zip(&names).zip(&reads).map(|(((op, output), name), reads)| Drawn {
        name,
        op,
        output: *output,
        params: 1,
        reads,
        undoes: None,
    });
    let drawn: Vec<Drawn<'_>> = layers.collect();
    draw(&drawn)
}

fn draw(drawn: &[Drawn<'_>]) -> String {
    let mut svg = String::new();
    figure::write(&mut svg, "A<b>", AxisOrder::ChannelsFirst, drawn).expect("a string takes everything");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>") && !svg.contains('\n'), "{svg}");
    for tag in ["svg", "g", "title", "text", "tspan"] {
        let opened = svg.matches(&format!("<{tag} ")).count() + svg.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{tag}: {svg}");
    }
    svg
}

fn boxes(svg: &str) -> usize {
    svg.matches("<g><title>").count()
}

#[test]
fn every_layer_of_a_short_chain_is_a_box() {
    let svg = picture(&[("input", Shape::of(&[1, 28, 28])), ("Conv2d", Shape::of(&[16, 14, 14]))]);
    assert_eq!(boxes(&svg), 2);
    assert!(
        svg.contains("aria-label=\"A&lt;b&gt;: 1 layers\"") && svg.contains("<title>l1: Conv2d [16, 14, 14]</title>")
    );
}

#[test]
fn nothing_and_odd_shapes_are_drawn_too() {
    draw(&[]);
    let huge = Shape::of(&[i64::MAX, i64::MAX, i64::MAX]);
    picture(&[("input", Shape::of(&[])), ("A", Shape::unknown(4)), ("B", Shape::of(&[0, -3])), ("C", huge)]);
}

#[test]
fn a_long_chain_has_a_gap() {
    let layers: Vec<(&str, Shape)> = (1..=100).map(|channels| ("Conv2d", Shape::of(&[channels, 8, 8]))).collect();
    let svg = picture(&layers);
    assert_eq!(boxes(&svg), MOST_BOXES);
    assert!(svg.contains("60 more layers"));
}

#[test]
fn what_is_repeated_is_drawn_once() {
    let piece = [("Conv2d", Shape::of(&[8, 8, 8])), ("Relu", Shape::of(&[8, 8, 8])), ("Conv2d", Shape::of(&[4, 8, 8]))];
    let svg = picture(&piece.repeat(30));
    assert_eq!(boxes(&svg), 3);
    assert!(svg.contains("&#215;30"));
}

#[test]
fn skips_and_pairs_are_arcs() {
    let shape = Shape::of(&[4, 8, 8]);
    let plain = Drawn { name: "a", op: "Conv2d", output: shape, params: 1, reads: &[], undoes: None };
    let svg = draw(&[plain, Drawn { reads: &[0], ..plain }, Drawn { reads: &[1, 0], undoes: Some(0), ..plain }]);
    assert_eq!(svg.matches("stroke-dasharray").count(), 1);
    assert_eq!(svg.matches("<circle ").count(), 2);
}
