//! Published detectors, up to the boxes and classes of all anchors, with their published parameter counts and PyTorch's
//! outputs.

use convshape::conv_chain;
use convshape_tests::networks;

/// The centres of the cells of three grids, for an image of 96 x 128: strides 8, 16 and 32.
const ANCHORS: [[f32; 252]; 2] = grids().0;
const STRIDES: [f32; 252] = grids().1;

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
const fn grids() -> ([[f32; 252]; 2], [f32; 252]) {
    let (mut centres, mut strides) = ([[0.0; 252]; 2], [0.0; 252]);
    let (mut stride, mut cell) = (8_usize, 0);
    while stride <= 32 {
        let width = 128 / stride;
        let mut at = 0;
        while at < 96 / stride * width {
            centres[0][cell] = (at % width) as f32 + 0.5;
            centres[1][cell] = (at / width) as f32 + 0.5;
            strides[cell] = stride as f32;
            cell += 1;
            at += 1;
        }
        stride *= 2;
    }
    (centres, strides)
}

conv_chain! {
    /// Jocher, Chaurasia and Qiu, "YOLOv8" (2023), size n, for 80 classes.
    pub struct Yolov8n {
        block Cbs(to, kernel, stride = 1) {
            conv: Conv2d(to, kernel: kernel, stride: stride, padding: kernel / 2, bias: false);
            bn: BatchNorm(eps: 1e-3, momentum: 0.03, activation: Silu);
        }
        block C2f(to, depth, shortcut: bool = false) {
            cv1: Cbs(to, 1);
            halves: Split(2);
            m: repeat i in 0..depth reads x, all from (halves.1, cv1) {
                cv1: Cbs(to / 2, 3);
                cv2: Cbs(to / 2, 3);
                if shortcut { y: Add(x, cv2); } else { y: Identity; }
                joined: Concat(all, y);
                output: y, joined;
            }
            cv2: Cbs(to, 1) from m.joined;
        }
        block Sppf(width) {
            cv1: Cbs(width / 2, 1);
            y1: MaxPool2d(5, stride: 1, padding: 2);
            y2: MaxPool2d(5, stride: 1, padding: 2);
            y3: MaxPool2d(5, stride: 1, padding: 2);
            Concat(cv1, y1, y2, y3);
            cv2: Cbs(width, 1);
        }
        block Branch(width, to) {
            #[name = "0"] a: Cbs(width, 3);
            #[name = "1"] b: Cbs(width, 3);
            #[name = "2"] c: Conv2d(to, kernel: 1);
        }
        block Level(i) {
            #[name = "cv2.{i}"] boxes: Branch(64, 64);
            #[name = "cv3.{i}"] classes: Branch(80, 80) from input;
            Concat(boxes, classes);
            Flatten(from: 1);
        }

        input: [3, 96, 128];
        #[name = "model.0"] Cbs(16, 3, 2);
        #[name = "model.1"] Cbs(32, 3, 2);
        #[name = "model.2"] C2f(32, 1, true);
        #[name = "model.3"] Cbs(64, 3, 2);
        #[name = "model.4"] c4: C2f(64, 2, true);
        #[name = "model.5"] Cbs(128, 3, 2);
        #[name = "model.6"] c6: C2f(128, 2, true);
        #[name = "model.7"] Cbs(256, 3, 2);
        #[name = "model.8"] C2f(256, 1, true);
        #[name = "model.9"] c9: Sppf(256);
        Upsample(2);
        Concat(_, c6);
        #[name = "model.12"] c12: C2f(128, 1);
        Upsample(2);
        Concat(_, c4);
        #[name = "model.15"] p3: C2f(64, 1);
        #[name = "model.16"] Cbs(64, 3, 2);
        Concat(_, c12);
        #[name = "model.18"] p4: C2f(128, 1);
        #[name = "model.19"] Cbs(128, 3, 2);
        Concat(_, c9);
        #[name = "model.21"] p5: C2f(256, 1);

        #[name = "model.22"] l3: Level(0) from p3;
        #[name = "model.22"] l4: Level(1) from p4;
        #[name = "model.22"] l5: Level(2) from p5;
        Concat(l3, l4, l5, axis: 1);
        y: Split([64, 80]) -> [64, 252];
        Unflatten(0, [4, 16]) from y.0;
        Transpose(0, 1);
        Softmax;
        #[name = "model.22.dfl.conv"] dfl: Conv2d(16 -> 1, kernel: 1, bias: false);
        Reshape([4, 252]);
        sides: Split(2);
        anchors: Constant(ANCHORS, [2, 252]);
        low: Sub(anchors, sides.0);
        high: Add(anchors, sides.1);
        Add(low, high);
        centre: Scale(0.5);
        size: Sub(high, low);
        Concat(centre, size);
        strides: Constant(STRIDES, [252]);
        boxes: Mul(_, strides);
        classes: Sigmoid from y.1;
        Concat(boxes, classes);
        output: [84, 252];
    }
}

