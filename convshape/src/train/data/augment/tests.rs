use super::geometry::{affine, enlargement, flip, rotation, window};
use super::*;
use crate::train::data::{Dataset, Loader, Pass, from_fn};
use alloc::string::ToString;
use alloc::vec;
use ndarray::{Array2, Array3, ArrayD, Axis, IxDyn, arr0};

/// Distinct numbers.
fn ramp(shape: &[usize]) -> ArrayD<f32> {
    let mut next = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        next += 1.0;
        next
    })
}

/// Shapes of signals, images and volumes, with the channel axis first, last, or absent.
const SHAPES: [(&[usize], Option<usize>); 6] = [
    (&[2, 7], Some(0)),
    (&[3, 5, 6], Some(0)),
    (&[5, 6, 3], Some(2)),
    (&[4, 5], None),
    (&[2, 3, 4, 5], Some(0)),
    (&[3, 4, 5, 2], Some(3)),
];

#[test]
fn a_flip_is_its_own_inverse() {
    for (shape, channel) in SHAPES {
        let (array, grid) = (ramp(shape), SampleAxes::of(shape, channel));
        for axis in 0..grid.sizes.len() {
            let once = flip(&array, &grid, axis);
            assert_ne!(once, array);
            assert_eq!(flip(&once, &grid, axis), array);
            assert_eq!(once.sum(), array.sum());
            let end = grid.sizes[axis] - 1;
            let place = Axis(grid.axes[axis]);
            assert_eq!(once.index_axis(place, 0), array.index_axis(place, end));
        }
    }
}

#[test]
fn a_shift_moves_what_is_within() {
    for (shape, channel) in SHAPES {
        let (array, grid) = (ramp(shape), SampleAxes::of(shape, channel));
        let axes = grid.sizes.len();
        assert_eq!(window(&array, &grid, &vec![0; axes], &grid.sizes, 0.0), array);
        // Padded, moved and moved back, nothing is lost.
        let large: Vec<usize> = grid.sizes.iter().map(|size| size + 4).collect();
        let padded = window(&array, &grid, &vec![-2; axes], &large, 0.0);
        assert_eq!(padded.sum(), array.sum());
        let of_padded = SampleAxes::of(padded.shape(), channel);
        for by in [-2, -1, 1, 2] {
            let moved = window(&padded, &of_padded, &vec![by; axes], &large, 0.0);
            assert_ne!(moved, padded);
            assert_eq!(moved.sum(), array.sum());
            assert_eq!(window(&moved, &of_padded, &vec![-by; axes], &large, 0.0), padded);
        }
        assert_eq!(window(&padded, &of_padded, &vec![2; axes], &grid.sizes, 0.0), array);
        // Everything is outside.
        for first in [isize::MIN / 2, -40, 40, isize::MAX / 2] {
            let outside = window(&array, &grid, &vec![first; axes], &grid.sizes, 9.0);
            assert!(outside.iter().all(|value| *value == 9.0));
        }
    }
}

#[test]
fn a_quarter_turn_is_a_permutation() {
    for filter in [Filter::Linear, Filter::Nearest { outside: 0.0 }] {
        for (shape, channel) in
            [(&[2, 5, 5][..], Some(0)), (&[4, 4, 3], Some(2)), (&[5, 5], None), (&[2, 3, 4, 4], Some(0))]
        {
            let (array, grid) = (ramp(shape), SampleAxes::of(shape, channel));
            let axes = grid.sizes.len();
            let turn = |array: &ArrayD<f32>, degrees: f64| affine(array, &grid, &rotation(axes, degrees), filter);
            let quarter = turn(&array, 90.0);
            // `numpy.rot90`: element (y, x) comes from (x, last - y).
            let (y, x) = (grid.axes[axes - 2], grid.axes[axes - 1]);
            let mut expected = array.clone();
            expected.swap_axes(y, x);
            expected.invert_axis(Axis(y));
            assert_eq!(quarter, expected);
            assert_eq!(turn(&turn(&quarter, 90.0), 180.0), array);
            assert_eq!(turn(&quarter, -90.0), array);
            assert_eq!(turn(&array, 360.0), array);
            assert_eq!(affine(&array, &grid, &enlargement(axes, 1.0), filter), array);
        }
    }
}

