//! Data that a model, a loss or a training run cannot accept at run time gives an error that says where, and changes
//! nothing.

use std::panic;

use convshape::train::{
    Adam, BinaryCrossEntropy, BinaryCrossEntropyWithLogits, CrossEntropy, Custom, Data, DataError, Evaluation, Fit,
    FitError, Loss, Mse, Optimizer, Quantity, Sgd, Train, evaluate,
};
use convshape::{Model, ShapeError, conv_chain};
use ndarray::{Array1, Array2, Array3, Array4, ArrayD, ArrayView4, ArrayViewD, IxDyn};
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    /// A normalisation with one value per channel and sample.
    struct Pooled {
        input: [2, 4, 4];
        c: Conv2d(2 -> 3, kernel: 3, padding: 1);
        GlobalAvgPool;
        norm: BatchNorm;
        head: Linear(3 -> 2);
        output: [2];
    }
}

conv_chain! {
    struct KerasPooled {
        dialect: keras;
        input: [4, 4, 2];
        GlobalAvgPool;
        norm: BatchNorm;
        output: [2];
    }
}

conv_chain! {
    struct Segmenter {
        input: [3, 4, 4];
        c: Conv2d(3 -> 3, kernel: 1);
        output: [3, 4, 4];
    }
}

conv_chain! {
    struct KerasSegmenter {
        dialect: keras;
        input: [4, 4, 3];
        c: Conv2d(3 -> 3, kernel: 1);
        output: [4, 4, 3];
    }
}

conv_chain! {
    /// A maximum over windows that all miss the input.
    struct Blind {
        input: [16, 2, 4];
        pool: MaxPool2d(2, stride: 1, dilation: 3, padding: 1);
        output: [16, 1, 3];
    }
}

