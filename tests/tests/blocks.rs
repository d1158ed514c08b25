//! Blocks with parameters of every kind, `if`, repeats with several values, and `reuse`: each chain gives the same
//! result as its layers written out one by one.

use std::collections::HashMap;

use convshape::ndarray::{Array2, Array3, Array4, Ix2, aview1};
use convshape::rand::{RngExt, SeedableRng, rngs::StdRng};
use convshape::train::Mse;
use convshape::{Chain, Model, conv_chain};

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn random4(shape: [usize; 4]) -> Array4<f32> {
    let mut rng = rng();
    Array4::from_shape_fn(shape, |_| rng.random_range(-1.0..1.0))
}

/// The names, shapes and elements of a model's parameters.
fn params(model: &impl Model) -> Vec<(String, Vec<usize>)> {
    let mut all = Vec::new();
    model.for_each_param(|name, param| all.push((name.to_string(), param.shape().to_vec())));
    all
}

conv_chain! {
    struct Residual {
        block Res(from, to, act: activation = Relu, bias: bool = false, eps: real = 1e-5) reads x, emb {
            c1: Conv2d(from -> to, kernel: 3, padding: 1, bias: bias, activation: act) from x;
            t: Linear(6 -> to) from emb;
            Reshape([to, 1, 1]);
            h: Add(c1, _);
            BatchNorm(eps: eps);
            act;
            n: Dropout(0.0);
            if from == to { s: Scale(1.0) from x; } else { s: Conv2d(from -> to, kernel: 1) from x; }
            y: Add(n, s);
            output: y, h;
        }
        input: image [3, 8, 8], emb [6];
        a: Res(3, 4) from (image, emb);
        b: Res(4, 4, act: LeakyRelu(0.2), bias: true) from (a, emb);
        c: Res(4, to: 5, eps: 1e-3) from (b.y, emb);
        f: Flatten from c.h;
        output: c [5, 8, 8], f [320];
    }
}

conv_chain! {
    struct Written {
        input: image [3, 8, 8], emb [6];
        ac1: Conv2d(3 -> 4, kernel: 3, padding: 1, bias: false, activation: Relu);
        at: Linear(6 -> 4) from emb;
        Reshape([4, 1, 1]);
        ah: Add(ac1, _);
        BatchNorm;
        an: Relu;
        as_: Conv2d(3 -> 4, kernel: 1) from image;
        ay: Add(an, as_);

        bc1: Conv2d(4 -> 4, kernel: 3, padding: 1, activation: LeakyRelu(0.2)) from ay;
        bt: Linear(6 -> 4) from emb;
        Reshape([4, 1, 1]);
        bh: Add(bc1, _);
        BatchNorm;
        bn: LeakyRelu(0.2);
        by: Add(bn, ay);

        cc1: Conv2d(4 -> 5, kernel: 3, padding: 1, bias: false, activation: Relu) from by;
        ct: Linear(6 -> 5) from emb;
        Reshape([5, 1, 1]);
        ch: Add(cc1, _);
        BatchNorm(eps: 1e-3);
        cn: Relu;
        cs: Conv2d(4 -> 5, kernel: 1) from by;
        cy: Add(cn, cs);
        cf: Flatten from ch;
        output: cy [5, 8, 8], cf [320];
    }
}

/// A model with the parameters of another one, in order.
fn with_params_of<M: Model + Clone>(mut to: M, from: &impl Model) -> M {
    let mut all = Vec::new();
    from.for_each_param(|_, param| all.push(param.as_slice().to_vec()));
    let mut next = all.iter();
    to.for_each_param_mut(|_, param| param.as_mut_slice().copy_from_slice(next.next().expect("as many")));
    assert!(next.next().is_none());
    to
}