#[test]
fn interpolation_is_linear() {
    // A plane stays a plane under any rotation and scale.
    let plane = ArrayD::from_shape_fn(IxDyn(&[1, 9, 11]), |place| 2.0 * place[1] as f32 - 3.0 * place[2] as f32);
    let grid = SampleAxes::of(plane.shape(), Some(0));
    for (matrix, [yy, yx, xy, xx]) in [
        (enlargement(2, 2.0), [0.5, 0.0, 0.0, 0.5]),
        (rotation(2, 30.0), [0.75_f64.sqrt(), 0.5, -0.5, 0.75_f64.sqrt()]),
    ] {
        let changed = affine(&plane, &grid, &matrix, Filter::Linear);
        for (y, x) in [(4, 5), (3, 4), (5, 7), (2, 5)] {
            let (dy, dx) = (f64::from(y) - 4.0, f64::from(x) - 5.0);
            let expected = 2.0 * (4.0 + yy * dy + yx * dx) - 3.0 * (5.0 + xy * dy + xx * dx);
            let found = f64::from(changed[[0, usize::try_from(y).unwrap(), usize::try_from(x).unwrap()]]);
            assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
        }
    }
    // Class numbers are never mixed.
    let mask = ArrayD::from_shape_fn(IxDyn(&[9, 11]), |place| ((place[0] * place[1]) % 5) as f32);
    let turned =
        affine(&mask, &SampleAxes::of(mask.shape(), None), &rotation(2, 37.0), Filter::Nearest { outside: 7.0 });
    assert!(turned.iter().all(|class| [0.0, 1.0, 2.0, 3.0, 4.0, 7.0].contains(class)));
    assert!(turned.iter().any(|class| *class == 7.0));
}

/// All changes of an image.
fn everything() -> Augment {
    let shapes = Augment::new().flip(0).flip(1).shift(0.2).rotate(30.0).scale(0.8, 1.2).crop(&[6, 6], 1);
    shapes.brightness(0.2).contrast(0.3).saturation(0.4).noise(0.1).cutout(3)
}

fn images() -> impl Dataset {
    from_fn(9, |index| Sample::new(Array3::from_elem((3, 8, 7), 0.1 * index as f32 + 0.1), arr0(index as f32)))
}

#[test]
fn changes_depend_on_seed_epoch_and_sample() {
    let data = images().augment(everything());
    let epoch = |seed: u64, epoch: u64, batch: usize, ahead: usize| {
        let loader = Loader::new(&data, batch).shuffled(seed);
        let mut rows = loader.prefetched(epoch, ahead, |batches| {
            let rows = batches.flat_map(|batch| {
                let batch = batch.expect("images");
                let images: Vec<_> = batch.inputs[0].outer_iter().map(|image| image.to_owned()).collect();
                batch.targets[0].iter().copied().zip(images).collect::<Vec<_>>()
            });
            rows.collect::<Vec<_>>()
        });
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows
    };
    let expected = epoch(1, 0, 4, 0);
    assert!(
        expected.iter().all(|(_, image)| image.shape() == [3, 6, 6] && image.iter().all(|value| value.is_finite()))
    );
    for (batch, ahead) in [(1, 0), (9, 3), (2, 1)] {
        assert_eq!(epoch(1, 0, batch, ahead), expected);
    }
    for other in [epoch(2, 0, 4, 0), epoch(1, 1, 4, 0)] {
        assert!(other.iter().zip(&expected).all(|(a, b)| a.1 != b.1));
    }
}

#[test]
fn masks_move_with_their_images() {
    // The image contains its mask, so that both are still equal after any geometric change.
    let geometry = || Augment::new().flip(0).flip(1).shift(0.3).crop(&[5, 5], 2);
    for last in [false, true] {
        let context = Context { channels_last: last, ..Context::default() };
        for channel in [false, true] {
            let data = from_fn(12, |index| {
                let mask = Array2::from_shape_fn((6, 7), |(y, x)| ((3 * y + 5 * x + index) % 11) as f32 + 1.0);
                let image = mask.clone().insert_axis(Axis(if last { 2 } else { 0 }));
                Sample {
                    targets: vec![if channel { image.clone().into_dyn() } else { mask.into_dyn() }],
                    inputs: vec![image.into_dyn()],
                }
            });
            let data = data.augment(geometry().masks(0.0).for_chain(&context));
            let all: Vec<usize> = (0..12).collect();
            let batch = data.gather(&all, Pass::new(1, 1)).expect("images");
            let image: Vec<f32> = batch.inputs[0].iter().copied().collect();
            let mask: Vec<f32> = batch.targets[0].iter().copied().collect();
            assert_eq!(image, mask);
            assert!(image.contains(&0.0));
        }
    }
    // Turned by the same angle: most positions of a large disc agree.
    let disc = |y: usize, x: usize| f32::from(u8::from((y as f32 - 12.0).hypot(x as f32 - 20.0) < 8.0));
    let data = from_fn(4, |_| {
        let mask = Array2::from_shape_fn((32, 32), |(y, x)| disc(y, x));
        Sample::new(mask.clone().insert_axis(Axis(0)), mask)
    });
    let data = data.augment(Augment::new().rotate(180.0).scale(0.7, 1.3).masks(0.0));
    let batch = data.batch(&[0, 1, 2, 3]).expect("images");
    for (image, mask) in batch.inputs[0].outer_iter().zip(batch.targets[0].outer_iter()) {
        assert!(image.iter().zip(&mask).all(|(image, mask)| (image - mask).abs() <= 1.0));
        let rounded = image.iter().zip(&mask).filter(|(image, mask)| (image.round() - **mask).abs() > 0.5).count();
        assert!(mask.sum() > 50.0 && rounded < 20, "{rounded} of {}", mask.sum());
    }
}