conv_chain! {
    struct Any {
        for h in 1.., w in 1..;
        input: [1, 2*h, 2*w];
        down: Conv2d(1 -> 2, kernel: 2, stride: 2);
        up: ConvTranspose2d(undo down);
        output: [1, 2*h, 2*w];
    }
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// All elements of a model, bit for bit.
fn bits(model: &impl Model) -> Vec<u32> {
    let mut bits = Vec::new();
    model.for_each_param(|_, param| bits.extend(param.as_slice().iter().map(|x| x.to_bits())));
    bits
}

fn images(count: usize) -> Array4<f32> {
    Array4::from_shape_fn((count, 2, 4, 4), |(n, c, y, x)| ((3 * n + 5 * c + 7 * y + x) % 11) as f32 / 11.0)
}

#[test]
fn one_value_of_a_channel_has_no_variance() {
    let mut model = Pooled::init(&mut rng());
    let before = bits(&model);
    for count in [0, 1] {
        let (x, y) = (images(count), Array2::zeros((count, 2)));
        let error = model.gradients_train(x.view(), y.view(), Mse, &mut rng()).expect_err("one value");
        assert!(matches!(error, ShapeError::TooFewValues { .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains("`norm`") && error.contains(&format!("found {count} value")), "{error}");
        assert_eq!(bits(&model), before, "nothing is updated");
    }
    // With running statistics a single sample is fine.
    model.gradients(images(1).view(), Array2::zeros((1, 2)).view(), Mse).expect("stored statistics");
    let mut keras = KerasPooled::init(&mut rng());
    let x = Array4::ones((1, 4, 4, 2));
    assert!(keras.gradients_train(x.view(), Array2::zeros((1, 2)).view(), Mse, &mut rng()).is_err());
}

/// Nine samples in batches of four leave one over.
#[test]
fn a_training_does_not_run_into_a_batch_of_one() {
    let (x, y) = (images(9), Array2::zeros((9, 2)));
    let data = Data::new(x.view(), y.view()).expect("as many");
    let mut model = Pooled::init(&mut rng());
    Fit::new(Adam::new(1e-2), Mse).batch(4).epochs(3).run(&mut model, &data).expect("a training");
    model.for_each_param(|name, param| {
        assert!(param.as_slice().iter().all(|element| element.is_finite()), "{name}");
    });
    // Explicitly requested batches are not changed.
    let error = Fit::new(Adam::new(1e-2), Mse).batch(1).run(&mut model, &data).expect_err("batches of one");
    assert!(error.to_string().contains("`norm`"), "{error}");
}

/// Keras and Flax divide the running variance by the count, PyTorch by the count minus one.
#[test]
fn running_variances_are_those_of_the_dialect() {
    let x = Array4::from_shape_fn((2, 4, 4, 2), |(n, ..)| n as f32);
    let mut model = KerasPooled::init(&mut rng());
    model.gradients_train(x.view(), Array2::zeros((2, 2)).view(), Mse, &mut rng()).expect("two samples");
    // The variance of 0 and 1 is 1/4; Keras moves by 0.01.
    let expected = 0.99 + 0.01 * 0.25;
    assert!(
        model.norm.running_var.as_slice().iter().all(|v| (v - expected).abs() < 1e-6),
        "{:?}",
        model.norm.running_var.as_slice()
    );
}

#[test]
fn a_training_sees_every_number_of_the_model() {
    let (x, y) = (images(8), Array2::zeros((8, 2)));
    let data = Data::new(x.view(), y.view()).expect("as many");
    // A variance beyond f32, though the loss is finite.
    let mut large = x.clone();
    large.mapv_inplace(|x| x * 1e30);
    let large = Data::new(large.view(), y.view()).expect("as many");
    let mut model = Pooled::init(&mut rng());
    let before = bits(&model);
    let error = Fit::new(Sgd::new(0.1), Mse).batch(8).run(&mut model, &large).expect_err("an infinite variance");
    assert!(
        matches!(&error, FitError::NotFiniteValue { quantity: Quantity::Statistic, name, .. } if name == "norm.running_var"),
        "{error}"
    );
    assert_eq!(bits(&model), before, "no step was made");

    // A NaN gradient with a finite loss.
    let nan = |y: &ArrayViewD<'_, f32>| Ok((1.0, ArrayD::from_elem(y.raw_dim(), f32::NAN)));
    let unlabelled = Data::new(x.view(), ()).expect("as many");
    let error = Fit::new(Sgd::new(0.1), Custom(nan)).run(&mut model, &unlabelled).expect_err("no number");
    assert!(matches!(error, FitError::NotFiniteValue { quantity: Quantity::Gradient, step: 1, .. }), "{error}");
    assert_eq!(bits(&model), before, "no step was made");

    // A step that is too long.
    let error = Fit::new(Sgd::new(1e300), Mse).run(&mut model, &data).expect_err("too long").to_string();
    assert!(error.contains("after the step the parameter"), "{error}");
}

#[test]
fn validation_without_samples_or_numbers_is_never_the_best() {
    let (x, y) = (images(8), Array2::zeros((8, 2)));
    let data = Data::new(x.view(), y.view()).expect("as many");
    let (none, no_target) = (images(0), Array2::zeros((0, 2)));
    let empty = Data::new(none.view(), no_target.view()).expect("as many");
    let mut model = Pooled::init(&mut rng());
    let error = Fit::new(Adam::new(1e-2), Mse).validation(empty.clone()).run(&mut model, &data).expect_err("none");
    assert!(matches!(error, FitError::NoValidationData), "{error}");
    assert!(matches!(evaluate(&model, &empty, 4, &mut Mse), Err(DataError::Shape(ShapeError::NoSamples { .. }))));

    // The loss of the first validation is NaN. It comes after one training batch.
    let calls = std::cell::Cell::new(0);
    let loss = Custom(|y: &ArrayViewD<'_, f32>| {
        calls.set(calls.get() + 1);
        let gradient = y.mapv(|y| 2.0 * y / y.abs().max(1.0) / 16.0);
        let value = y.iter().map(|y| f64::from(y * y)).sum::<f64>() / 16.0;
        Ok((if calls.get() == 2 { f64::NAN } else { value }, gradient))
    });
    let unlabelled = Data::new(x.view(), ()).expect("as many");
    let fit = Fit::new(Adam::new(1e-2), loss).batch(8).epochs(6).patience(3).validation(unlabelled.clone());
    let history = fit.run(&mut model, &unlabelled).expect("a training");
    assert!(history.epochs.len() > 4, "it does not wait for what is better than the first epoch: {history:?}");
    let best = evaluate(
        &model,
        &unlabelled,
        8,
        &mut Custom(|y: &ArrayViewD<'_, f32>| {
            Ok((y.iter().map(|y| f64::from(y * y)).sum::<f64>() / 16.0, ArrayD::zeros(y.raw_dim())))
        }),
    );
    let least = history.epochs.iter().filter_map(|epoch| epoch.validation).fold(f64::INFINITY, f64::min);
    assert!((best.expect("a loss") - least).abs() < 1e-6, "the model is that of the best epoch");
}

/// Returns the number of gradients that it was created with.
struct Miscounting(usize);

impl Loss for Miscounting {
    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        _: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let gradient = ArrayD::zeros(outputs[0].raw_dim());
        Ok(Evaluation { value: 0.0, gradients: vec![gradient; self.0] })
    }
}

