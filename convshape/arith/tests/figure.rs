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

/// Names are written below the boxes: across if they fit, else from top to bottom.
#[test]
fn names_are_upright_where_they_fit() {
    let layers = |count| vec![("Conv2d", Shape::of(&[128, 16, 16])); count];
    let short = picture(&layers(9));
    assert_eq!((short.matches("rotate(90)").count(), short.matches("text-anchor=\"middle\"").count()), (0, 9));
    let long = picture(&layers(20));
    assert_eq!((long.matches("rotate(90)").count(), long.matches("text-anchor=\"middle\"").count()), (20, 0));
    for svg in [short, long] {
        let width = svg.split("width=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse::<i64>().ok());
        let width = width.expect("a width");
        assert!((850..=900).contains(&width), "{width}");
    }
}

#[test]
fn the_layers_of_a_block_have_a_bracket() {
    let plain = Drawn { name: "a", op: "Conv2d", output: Shape::of(&[4, 8, 8]), params: 1, reads: &[], undoes: None };
    let names = ["a", "d1.c1", "d1.c2", "d2.c1", "d3.r.c1", "d3.r.c2"];
    let drawn: Vec<Drawn<'_>> = names.iter().map(|name| Drawn { name, ..plain }).collect();
    let svg = draw(&drawn);
    let texts: Vec<&str> = svg.split("<text ").skip(1).filter_map(|text| text.split(['>', '<']).nth(1)).collect();
    // A block of one layer needs none.
    assert_eq!(texts[..8], ["a", "c1", "c2", "d2.c1", "r.c1", "r.c2", "d1", "d3"]);
    // The whole name on hover.
    assert!(svg.contains("<title>d3.r.c2: Conv2d [4, 8, 8]</title>"));
}