#[test]
fn a_block_is_its_statements() {
    let block = Residual::init(&mut rng());
    let written = with_params_of(Written::init(&mut rng()), &block);
    let (image, emb) = (random4([2, 3, 8, 8]), Array2::from_shape_fn((2, 6), |(n, c)| (n * 3 + c) as f32 / 7.0));
    let (y, f) = block.forward_batch((image.view(), emb.view())).unwrap();
    let (wy, wf) = written.forward_batch((image.view(), emb.view())).unwrap();
    assert_eq!(y, wy);
    assert_eq!(f, wf);
    let names: Vec<String> = params(&block).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names[..9],
        [
            "a.c1.weight",
            "a.t.weight",
            "a.t.bias",
            "a.batch_norm1.weight",
            "a.batch_norm1.bias",
            "a.batch_norm1.running_mean",
            "a.batch_norm1.running_var",
            "a.s.weight",
            "a.s.bias"
        ]
    );
    assert_eq!(names[9..11], ["b.c1.weight", "b.c1.bias"]);
    // One type for all uses: what only some of them have is an `Option`.
    let all: [&ResidualRes; 3] = [&block.a, &block.b, &block.c];
    assert_eq!(all.map(|res| (res.c1.bias.is_some(), res.s.is_some())), [(false, true), (true, false), (false, true)]);
    let (_, grads) = block.vjp((image.view(), emb.view()), (y.view(), f.view())).unwrap();
    assert!(grads.b.s.is_none() && grads.a.s.is_some());
}

conv_chain! {
    struct Carrying {
        block Stage(c, n, kernel = 3) {
            blocks: repeat n { c: Conv2d(c, kernel: kernel, padding: kernel / 2, activation: Relu); Add(input); }
        }
        input: image [4, 6, 6], side [4, 1, 1];
        stack: repeat (d, act) in [(1, Relu), (2, Silu)] reads x, skip from (image, side) {
            c: Conv2d(4, kernel: 3, padding: d, dilation: d, activation: act) from x;
            image: Add(c, x);
            s: Add(skip, image);
            output: image, s;
        }
        none: Stage(4, 0) from stack.s;
        wide: Stage(4, 2, kernel: (3, 1));
        last: Stage(4, 1) from (wide);
        plain: repeat 2 reads a from last { Relu; Scale(0.5); }
        Add(stack.image, _);
        output: [4, 6, 6];
    }
}

conv_chain! {
    struct CarryingWritten {
        input: image [4, 6, 6], side [4, 1, 1];
        c0: Conv2d(4, kernel: 3, padding: 1, activation: Relu);
        x0: Add(c0, image);
        s0: Add(side, x0);
        c1: Conv2d(4, kernel: 3, padding: 2, dilation: 2, activation: Silu) from x0;
        x1: Add(c1, x0);
        s1: Add(s0, x1);
        w0: Conv2d(4, kernel: (3, 1), padding: (1, 0), activation: Relu);
        w1: Add(w0, s1);
        w2: Conv2d(4, kernel: (3, 1), padding: (1, 0), activation: Relu);
        w3: Add(w2, w1);
        l0: Conv2d(4, kernel: 3, padding: 1, activation: Relu);
        l1: Add(l0, w3);
        Relu; Scale(0.5); Relu; Scale(0.5);
        Add(x1, _);
        output: [4, 6, 6];
    }
}

#[test]
fn repeats_carry_values() {
    let carrying = Carrying::init(&mut rng());
    let written = with_params_of(CarryingWritten::init(&mut rng()), &carrying);
    let (image, side) = (random4([2, 4, 6, 6]), random4([2, 4, 1, 1]));
    let y = carrying.forward_batch((image.view(), side.view())).unwrap();
    assert_eq!(y, written.forward_batch((image.view(), side.view())).unwrap());
    // Numbers of passes that differ between uses.
    let counts = [&carrying.none, &carrying.wide, &carrying.last].map(|stage: &CarryingStage| stage.blocks.len());
    assert_eq!(counts, [0, 2, 1]);
    assert_eq!(carrying.wide.blocks[1].c.weight.shape(), [4, 4, 3, 1]);
    assert!(carrying.last.blocks.get(1).is_none());
    let names: Vec<String> = params(&carrying).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"wide.blocks.1.c.weight".to_owned()) && names[0] == "stack.0.c.weight", "{names:?}");
    let (_, grads) = carrying.gradients((image.view(), side.view()), y.view(), Mse).unwrap();
    assert_eq!(grads.wide.blocks.iter().count(), 2);
}

conv_chain! {
    struct Shared {
        block Head(c) reads x, y {
            c1: Conv2d(4 -> c, kernel: 3, padding: same, activation: Relu) from x;
            BatchNorm;
            Add(y);
            output: out: _;
        }
        input: p3 [4, 8, 8], p4 [4, 4, 4];
        side: Scale(0.5) from p3;
        head: Head(4) from (p3, side);
        small: reuse head from (p4, p4) -> [4, 4, 4];
        stem: Conv2d(4 -> 4, kernel: 1, activation: Sigmoid) from head;
        again: reuse stem from small;
        more: reuse again;
        tower: repeat 2 { c: Conv2d(4, kernel: 1); }
        reuse tower from stem;
        big: Flatten;
        little: Flatten from tower;
        Concat(big, little);
        output: [320];
    }
}