#[test]
fn a_loss_gives_a_gradient_for_each_output() {
    let (model, x, y) = (Pooled::init(&mut rng()), images(2), Array2::zeros((2, 2)));
    for count in [0, 2, 3] {
        let error = model.gradients(x.view(), y.view(), Miscounting(count)).expect_err("miscounted");
        assert_eq!(error, ShapeError::LossGradients { found: count, expected: 1 });
    }
    model.gradients(x.view(), y.view(), Miscounting(1)).expect("one");
    // Called directly, a loss reports missing arguments too.
    assert!(matches!(Mse.evaluate(&[], &[]), Err(ShapeError::Loss { .. })));
    assert!(matches!((Mse, Mse).evaluate(&[], &[]), Err(ShapeError::Loss { .. })));
    let none = Array2::<f32>::zeros((0, 2));
    assert!(matches!(
        model.gradients(images(0).view(), none.view(), Mse),
        Err(ShapeError::NoSamples { chain: "Pooled" })
    ));
}

#[test]
fn an_optimizer_checks_the_parameters() {
    let model = Pooled::init(&mut rng());
    let (_, gradients) = model.gradients(images(2).view(), Array2::zeros((2, 2)).view(), Mse).expect("a batch");
    let mut replaced = model.clone();
    replaced.head.weight = replaced.head.bias.clone();
    let before = bits(&replaced);
    let mut optimizer = Adam::new(0.1);
    let error = optimizer.step(&mut replaced, &gradients).expect_err("another shape").to_string();
    assert!(error.contains("`head.weight`"), "{error}");
    assert_eq!(bits(&replaced), before);
    assert_eq!(Optimizer::state(&optimizer), Optimizer::state(&Adam::new(0.1)), "no step was counted");
    let mut whole = model.clone();
    assert!(optimizer.step(&mut whole, &replaced).is_err(), "gradients are checked too");
    optimizer.step(&mut whole, &gradients).expect("a step");
    // The parameters of another chain.
    let mut other = Segmenter::init(&mut rng());
    let x = Array4::zeros((1, 3, 4, 4));
    let (_, gradients) = other.gradients(x.view(), x.view(), Mse).expect("a batch");
    let error = optimizer.step(&mut other, &gradients).expect_err("another model").to_string();
    assert!(error.contains("`c.weight`"), "{error}");
}