#[test]
fn values_change_as_torchvision_says() {
    let image = ramp(&[3, 2, 2]);
    let grid = SampleAxes::of(image.shape(), Some(0));
    let changed = |change: &dyn Fn(&mut ArrayD<f32>)| {
        let mut image = image.clone();
        change(&mut image);
        image
    };
    assert_eq!(changed(&|image| values::brightness(image, 2.0)), &image * 2.0);
    let contrast = changed(&|image| values::contrast(image, 0.5));
    assert_eq!((contrast[[0, 0, 0]], contrast.mean()), (6.5 + 0.5 * (1.0 - 6.5), Some(6.5)));
    let grey = changed(&|image| values::saturation(image, &grid, 0.0).expect("three channels"));
    for y in 0..2 {
        for x in 0..2 {
            let expected = 0.299 * image[[0, y, x]] + 0.587 * image[[1, y, x]] + 0.114 * image[[2, y, x]];
            assert!((0..3).all(|channel| (grey[[channel, y, x]] - expected).abs() < 1e-5));
        }
    }
    let near = |a: &ArrayD<f32>, b: &ArrayD<f32>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(near(&changed(&|image| values::saturation(image, &grid, 1.0).expect("three channels")), &image));
    assert_eq!(changed(&|image| values::contrast(image, 1.0)), image);
    let mut rng = Pass::new(1, 1).rng(1);
    let mut large = ArrayD::ones(vec![1, 200, 200]);
    values::noise(&mut large, 0.5, &mut rng);
    let deviation = large.std(0.0);
    assert!((deviation - 0.5).abs() < 0.02 && (large.mean().expect("a mean") - 1.0).abs() < 0.02, "{deviation}");
    for side in 0..12 {
        let mut holed = ArrayD::ones(vec![2, 9, 8]);
        values::cutout(&mut holed, &SampleAxes::of(&[2, 9, 8], Some(0)), side, &mut rng);
        let zeros = holed.iter().filter(|value| **value == 0.0).count();
        assert!(zeros <= 2 * side * side && (side == 0 || zeros >= 2 * side.div_ceil(2).min(8)), "{side}: {zeros}");
    }
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let said = |augment: Augment, shape: &[usize]| {
        let mut sample = Sample { inputs: vec![ramp(shape)], targets: vec![] };
        augment.apply(&mut sample, &mut Pass::default().rng(0)).expect_err("no such change").to_string()
    };
    assert_eq!(said(Augment::new().flip(2), &[1, 4, 5]), "cannot flip axis 2 of the spatial axes [4, 5]");
    assert_eq!(
        said(Augment::new().crop(&[8, 5], 1), &[1, 4, 5]),
        "cannot crop [8, 5] out of [4, 5] with a padding of 1"
    );
    assert!(said(Augment::new().crop(&[4], 1), &[1, 4, 5]).starts_with("cannot crop [4]"));
    assert!(said(Augment::new().crop(&[0, 4], 1), &[1, 4, 5]).starts_with("cannot crop [0, 4]"));
    assert!(said(Augment::new().crop(&[1, 4], usize::MAX), &[1, 4, 5]).starts_with("cannot crop [1, 4]"));
    assert_eq!(said(Augment::new().rotate(5.0), &[1, 4]), "cannot rotate in the one spatial axis [4]");
    assert!(said(Augment::new().saturation(0.5), &[1, 4, 5]).contains("found the shape [1, 4, 5]"));
    assert_eq!(
        said(Augment::new().flip(0), &[4]),
        "found an input of shape [4], expected [channels, spatial axes..] to change"
    );
    assert!(said(Augment::new().flip(0), &[1, 2, 3, 4, 5]).starts_with("found an input of shape"));
    assert_eq!(said(Augment::new().flip(0).masks(0.0), &[1, 4, 5]), "there is no target to change as a mask");
    for number in [f64::NAN, f64::INFINITY, -1.0] {
        for augment in [
            Augment::new().shift(number),
            Augment::new().rotate(number),
            Augment::new().scale(number, 1.0),
            Augment::new().brightness(number),
            Augment::new().noise(number),
        ] {
            assert!(said(augment, &[1, 4, 5]).contains("expected"), "{number}");
        }
    }
    let mut sample = Sample::new(Array3::<f32>::zeros((1, 4, 5)), Array2::<f32>::zeros((5, 4)));
    let error = Augment::new().flip(0).masks(0.0).apply(&mut sample, &mut Pass::default().rng(0)).expect_err("turned");
    assert_eq!(error.to_string(), "found a mask of shape [5, 4], expected the image's [4, 5]");
    assert_eq!(sample.inputs[0], ArrayD::<f32>::zeros(vec![1, 4, 5]));
}