conv_chain! {
    struct SharedWritten {
        input: p3 [4, 8, 8], p4 [4, 4, 4];
        side: Scale(0.5) from p3;
        c1: Conv2d(4 -> 4, kernel: 3, padding: same, activation: Relu) from p3;
        BatchNorm;
        head: Add(side);
        c2: Conv2d(4 -> 4, kernel: 3, padding: same, activation: Relu) from p4;
        BatchNorm;
        small: Add(p4);
        stem: Conv2d(4 -> 4, kernel: 1, activation: Sigmoid) from head;
        again: Conv2d(4 -> 4, kernel: 1, activation: Sigmoid) from small;
        more: Conv2d(4 -> 4, kernel: 1, activation: Sigmoid);
        t1: Conv2d(4, kernel: 1);
        t2: Conv2d(4, kernel: 1);
        u1: Conv2d(4, kernel: 1) from stem;
        u2: Conv2d(4, kernel: 1);
        big: Flatten;
        little: Flatten from t2;
        Concat(big, little);
        output: [320];
    }
}

/// The written-out model with the shared one's parameters in every copy.
fn copies(shared: &Shared) -> SharedWritten {
    let mut written = SharedWritten::init(&mut rng());
    let head = &shared.head;
    (written.c1, written.c2) = (head.c1.clone(), head.c1.clone());
    (written.batch_norm1, written.batch_norm2) = (head.batch_norm1.clone(), head.batch_norm1.clone());
    (written.stem, written.again, written.more) = (shared.stem.clone(), shared.stem.clone(), shared.stem.clone());
    (written.t1, written.u1) = (shared.tower[0].c.clone(), shared.tower[0].c.clone());
    (written.t2, written.u2) = (shared.tower[1].c.clone(), shared.tower[1].c.clone());
    written
}

#[test]
fn reuse_shares_parameters_and_adds_gradients() {
    let shared = Shared::init(&mut rng());
    let names: Vec<String> = params(&shared).into_iter().map(|(name, _)| name).collect();
    let own = ["head.c1.weight", "head.c1.bias", "head.batch_norm1.weight", "head.batch_norm1.bias"];
    assert_eq!(names[..4], own);
    assert_eq!(
        names[6..],
        ["stem.weight", "stem.bias", "tower.0.c.weight", "tower.0.c.bias", "tower.1.c.weight", "tower.1.c.bias"]
    );
    let written = copies(&shared);
    let (p3, p4) = (random4([3, 4, 8, 8]), random4([3, 4, 4, 4]));
    let inputs = || (p3.view(), p4.view());
    assert_eq!(shared.forward_batch(inputs()).unwrap(), written.forward_batch(inputs()).unwrap());
    // Each run counts its multiplications, but only the first one its parameters.
    let layer = |name: &str| Shared::LAYERS.iter().find(|layer| layer.name == name).expect("a layer of this name");
    assert_eq!((layer("small.c1").params, layer("small.c1").macs), (0, 4 * 4 * 9 * 16));
    assert_eq!((layer("stem").params, layer("again").params, layer("again").macs), (20, 0, 16 * 16));
    let total: u64 = Shared::LAYERS.iter().map(|layer| layer.params).sum();
    assert_eq!(total, 148 + 8 + 20 + 40);
    // In training too: in the written-out model each statistic moves once, the shared ones twice.
    let target = Array2::zeros((3, 320));
    let (_, g) = shared.gradients(inputs(), target.view(), Mse).unwrap();
    let (_, w) = written.gradients(inputs(), target.view(), Mse).unwrap();
    let close = |sum: &convshape::Param, parts: &[&convshape::Param]| {
        for (index, sum) in sum.as_slice().iter().enumerate() {
            let added: f32 = parts.iter().map(|part| part.as_slice()[index]).sum();
            assert!((sum - added).abs() <= 1e-6 + 1e-4 * added.abs(), "{sum} {added}");
        }
    };
    close(&g.head.c1.weight, &[&w.c1.weight, &w.c2.weight]);
    close(&g.head.batch_norm1.bias, &[&w.batch_norm1.bias, &w.batch_norm2.bias]);
    close(&g.stem.weight, &[&w.stem.weight, &w.again.weight, &w.more.weight]);
    close(&g.tower[1].c.bias, &[&w.t2.bias, &w.u2.bias]);
    let (mut shared, mut written) = (shared, written);
    shared.gradients_train(inputs(), target.view(), Mse, &mut rng()).unwrap();
    written.gradients_train(inputs(), target.view(), Mse, &mut rng()).unwrap();
    let (first, second) = (&written.batch_norm1.running_mean, &written.batch_norm2.running_mean);
    for (moved, (a, b)) in
        shared.head.batch_norm1.running_mean.as_slice().iter().zip(first.as_slice().iter().zip(second.as_slice()))
    {
        // From zero by a tenth of each batch's mean, one after the other.
        assert!((moved - (0.9 * a + b)).abs() < 1e-6);
    }
}