/// The class axis is the channel axis, wherever the dialect has it.
#[test]
fn classes_are_on_the_axis_of_the_channels() {
    let first = Segmenter::init(&mut rng());
    let mut last = KerasSegmenter::init(&mut rng());
    // The kernel of Keras is [1, 1, in, out].
    let weight =
        first.c.weight.view().into_shape_with_order((3, 3)).expect("a matrix").t().as_standard_layout().to_owned();
    last.c.weight.as_mut_slice().copy_from_slice(weight.as_slice().expect("row-major"));
    last.c.bias.as_mut_slice().copy_from_slice(first.c.bias.as_slice());
    let x = Array4::from_shape_fn((2, 3, 4, 4), |(n, c, y, x)| ((n + 2 * c + 3 * y + 5 * x) % 7) as f32 - 3.0);
    let turned = x.view().permuted_axes([0, 2, 3, 1]);
    let numbers = Array3::from_shape_fn((2, 4, 4), |(n, y, x)| ((n + y + x) % 3) as f32);
    let one_hot =
        Array4::from_shape_fn((2, 3, 4, 4), |(n, c, y, x)| f32::from(u8::from(numbers[[n, y, x]] == c as f32)));
    let (expected, _) = first.gradients(x.view(), numbers.view(), CrossEntropy).expect("class numbers");
    let (found, _) = first.gradients(x.view(), one_hot.view(), CrossEntropy).expect("one-hot");
    assert!((found - expected).abs() < 1e-6);
    let (found, gradients) = last.gradients(turned, numbers.view(), CrossEntropy).expect("class numbers");
    assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    let hot = one_hot.view().permuted_axes([0, 2, 3, 1]);
    let (found, _) = last.gradients(turned, hot, CrossEntropy).expect("one-hot");
    assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    assert!(gradients.c.weight.as_slice().iter().any(|g| *g != 0.0));
    // The other order is rejected, with the reason.
    let error = last.gradients(turned, one_hot.view(), CrossEntropy).expect_err("the other order").to_string();
    assert!(error.contains("axis 3 of the output") && error.contains("axis 1 of the target"), "{error}");
    let error = first.gradients(x.view(), hot, CrossEntropy).expect_err("the other order").to_string();
    assert!(error.contains("axis 1 of the output") && error.contains("axis 3 of the target"), "{error}");
}

#[test]
fn an_impossible_class_names_its_sample() {
    let model = Pooled::init(&mut rng());
    for class in [7.0, -1.0, 0.5, f32::NAN, 2.0, f32::INFINITY] {
        let classes = Array1::from(vec![0.0, 1.0, class]);
        let error = model.gradients(images(3).view(), classes.view(), CrossEntropy).expect_err("no class").to_string();
        assert!(error.contains("sample 2") && error.contains("2 classes, 0 to 1"), "{error}");
    }
    // Labels that are not classes are ignored if requested.
    let classes = Array1::from(vec![0.0, 1.0, -100.0]);
    let (all, gradients) =
        model.gradients(images(3).view(), classes.view(), CrossEntropy.ignore(-100.0)).expect("two of three");
    let two = images(3).slice_move(ndarray::s![..2, .., .., ..]);
    let (expected, of_two) =
        model.gradients(two.view(), Array1::from(vec![0.0, 1.0]).view(), CrossEntropy).expect("two");
    assert!((all - expected).abs() < 1e-6);
    assert_eq!(gradients.head.bias.as_slice(), of_two.head.bias.as_slice());
    let error = model.gradients(two.view(), Array1::from(vec![-100.0, -100.0]).view(), CrossEntropy.ignore(-100.0));
    assert_eq!(error.expect_err("none"), ShapeError::AllIgnored);
}

#[test]
fn a_target_without_a_class_names_its_sample() {
    let y = Array4::<f32>::zeros((2, 3, 2, 2)).into_dyn();
    let mut t = Array4::from_shape_fn((2, 3, 2, 2), |(_, class, ..)| f32::from(u8::from(class == 1))).into_dyn();
    let mut loss = CrossEntropy.smoothing(0.1);
    assert!(loss.evaluate(&[y.view()], &[t.view()]).is_ok());
    // PyTorch takes several classes, too.
    t[[0, 0, 1, 0]] = 1.0;
    assert!(loss.evaluate(&[y.view()], &[t.view()]).is_ok());
    t[[1, 1, 0, 1]] = 0.0;
    let error = loss.evaluate(&[y.view()], &[t.view()]).expect_err("no class");
    assert_eq!(error, ShapeError::NoClass { sample: 1 });
    assert!(error.to_string().contains("the target of sample 1 is 0 for every class"), "{error}");
}

