"""Records PyTorch's answers of whole networks, those below and those of the files beside: `python3 record.py`.

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

import attention
import audio
import classifiers
import detection
import restoration
import vision

MOST = 256

# Parameters with a batch axis, which those of chains do not have.
BATCHED = ("class_token", "encoder.pos_embedding", "beta", "gamma")


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
    shape = shape[1:] if name in BATCHED or last in BATCHED else shape
    if len(shape) > 1:
        numbers = unit * 2 * math.sqrt(3 / math.prod(shape[1:]))
    elif last in ("weight", "running_var"):
        numbers = 1 + 0.5 * unit
    else:
        numbers = 0.25 * unit
    return numbers.float()


def record(model, *inputs):
    params = sum(p.numel() for p in model.parameters())
    if not inputs:
        return {"params": params, "outputs": []}
    model = model.eval()
    state = model.state_dict()
    state = {key: value for key, value in state.items() if value.dim() and value.is_floating_point()}
    state = {key: filled(key, tuple(value.shape)).reshape(value.shape) for key, value in state.items()}
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
    return {"params": params, "outputs": kept}


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


class DuelingDqn(nn.Module):
    """Wang et al. (2016), for 6 actions."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(4, 32, 8, stride=4), nn.Conv2d(32, 64, 4, stride=2)
        self.conv3 = nn.Conv2d(64, 64, 3)
        self.value1, self.value2 = nn.Linear(3136, 512), nn.Linear(512, 1)
        self.advantage1, self.advantage2 = nn.Linear(3136, 512), nn.Linear(512, 6)

    def forward(self, x):
        x = F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))
        x = x.flatten(1)
        value = self.value2(F.relu(self.value1(x)))
        advantage = self.advantage2(F.relu(self.advantage1(x)))
        return value + advantage - advantage.mean(1, keepdim=True)


class Crepe(nn.Module):
    """Kim et al. (2018), the full size, as in torchcrepe."""

    LAYERS = [(1024, 512, 4), (128, 64, 1), (128, 64, 1), (128, 64, 1), (256, 64, 1), (512, 64, 1)]

    def __init__(self):
        super().__init__()
        last, self.convs, self.norms = 1, nn.ModuleList(), nn.ModuleList()
        for width, kernel, stride in self.LAYERS:
            self.convs.append(nn.Conv1d(last, width, kernel, stride=stride))
            self.norms.append(nn.BatchNorm1d(width, eps=1e-3))
            last = width
        self.classifier = nn.Linear(2048, 360)

    def forward(self, x):
        for (_, kernel, stride), conv, norm in zip(self.LAYERS, self.convs, self.norms):
            sides = (254, 254) if stride == 4 else (31, 32)
            x = F.max_pool1d(norm(F.relu(conv(F.pad(x, sides)))), 2)
        return torch.sigmoid(self.classifier(x.transpose(1, 2).flatten(1)))


class TNet(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k
        self.conv1, self.conv2, self.conv3 = nn.Conv1d(k, 64, 1), nn.Conv1d(64, 128, 1), nn.Conv1d(128, 1024, 1)
        self.fc1, self.fc2, self.fc3 = nn.Linear(1024, 512), nn.Linear(512, 256), nn.Linear(256, k * k)
        for index, width in enumerate((64, 128, 1024, 512, 256), start=1):
            setattr(self, f"bn{index}", nn.BatchNorm1d(width))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(self.bn3(self.conv3(x))).amax(2)
        x = F.relu(self.bn4(self.fc1(x)))
        x = self.fc3(F.relu(self.bn5(self.fc2(x))))
        return x.view(-1, self.k, self.k) + torch.eye(self.k, dtype=x.dtype)


class PointNet(nn.Module):
    """Qi et al. (2017), the classifier of 40 classes with both transforms."""

    def __init__(self):
        super().__init__()
        self.stn, self.fstn = TNet(3), TNet(64)
        self.conv1, self.conv2, self.conv3 = nn.Conv1d(3, 64, 1), nn.Conv1d(64, 128, 1), nn.Conv1d(128, 1024, 1)
        self.fc1, self.fc2, self.fc3 = nn.Linear(1024, 512), nn.Linear(512, 256), nn.Linear(256, 40)
        for index, width in enumerate((64, 128, 1024, 512, 256), start=1):
            setattr(self, f"bn{index}", nn.BatchNorm1d(width))

    def forward(self, x):
        x = torch.bmm(x.transpose(1, 2), self.stn(x)).transpose(1, 2)
        x = F.relu(self.bn1(self.conv1(x)))
        x = torch.bmm(x.transpose(1, 2), self.fstn(x)).transpose(1, 2)
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x)).amax(2)
        x = F.relu(self.bn4(self.fc1(x)))
        x = F.relu(self.bn5(self.fc2(x)))
        return F.log_softmax(self.fc3(x), 1)