mod sizes {
    pub(crate) const C: usize = 4;
}

conv_chain! {
    struct Deferred<const H: usize> {
        block Twice(c, n, act: activation = Relu) reads x, y {
            up: Conv2d(c, kernel: 3, padding: 1) from x;
            body: repeat n { Conv2d(c, kernel: 1); act; }
            if n > 1 { z: Scale(2.0); } else { z: Scale(1.0); }
            Add(z, y);
            output: sum: _, z;
        }
        input: [sizes::C, H, 8];
        a: Twice(sizes::C, 2) from (input, input);
        b: Twice(sizes::C, 1, act: Silu) from (a.z, a.sum);
        stem: Conv2d(sizes::C -> sizes::C, kernel: 3, padding: 1, activation: Tanh) from b.sum;
        more: reuse stem -> [sizes::C, H, 8];
        again: reuse a from (more, stem);
        head: Conv2d(sizes::C -> 3, kernel: 3, stride: 2, padding: 1, bias: false);
        output: [3, H / 2, 4];
    }
}

conv_chain! {
    struct Literal {
        input: [4, 8, 8];
        ac: Conv2d(4, kernel: 3, padding: 1);
        a0: Conv2d(4, kernel: 1); Relu;
        a1: Conv2d(4, kernel: 1); Relu;
        az: Scale(2.0);
        asum: Add(az, input);
        bc: Conv2d(4, kernel: 3, padding: 1) from az;
        b0: Conv2d(4, kernel: 1); Silu;
        bz: Scale(1.0);
        bsum: Add(bz, asum);
        stem: Conv2d(4 -> 4, kernel: 3, padding: 1, activation: Tanh);
        more: Conv2d(4 -> 4, kernel: 3, padding: 1, activation: Tanh);
        rc: Conv2d(4, kernel: 3, padding: 1);
        r0: Conv2d(4, kernel: 1); Relu;
        r1: Conv2d(4, kernel: 1); Relu;
        rz: Scale(2.0);
        Add(rz, stem);
        head: Conv2d(4 -> 3, kernel: 3, stride: 2, padding: 1, bias: false);
        output: [3, 4, 4];
    }
}

#[test]
fn sizes_that_only_const_evaluation_knows() {
    let deferred = Deferred::<8>::init(&mut rng());
    let mut literal = Literal::init(&mut rng());
    (literal.ac, literal.rc) = (deferred.a.up.clone(), deferred.a.up.clone());
    let body = &deferred.a.body;
    (literal.a0, literal.r0) = (body[0].conv1.clone(), body[0].conv1.clone());
    (literal.a1, literal.r1) = (body[1].conv1.clone(), body[1].conv1.clone());
    (literal.bc, literal.b0) = (deferred.b.up.clone(), deferred.b.body[0].conv1.clone());
    (literal.stem, literal.more) = (deferred.stem.clone(), deferred.stem.clone());
    literal.head = deferred.head.clone();
    let x = random4([2, 4, 8, 8]);
    let y = deferred.forward_batch(x.view()).unwrap();
    assert_eq!(y, literal.forward_batch(x.view()).unwrap());
    assert_eq!(Deferred::<8>::LAYERS.iter().map(|layer| layer.macs).sum::<u64>(), {
        Literal::LAYERS.iter().map(|layer| layer.macs).sum::<u64>()
    });
    assert_eq!(Deferred::<8>::summary().params(), 148 + 40 + 148 + 20 + 148 + 108);
}