conv_chain! {
    /// Lin et al., "Focal Loss for Dense Object Detection" (2017): torchvision's RetinaNet on a ResNet-50 with a feature
    /// pyramid. The heads are shared over five levels.
    pub struct RetinaNet {
        block Bottleneck(width, stride) {
            conv1: Conv2d(width, kernel: 1, bias: false);
            bn1: BatchNorm2d;
            Relu;
            conv2: Conv2d(width, kernel: 3, stride: stride, padding: 1, bias: false);
            bn2: BatchNorm2d;
            Relu;
            conv3: Conv2d(4 * width, kernel: 1, bias: false);
            bn3: BatchNorm2d;
        }
        block Stage(width, depth, stride) {
            #[name = "0"] first: Bottleneck(width, stride);
            #[name = "0.downsample.0"] down: Conv2d(4 * width, kernel: 1, stride: stride, bias: false) from input;
            #[name = "0.downsample.1"] norm: BatchNorm2d;
            Add(first, _);
            Relu;
            #[name(transparent)]
            repeat i in 1..depth {
                #[name = "{i}"] Bottleneck(width, 1);
                Add(input, _);
                Relu;
            }
        }
        block Tower() {
            #[name(transparent)]
            repeat i in 0..4 { #[name = "conv.{i}.0"] conv: Conv2d(256, kernel: 3, padding: 1, activation: Relu); }
        }
        block Rows(each) {
            Unflatten(0, [9, each]);
            Permute(2, 3, 0, 1);
            Flatten(from: 0, to: 2);
        }
        block Classes() {
            #[name(transparent)] Tower;
            cls_logits: Conv2d(9 * 91, kernel: 3, padding: 1);
            Rows(91);
        }
        block Boxes() {
            #[name(transparent)] Tower;
            bbox_reg: Conv2d(9 * 4, kernel: 3, padding: 1);
            Rows(4);
        }

        input: [3, 64, 96];
        #[name = "backbone.body.conv1"] Conv2d(64, kernel: 7, stride: 2, padding: 3, bias: false);
        #[name = "backbone.body.bn1"] BatchNorm2d;
        Relu;
        MaxPool2d(3, stride: 2, padding: 1);
        #[name = "backbone.body.layer1"] Stage(64, 3, 1);
        #[name = "backbone.body.layer2"] c3: Stage(128, 4, 2);
        #[name = "backbone.body.layer3"] c4: Stage(256, 6, 2);
        #[name = "backbone.body.layer4"] c5: Stage(512, 3, 2);

        #[name = "backbone.fpn.inner_blocks.2.0"] m5: Conv2d(256, kernel: 1);
        #[name = "backbone.fpn.inner_blocks.1.0"] i4: Conv2d(256, kernel: 1) from c4;
        Upsample(like: i4) from m5;
        m4: Add(i4, _);
        #[name = "backbone.fpn.inner_blocks.0.0"] i3: Conv2d(256, kernel: 1) from c3;
        Upsample(like: i3) from m4;
        m3: Add(i3, _);
        #[name = "backbone.fpn.layer_blocks.0.0"] p3: Conv2d(256, kernel: 3, padding: 1) from m3;
        #[name = "backbone.fpn.layer_blocks.1.0"] p4: Conv2d(256, kernel: 3, padding: 1) from m4;
        #[name = "backbone.fpn.layer_blocks.2.0"] p5: Conv2d(256, kernel: 3, padding: 1) from m5;
        #[name = "backbone.fpn.extra_blocks.p6"] p6: Conv2d(256, kernel: 3, stride: 2, padding: 1) from p5;
        Relu;
        #[name = "backbone.fpn.extra_blocks.p7"] p7: Conv2d(256, kernel: 3, stride: 2, padding: 1);

        #[name = "head.classification_head"] a3: Classes from p3;
        a4: reuse a3 from p4;
        a5: reuse a3 from p5;
        a6: reuse a3 from p6;
        a7: reuse a3 from p7;
        classes: Concat(a3, a4, a5, a6, a7, axis: 0);
        #[name = "head.regression_head"] b3: Boxes from p3;
        b4: reuse b3 from p4;
        b5: reuse b3 from p5;
        b6: reuse b3 from p6;
        b7: reuse b3 from p7;
        boxes: Concat(b3, b4, b5, b6, b7, axis: 0);
        output: classes [1161, 91], boxes [1161, 4];
    }
}

conv_chain! {
    /// Liu et al., "SSD: Single Shot MultiBox Detector" (2016): torchvision's SSD300 on a VGG-16, for 91 classes.
    pub struct Ssd300 {
        block Extra(narrow, to, at, kernel, stride, padding) {
            #[name = "extra.{at}.0"] down: Conv2d(narrow, kernel: 1, activation: Relu);
            #[name = "extra.{at}.2"] conv: Conv2d(to, kernel: kernel, stride: stride, padding: padding, activation: Relu);
        }
        block Rows(anchors, each) {
            Unflatten(0, [anchors, each]);
            Permute(2, 3, 0, 1);
            Flatten(from: 0, to: 2);
        }
        block Head(at, anchors) {
            #[name = "head.regression_head.module_list.{at}"] conv: Conv2d(anchors * 4, kernel: 3, padding: 1);
            boxes: Rows(anchors, 4);
            #[name = "head.classification_head.module_list.{at}"]
            conv2: Conv2d(anchors * 91, kernel: 3, padding: 1) from input;
            classes: Rows(anchors, 91);
            output: boxes, classes;
        }

        input: [3, 300, 300];
        #[name(transparent)]
        repeat at in [0, 2] {
            #[name = "backbone.features.{at}"] Conv2d(64, kernel: 3, padding: 1, activation: Relu);
        }
        MaxPool2d(2);
        #[name(transparent)]
        repeat at in [5, 7] {
            #[name = "backbone.features.{at}"] Conv2d(128, kernel: 3, padding: 1, activation: Relu);
        }
        MaxPool2d(2);
        #[name(transparent)]
        repeat at in [10, 12, 14] {
            #[name = "backbone.features.{at}"] Conv2d(256, kernel: 3, padding: 1, activation: Relu);
        }
        MaxPool2d(2, ceil_mode: true);
        #[name(transparent)]
        c4: repeat at in [17, 19, 21] {
            #[name = "backbone.features.{at}"] Conv2d(512, kernel: 3, padding: 1, activation: Relu);
        }
        LpNorm;
        #[name = "backbone.scale_weight"] scale: Parameter([512], init: 20);
        f0: Mul(_, scale);
        MaxPool2d(2) from c4;
        #[name(transparent)]
        repeat at in [1, 3, 5] {
            #[name = "backbone.extra.0.{at}"] Conv2d(512, kernel: 3, padding: 1, activation: Relu);
        }
        MaxPool2d(3, stride: 1, padding: 1);
        #[name = "backbone.extra.0.7.1"] Conv2d(1024, kernel: 3, padding: 6, dilation: 6, activation: Relu);
        #[name = "backbone.extra.0.7.3"] f1: Conv2d(1024, kernel: 1, activation: Relu);
        #[name = "backbone"] f2: Extra(256, 512, 1, 3, 2, 1);
        #[name = "backbone"] f3: Extra(128, 256, 2, 3, 2, 1);
        #[name = "backbone"] f4: Extra(128, 256, 3, 3, 1, 0);
        #[name = "backbone"] f5: Extra(128, 256, 4, 3, 1, 0);

        #[name(transparent)] h0: Head(0, 4) from f0;
        #[name(transparent)] h1: Head(1, 6) from f1;
        #[name(transparent)] h2: Head(2, 6) from f2;
        #[name(transparent)] h3: Head(3, 6) from f3;
        #[name(transparent)] h4: Head(4, 4) from f4;
        #[name(transparent)] h5: Head(5, 4) from f5;
        boxes: Concat(h0.boxes, h1.boxes, h2.boxes, h3.boxes, h4.boxes, h5.boxes, axis: 0);
        classes: Concat(h0.classes, h1.classes, h2.classes, h3.classes, h4.classes, h5.classes, axis: 0);
        output: boxes [8732, 4], classes [8732, 91];
    }
}

/// 3,157,200 parameters are published.
#[test]
fn yolov8n() {
    networks::check::<Yolov8n>("yolov8n");
}

/// 34,014,999 are published, and the 53,120 factors and biases of batch norms, which are frozen there.
#[test]
fn retinanet() {
    networks::check::<RetinaNet>("retinanet");
}

/// 35,641,826 parameters are published.
#[test]
fn ssd300() {
    networks::check::<Ssd300>("ssd300");
}