class Masked(nn.Conv2d):
    def __init__(self, own, *args, **fields):
        super().__init__(*args, **fields)
        mask = torch.ones(self.kernel_size)
        height, width = self.kernel_size
        mask[height // 2, width // 2 + own :] = 0
        mask[height // 2 + 1 :] = 0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.mask, self.bias)


class PixelCnn(nn.Module):
    """van den Oord, Kalchbrenner and Kavukcuoglu (2016): 12 residual blocks of 128 channels, 256 grey levels."""

    def __init__(self):
        super().__init__()
        self.first = Masked(0, 1, 128, 7, padding=3)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.Conv2d(128, 64, 1), Masked(1, 64, 64, 3, padding=1), nn.Conv2d(64, 128, 1)])
            for _ in range(12)
        )
        self.out1, self.out2 = nn.Conv2d(128, 1024, 1), nn.Conv2d(1024, 256, 1)

    def forward(self, x):
        x = self.first(x)
        for down, masked, up in self.blocks:
            x = x + up(F.relu(masked(F.relu(down(F.relu(x))))))
        return self.out2(F.relu(self.out1(F.relu(x))))


class Residual(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, before, eps=1e-6), nn.Conv2d(before, after, 3, padding=1)
        self.temb_proj = nn.Linear(512, after)
        self.norm2, self.conv2 = nn.GroupNorm(32, after, eps=1e-6), nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x))) + self.temb_proj(F.silu(t))[:, :, None, None]
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class SelfAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.q, self.k, self.v = (nn.Conv2d(channels, channels, 1) for _ in range(3))
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        h = self.norm(x)
        q, k, v = (f(h).flatten(2).transpose(1, 2)[:, None] for f in (self.q, self.k, self.v))
        h = F.scaled_dot_product_attention(q, k, v)[:, 0].transpose(1, 2)
        return x + self.proj_out(h.reshape(x.shape))


class Ddpm(nn.Module):
    """Ho, Jain and Abbeel (2020), for images of 32 x 32."""

    WIDTHS = (128, 256, 256, 256)

    def __init__(self):
        super().__init__()
        self.dense0, self.dense1 = nn.Linear(128, 512), nn.Linear(512, 512)
        self.conv_in = nn.Conv2d(3, 128, 3, padding=1)
        self.down, self.down_attn, self.downsample = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        widths, last = [128], 128
        for level, width in enumerate(self.WIDTHS):
            for index in range(2):
                self.down[f"{level}{index}"] = Residual(last, width)
                last = width
                if level == 1:
                    self.down_attn[f"{index}"] = SelfAttention(width)
                widths.append(width)
            if level < 3:
                self.downsample[f"{level}"] = nn.Conv2d(width, width, 3, stride=2)
                widths.append(width)
        self.mid1, self.mid_attn, self.mid2 = Residual(256, 256), SelfAttention(256), Residual(256, 256)
        self.up, self.up_attn, self.upsample = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for level in reversed(range(4)):
            for index in range(3):
                self.up[f"{level}{index}"] = Residual(last + widths.pop(), self.WIDTHS[level])
                last = self.WIDTHS[level]
                if level == 1:
                    self.up_attn[f"{index}"] = SelfAttention(last)
            if level > 0:
                self.upsample[f"{level}"] = nn.Conv2d(last, last, 3, padding=1)
        self.norm_out, self.conv_out = nn.GroupNorm(32, 128, eps=1e-6), nn.Conv2d(128, 3, 3, padding=1)

    def forward(self, x, t):
        rates = torch.exp(-math.log(10000) / 63 * torch.arange(64, dtype=x.dtype))
        t = torch.cat([torch.sin(t * rates), torch.cos(t * rates)], 1)
        t = self.dense1(F.silu(self.dense0(t)))
        x = self.conv_in(x)
        skips = [x]
        for level in range(4):
            for index in range(2):
                x = self.down[f"{level}{index}"](x, t)
                if level == 1:
                    x = self.down_attn[f"{index}"](x)
                skips.append(x)
            if level < 3:
                x = self.downsample[f"{level}"](F.pad(x, (0, 1, 0, 1)))
                skips.append(x)
        x = self.mid2(self.mid_attn(self.mid1(x, t)), t)
        for level in reversed(range(4)):
            for index in range(3):
                x = self.up[f"{level}{index}"](torch.cat([x, skips.pop()], 1), t)
                if level == 1:
                    x = self.up_attn[f"{index}"](x)
            if level > 0:
                x = self.upsample[f"{level}"](F.interpolate(x, scale_factor=2))
        return self.conv_out(F.silu(self.norm_out(x)))


def cases():
    more = attention.CASES | audio.CASES | detection.CASES | restoration.CASES | vision.CASES | classifiers.CASES
    return {
        "segnet": record(SegNet(), (3, 32, 64)),
        "dueling_dqn": record(DuelingDqn(), (4, 84, 84)),
        "crepe": record(Crepe(), (1, 1024)),
        "pointnet": record(PointNet(), (3, 32)),
        "pixelcnn": record(PixelCnn(), (1, 12, 12)),
        "ddpm": record(Ddpm(), (3, 32, 32), (1,)),
        **{name: record(model(), *inputs) for name, (model, *inputs) in more.items()},
    }


if __name__ == "__main__":
    path = pathlib.Path(__file__).parent / "networks.json"
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases().items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