conv_chain! {
    struct Encoder { input: [4, 8, 8]; down: Conv2d(4 -> 6, kernel: 3, stride: 2, padding: 1); skip: Relu; output: down [6, 4, 4], skip [6, 4, 4]; }
}

conv_chain! {
    struct Twin {
        for w in 1..;
        block Widen(n) { if n == 2 { up: Upsample(2); } else { up: Upsample(4); } }
        input: [4, 8, 8 * w];
        tower: Conv2d(4, kernel: 3, padding: 1, activation: Relu);
        twin: reuse tower;
        pool: MaxPool2d(2);
        Widen(2) -> [4, 8, 8 * w];
        Add(twin);
        output: [4, 8, 8 * w];
    }
}

conv_chain! {
    struct Siamese {
        input: a [4, 8, 8], b [4, 8, 8];
        enc: Chain(Encoder) from a;
        other: reuse enc from b;
        Add(enc.skip, other.1);
        Add(enc.down);
        output: [6, 4, 4];
    }
}

#[test]
fn sizes_of_run_time_and_chains_that_run_twice() {
    let twin = Twin::init(&mut rng());
    assert_eq!(Twin::summary().params(), 148);
    let x = random4([1, 4, 8, 16]);
    assert_eq!(twin.forward_batch(x.view()).unwrap().shape(), [1, 4, 8, 16]);
    assert!(twin.forward_batch(random4([1, 4, 8, 12]).view()).is_err());

    let siamese = Siamese::init(&mut rng());
    let names: Vec<String> = params(&siamese).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["enc.down.weight", "enc.down.bias"]);
    let (a, b) = (random4([2, 4, 8, 8]), random4([2, 4, 8, 8]).mapv(|v| 0.3 - v));
    let (first, second) = (siamese.enc.forward_batch(a.view()).unwrap(), siamese.enc.forward_batch(b.view()).unwrap());
    let y = siamese.forward_batch((a.view(), b.view())).unwrap();
    let expected = &first.1 + &second.1 + &first.0;
    assert!((&y - &expected).iter().all(|d| d.abs() < 1e-5));
    // In the caller's memory too.
    let mut workspace = [0.0; Siamese::WORKSPACE_BYTES / 4];
    let mut into = vec![0.0; 96];
    let (a0, b0) = (&a.as_slice().unwrap()[..256], &b.as_slice().unwrap()[..256]);
    let mut tensor = convshape::Tensor::<f32, convshape::Chw<6, 4, 4>>::try_from(into.clone()).unwrap();
    let (a0, b0) = (
        convshape::Tensor::<f32, convshape::Chw<4, 8, 8>>::try_from(a0.to_vec()).unwrap(),
        convshape::Tensor::<f32, convshape::Chw<4, 8, 8>>::try_from(b0.to_vec()).unwrap(),
    );
    siamese.forward_into((&a0, &b0), &mut tensor, &mut workspace);
    into.copy_from_slice(tensor.as_slice());
    assert!(into.iter().zip(y.iter()).all(|(a, b)| (a - b).abs() < 1e-5));
}

conv_chain! {
    struct Tower {
        for h in 1..=8, w in 1..;
        input: image [4, 4 * h, 4 * w + 2];
        c: Conv2d(4 -> 6, kernel: 3, padding: 1, activation: Relu);
        pool: MaxPool2d((4, 1));
        both: Conv2d(6 -> 6, kernel: (1, 3));
        output: both [6, h, 4 * w], c [6, 4 * h, 4 * w + 2];
    }
}

conv_chain! {
    struct Fixed {
        input: a [4, 16, 10], b [4, 8, 6];
        tower: Chain(Tower) from a -> [6, 4, 8];
        other: reuse tower from b;
        f: Flatten;
        g: Flatten from tower.c;
        Concat(f, g);
        output: [1008];
    }
}

conv_chain! {
    struct Around {
        for n in 1..=2;
        input: [4, 16 * n, 8 * n + 6];
        tower: Chain(Tower);
        Relu from tower;
        output: [6, 4 * n, 8 * n + 4];
    }
}