/// `torch.nn.functional.cross_entropy` with these weights, smoothing and targets, as PyTorch 2 gives it.
#[test]
fn cross_entropy_with_weights_and_smoothing() {
    let y = ArrayD::from_shape_vec(IxDyn(&[2, 3]), vec![0.5, -1.0, 2.0, 0.0, 0.25, -0.5]).expect("six");
    let t = ArrayD::from_shape_vec(IxDyn(&[2]), vec![2.0, 0.0]).expect("two");
    let mut loss = CrossEntropy.weights([1.0, 2.0, 0.5]).smoothing(0.1);
    let value = loss.evaluate(&[y.view()], &[t.view()]).expect("fits").value;
    let log_softmax = |row: [f64; 3]| row.map(|y| y - row.iter().map(|y| y.exp()).sum::<f64>().ln());
    let (a, b) = (log_softmax([0.5, -1.0, 2.0]), log_softmax([0.0, 0.25, -0.5]));
    let smooth = |row: [f64; 3]| -(row[0] + 2.0 * row[1] + 0.5 * row[2]) * 0.1 / 3.0;
    let expected = (0.9 * (-0.5 * a[2] - b[0]) + smooth(a) + smooth(b)) / 1.5;
    assert!((value - expected).abs() < 1e-6, "{value} {expected}");
}

#[test]
fn probabilities_are_between_0_and_1() {
    let model = Pooled::init(&mut rng());
    let bytes = Array2::from_elem((2, 2), 255.0);
    let error = model.gradients(images(2).view(), bytes.view(), BinaryCrossEntropyWithLogits).expect_err("bytes");
    assert!(error.to_string().contains("the target of sample 0 is 255"), "{error}");
    let y = ArrayD::from_elem(IxDyn(&[1, 2]), 1.5_f32);
    let t = ArrayD::from_elem(IxDyn(&[1, 2]), 1.0_f32);
    let error = BinaryCrossEntropy.evaluate(&[y.view()], &[t.view()]).expect_err("no probability").to_string();
    assert!(error.contains("the output of sample 0 is 1.5") && error.contains("Sigmoid"), "{error}");
    // NaN is accepted, and so are rounding errors.
    let y = ArrayD::from_elem(IxDyn(&[1, 2]), f32::NAN);
    assert!(BinaryCrossEntropy.evaluate(&[y.view()], &[t.view()]).expect("NaN").value.is_nan());
    let y = ArrayD::from_elem(IxDyn(&[1, 2]), 1.000_000_1_f32);
    assert!(BinaryCrossEntropy.evaluate(&[y.view()], &[t.view()]).expect("a rounding").value < 1e-6);
}

#[test]
fn a_maximum_of_nothing_is_minus_infinity() {
    let x = Array4::ones((2, 16, 2, 4));
    let model = Blind::init(&mut rng());
    let y = model.forward_batch(x.view()).expect("a batch");
    assert_eq!(y.shape(), [2, 16, 1, 3]);
    assert!(y.iter().all(|y| *y == f32::NEG_INFINITY), "{y:?}");
    let (dx, _) = model.vjp(x.view(), Array4::ones((2, 16, 1, 3)).view()).expect("a batch");
    assert!(dx.iter().all(|dx| *dx == 0.0));
}

/// A view may repeat one sample any number of times.
#[test]
fn a_batch_beyond_all_memory_is_an_error() {
    let sample = Array4::<f32>::ones((1, 1, 4, 4));
    for batch in [1 << 40, 1 << 56] {
        let view: ArrayView4<'_, f32> = sample.broadcast((batch, 1, 4, 4)).expect("a view");
        let model = Any::init(&mut rng());
        let found = panic::catch_unwind(|| model.forward_batch(view).map(|y| y.len()));
        let error = found.expect("no panic").expect_err("no memory");
        assert!(matches!(error, ShapeError::Memory { batch: found, .. } if found == batch), "{error}");
        assert!(model.gradients(view, view, Mse).is_err());
    }
    // Spatial sizes that do not fit.
    let pixel = Array4::<f32>::ones((1, 1, 1, 1));
    let view = pixel.broadcast((1, 1, 1 << 30, 1 << 28)).expect("a view");
    assert!(matches!(Any::init(&mut rng()).forward_batch(view), Err(ShapeError::Memory { .. })));
}

/// `Train::first_not_finite` and the others exist for generic code.
#[test]
fn generic_code_can_check_parameters() {
    fn check<M: Train>(model: &M) -> bool {
        model.check_params().is_ok()
    }
    let mut model = Segmenter::init(&mut rng());
    assert!(check(&model));
    model.c.bias = model.c.weight.clone();
    assert!(!check(&model));
}
