"""Times ONNX files of networks with one input and one output in convshape, onnxruntime and OpenVINO: those given, or
torchvision's networks, which PyTorch exports first. The weights are random.

    pip install numpy onnxruntime openvino torch torchvision
    python published.py --threads 1
    python published.py --threads 2 resnet50 swin_t
    python published.py my_network.onnx
    python published.py --profile my_network.onnx

A file must have fixed sizes; a size that it leaves open counts as 1.
"""

import pathlib
import tempfile

from common import Runner, arguments, finish

options = arguments()

import numpy as np
import onnxruntime

from engines import VERSIONS, compare_file

CLASSIFIERS = """alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3 maxvit_t
    mnasnet1_0 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_800mf regnet_y_400mf resnet18 resnet50
    resnext50_32x4d shufflenet_v2_x1_0 squeezenet1_1 swin_t vgg16_bn vit_b_16 wide_resnet50_2""".split()
SEGMENTATION = "deeplabv3_resnet50 fcn_resnet50 lraspp_mobilenet_v3_large".split()
VIDEO = "mc3_18 r2plus1d_18 r3d_18".split()


def export(name, path):
    """Writes a network of torchvision."""
    import torch
    import torchvision

    torch.manual_seed(0)
    if name in SEGMENTATION:
        whole = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)

        class Output(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.whole = whole

            def forward(self, x):
                return self.whole(x)["out"]

        network, shape = Output(), (1, 3, 128, 128)
    elif name in VIDEO:
        network, shape = getattr(torchvision.models.video, name)(weights=None), (1, 3, 8, 64, 64)
    else:
        fields = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        size = 299 if name == "inception_v3" else 224
        network, shape = getattr(torchvision.models, name)(weights=None, **fields), (1, 3, size, size)
    # New statistics are zeros and ones, which some libraries leave out.
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    torch.onnx.export(network.eval(), torch.randn(shape), path, dynamo=False, opset_version=17)


runner = Runner()
peak = max(float(runner.ask("peak")) for _ in range(3))
print(f"one core: {peak / 1e9:.0f} GFLOP/s; {VERSIONS}")
ratios = []
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for name in options.names or CLASSIFIERS + SEGMENTATION + VIDEO:
        path = pathlib.Path(name)
        if path.suffix != ".onnx":
            path = folder / f"{name}.onnx"
            export(name, path)
        [port] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()
        shape = [size if isinstance(size, int) else 1 for size in port.shape]
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        x.tofile(folder / "x")
        runner.ask(f"file {path} {folder} {' '.join(map(str, shape))}")
        y = np.fromfile(folder / "y", np.float32)
        if options.profile:
            runner.ask("profile")
        ratios.append(compare_file(path.stem, path, x, y, runner.time, options))
finish(ratios)