#[test]
fn a_chain_with_symbolic_sizes_is_a_layer() {
    let fixed = Fixed::init(&mut rng());
    let (a, b) = (random4([2, 4, 16, 10]), random4([2, 4, 8, 6]));
    let (big, side) = fixed.tower.forward_batch(a.view()).unwrap();
    let (small, _) = fixed.tower.forward_batch(b.view()).unwrap();
    let y = fixed.forward_batch((a.view(), b.view())).unwrap();
    let expected: Vec<f32> = small.iter().take(48).chain(side.iter().take(960)).copied().collect();
    assert!(y.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5));
    assert_eq!(big.shape(), [2, 6, 4, 8]);
    // The multiplications on these sizes: 16x10 and 4x8, 8x6 and 2x4.
    let macs: Vec<u64> = Fixed::LAYERS.iter().map(|layer| layer.macs).take(2).collect();
    assert_eq!(macs, [216 * 160 + 108 * 32, 216 * 48 + 108 * 8]);
    let (_, grads) = fixed.vjp((a.view(), b.view()), y.view()).unwrap();
    assert!(grads.tower.both.weight.as_slice().iter().any(|value| *value != 0.0));

    let around = Around::init(&mut rng());
    let x = random4([1, 4, 32, 22]);
    let relu = around.tower.forward_batch(x.view()).unwrap().0.mapv(|value| value.max(0.0));
    assert_eq!(around.forward_batch(x.view()).unwrap(), relu);
    assert!(around.forward_batch(random4([1, 4, 48, 30]).view()).is_err());
}

conv_chain! {
    struct Narrow<const N: usize> { input: [N]; dense: Linear(N -> N); output: [N]; }
}

conv_chain! {
    /// Blocks and repeats that contain a chain of sizes that only const evaluation knows.
    struct Generic<const N: usize> {
        block Pair() { a: Chain(Narrow<N>); Relu; b: Linear(N -> N); }
        input: [N];
        first: Pair();
        rest: repeat 2 { pair: Pair(); Add(input); }
        output: [N];
    }
}

#[test]
fn generic_chains_in_blocks() {
    let model = Generic::<3>::init(&mut rng());
    let names: Vec<String> = params(&model).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..4], ["first.a.dense.weight", "first.a.dense.bias", "first.b.weight", "first.b.bias"]);
    assert_eq!(names[4], "rest.0.pair.a.dense.weight");
    let x = Array2::from_elem((2, 3), 0.5);
    let once = |pair: &GenericPair<3>, x: &Array2<f32>| {
        let hidden = pair.a.forward_batch(x.view()).unwrap().mapv(|value| value.max(0.0));
        let weight = pair.b.weight.view().into_dimensionality::<Ix2>().unwrap();
        hidden.dot(&weight.t()) + aview1(pair.b.bias.as_slice())
    };
    let mut expected = once(&model.first, &x);
    for turn in 0..2 {
        expected = once(&model.rest[turn].pair, &expected) + &expected;
    }
    let found = model.forward_batch(x.view()).unwrap();
    assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5));
}

/// Parameters and their shapes alone, not what the library keeps with a model.
#[test]
fn models_are_printed_as_their_fields() {
    let model = Generic::<3>::init(&mut rng());
    let dense = "WeightBias { weight: Param [3, 3], bias: Param [3] }";
    let pair = format!("GenericPair {{ a: Narrow {{ dense: {dense} }}, b: {dense} }}");
    let turn = format!("GenericRest {{ pair: {pair} }}");
    assert_eq!(format!("{model:?}"), format!("Generic {{ first: {pair}, rest: [{turn}, {turn}] }}"));
}

conv_chain! {
    /// A recurrent layer that continues where its first run ended.
    struct Continued {
        input: a [3, 6], b [4, 6];
        l: Lstm(6 -> 5) from a;
        n: reuse l from (b, l.h_n, l.c_n);
        g: Gru(6 -> 5) from a;
        k: reuse g from (b, g.h_n);
        m: MultiHeadAttention(5, heads: 5) from n;
        x: reuse m from (m, l, l);
        output: n [4, 5], k [4, 5], x [4, 5];
    }
}

conv_chain! {
    struct Whole {
        input: a [3, 6], b [4, 6];
        c: Concat(a, b, axis: 0);
        l: Lstm(6 -> 5);
        n: Slice(3..7, axis: 0);
        g: Gru(6 -> 5) from c;
        k: Slice(3..7, axis: 0);
        m: MultiHeadAttention(5, heads: 5) from n;
        first: Slice(0..3, axis: 0) from l;
        x: MultiHeadAttention(5, heads: 5) from (m, first, first);
        output: n [4, 5], k [4, 5], x [4, 5];
    }
}

