"""Records PyTorch's answers of whole networks: `python3 record.py`.

Parameters and inputs are numbers that follow from their names and shapes (`filled`), so that no file holds them;
`tests/src/networks.rs` makes the same. Outputs are computed in f64; of each output at most 256 elements are kept, evenly
spaced over it.
"""

import json
import math
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

MOST = 256


def hashed(name):
    """FNV-1a of 32 bits."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    return value


def numbers_of(name, shape):
    """Numbers between -0.5 and 0.5."""
    place = torch.arange(math.prod(shape), dtype=torch.int64)
    bits = (place * 2654435761 + hashed(name)) % 2**32
    bits = (bits ^ (bits >> 15)) * 0x2C1B3C6D % 2**32
    return (bits >> 8).double() / 2**24 - 0.5


def filled(name, shape):
    """A parameter on a scale that keeps activations near one; factors and variances are near one."""
    unit = numbers_of(name, shape)
    last = name.rsplit(".", 1)[-1]
    if len(shape) > 1:
        numbers = unit * 2 * math.sqrt(3 / math.prod(shape[1:]))
    elif last in ("weight", "running_var"):
        numbers = 1 + 0.5 * unit
    else:
        numbers = 0.25 * unit
    return numbers.float().reshape(shape)


def record(model, *inputs, rename=lambda name: name):
    model = model.eval()
    state = {key: filled(rename(key), tuple(value.shape)) for key, value in model.state_dict().items() if value.dim()}
    model.load_state_dict(state, strict=False)
    model = model.double()
    inputs = [2 * numbers_of(f"input{index}", shape).reshape(1, *shape) for index, shape in enumerate(inputs)]
    with torch.no_grad():
        outputs = model(*inputs)
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    kept = []
    for y in outputs:
        y = y.flatten()
        step = max(1, y.numel() // MOST)
        kept.append({"elements": y.numel(), "step": step, "values": [float(f"{v:.7g}") for v in y[::step][:MOST]]})
    return {"params": sum(p.numel() for p in model.parameters()), "outputs": kept}


class SegNet(nn.Module):
    """Badrinarayanan, Kendall and Cipolla (2015), its encoder named like torchvision's vgg16_bn."""

    WIDTHS, DEPTHS = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)

    def __init__(self, classes=21):
        super().__init__()
        encoder, decoder, last = [], [], 3
        for width, depth in zip(self.WIDTHS, self.DEPTHS):
            for _ in range(depth):
                encoder += [nn.Conv2d(last, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                last = width
            encoder.append(nn.MaxPool2d(2, return_indices=True))
        for stage in reversed(range(5)):
            for layer in range(self.DEPTHS[stage]):
                ends = layer == self.DEPTHS[stage] - 1
                width = (self.WIDTHS[stage - 1] if stage else classes) if ends else self.WIDTHS[stage]
                decoder += [nn.Conv2d(last, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                last = width
        self.features, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder[:-2])

    def forward(self, x):
        places, layers = [], iter(self.decoder)
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                x, indices = layer(x)
                places.append(indices)
            else:
                x = layer(x)
        for stage in reversed(range(5)):
            x = F.max_unpool2d(x, places[stage], 2)
            for _ in range(3 * self.DEPTHS[stage] - (2 if stage == 0 else 0)):
                x = next(layers)(x)
        return x


def cases():
    return {"segnet": record(SegNet(), (3, 32, 64))}


if __name__ == "__main__":
    path = pathlib.Path(__file__).parent / "networks.json"
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases().items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