#[test]
fn another_run_may_have_first_states_or_keys_of_its_own() {
    let mut own = HashMap::new();
    let continued = Continued::init(&mut rng());
    continued.for_each_param(|name, param| drop(own.insert(name.to_owned(), param.clone())));
    let mut whole = Whole::init(&mut rng());
    whole.for_each_param_mut(|name, param| {
        let first = name.replace("x.", "m.");
        param.as_mut_slice().copy_from_slice(own[&first].as_slice());
    });
    let mut rng = rng();
    let mut random = |rows| Array3::from_shape_fn((2, rows, 6), |_| rng.random_range(-1.0..1.0));
    let (a, b) = (random(3), random(4));
    let found = continued.forward_batch((a.view(), b.view())).unwrap();
    let expected = whole.forward_batch((a.view(), b.view())).unwrap();
    for (found, expected) in [(found.0, expected.0), (found.1, expected.1), (found.2, expected.2)] {
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}

conv_chain! {
    /// A size per axis where real numbers per axis, and sizes of pieces, are taken.
    struct PerAxis {
        block Resized(by = (2, 1), parts = (1, 2)) { s: Split(parts); Upsample(scale: by) from s.1; MaxPool2d(by); }
        input: [3, 4, 6];
        first: Resized;
        wide: Resized((1, 2), parts: (1, 1));
        output: [1, 4, 6];
    }
}

#[test]
fn a_parameter_per_axis_is_one_for_each_axis() {
    let x = random4([2, 3, 4, 6]);
    let y = PerAxis::init(&mut rng()).forward_batch(x.view()).unwrap();
    assert_eq!(y, x.slice(convshape::ndarray::s![.., 2.., .., ..]));
}

conv_chain! {
    /// An axis that is known at run time, split into parts of a known size.
    struct Framed {
        for w in 1..=64;
        input: [2, 3, 2*w];
        a: Unflatten(2, [_, 2]);
        rows: Reshape([_, 4]) from a;
        output: a [2, 3, w, 2], rows [3*w, 4];
    }
}

#[test]
fn parts_of_an_axis_known_at_run_time() {
    let x = random4([2, 2, 3, 8]);
    let (a, rows) = Framed::init(&mut rng()).forward_batch(x.view()).unwrap();
    assert_eq!((a.shape(), rows.shape()), (&[2, 2, 3, 4, 2][..], &[2, 12, 4][..]));
    assert!(a.iter().eq(&x) && rows.iter().eq(&x));
}

conv_chain! {
    /// The heads of a detector on six levels.
    struct Heads {
        block Head(c) { cls: Conv1d(2, kernel: 1); at: Conv1d(4, kernel: 1) from input; output: cls, at; }
        input: a [3, 6], b [3, 5], c [3, 4], d [3, 3], e [3, 2], f [3, 1];
        h: Head(3) from a;
        i: reuse h from b; j: reuse h from c; k: reuse h from d; l: reuse h from e; m: reuse h from f;
        a0: Identity from h.cls; a1: Identity from h.at;
        b0: Identity from i.cls; b1: Identity from i.at;
        c0: Identity from j.cls; c1: Identity from j.at;
        d0: Identity from k.cls; d1: Identity from k.at;
        e0: Identity from l.cls; e1: Identity from l.at;
        f0: Identity from m.cls; f1: Identity from m.at;
        output: a0 [2, 6], a1 [4, 6], b0 [2, 5], b1 [4, 5], c0 [2, 4], c1 [4, 4],
            d0 [2, 3], d1 [4, 3], e0 [2, 2], e1 [4, 2], f0 [2, 1], f1 [4, 1];
    }
}

#[test]
fn a_chain_has_up_to_twelve_outputs() {
    let heads = Heads::init(&mut rng());
    let x = [6, 5, 4, 3, 2, 1].map(|size| Array3::from_elem((1, 3, size), 0.5));
    let [a, b, c, d, e, f] = x.each_ref().map(|x| x.view());
    let y = heads.forward_batch((a, b, c, d, e, f)).unwrap();
    assert_eq!((y.0.shape(), y.11.shape()), (&[1, 2, 6][..], &[1, 4, 1][..]));
    assert!((y.0[[0, 1, 0]] - y.10[[0, 1, 0]]).abs() < 1e-6);
}
