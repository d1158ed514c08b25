"""Times steps of training in convshape and in PyTorch, eager, in both of its layouts: forward, mean squared error,
backward, plain descent. Batch norms use the batch's statistics.

    pip install torch
    python training.py --threads 1
    python training.py --threads 2 tokens unet_gn
"""

from common import Runner, arguments, compare, finish, timer

options = arguments()

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(options.threads)


def conv_norm(inputs, outputs, kernel, activation=nn.ReLU, **fields):
    conv = nn.Conv2d(inputs, outputs, kernel, bias=False, **fields)
    return [conv, nn.BatchNorm2d(outputs), *([activation()] if activation else [])]


def classifier(*layers, features):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 10))


class Residual(nn.Module):
    """`x + f(x)`, or `shortcut(x) + f(x)`, and perhaps a function of that."""

    def __init__(self, *layers, shortcut=None, after=None):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = shortcut or nn.Identity()
        self.after = after or nn.Identity()

    def forward(self, x):
        return self.after(self.shortcut(x) + self.layers(x))


class Permute(nn.Module):
    def __init__(self, *axes):
        super().__init__()
        self.axes = axes

    def forward(self, x):
        return x.permute(self.axes)


def last(*layers):
    """Layers with the channels last."""
    return [Permute(0, 2, 3, 1), *layers, Permute(0, 3, 1, 2)]


def cifar_pool():
    layers = []
    for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 10))


def resnet18():
    def block(inputs, outputs):
        stride = 1 if inputs == outputs else 2
        layers = conv_norm(inputs, outputs, 3, stride=stride, padding=1) + conv_norm(outputs, outputs, 3, None, padding=1)
        shortcut = None if inputs == outputs else nn.Sequential(*conv_norm(inputs, outputs, 1, None, stride=2))
        return Residual(*layers, shortcut=shortcut, after=nn.ReLU())

    pairs = ((16, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64))
    return classifier(*conv_norm(3, 16, 3, padding=1), *(block(*pair) for pair in pairs), features=64)


def depthwise():
    def separable(inputs, outputs, stride):
        each = conv_norm(inputs, inputs, 3, nn.SiLU, stride=stride, padding=1, groups=inputs)
        return each + conv_norm(inputs, outputs, 1, nn.SiLU)

    layers = conv_norm(3, 32, 3, nn.SiLU, padding=1)
    for sizes in ((32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2)):
        layers += separable(*sizes)
    return classifier(*layers, features=256)


class Squeeze(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        down, up = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.factors = nn.Sequential(nn.AdaptiveAvgPool2d(1), down, nn.SiLU(), up, nn.Sigmoid())

    def forward(self, x):
        return x * self.factors(x)


def squeeze_excite():
    def mb_conv(inputs, middle, squeezed, outputs, stride):
        return [
            *conv_norm(inputs, middle, 1, nn.SiLU),
            *conv_norm(middle, middle, 5, nn.SiLU, stride=stride, padding=2, groups=middle),
            Squeeze(middle, squeezed),
            *conv_norm(middle, outputs, 1, None),
        ]

    return classifier(
        *conv_norm(3, 16, 3, nn.SiLU, padding=1),
        *mb_conv(16, 64, 4, 24, 2),
        Residual(*mb_conv(24, 96, 6, 24, 1)),
        *mb_conv(24, 96, 6, 40, 2),
        Residual(*mb_conv(40, 160, 10, 40, 1)),
        features=40,
    )


def convnext():
    def block(channels):
        each = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        up, down = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        return Residual(each, *last(nn.LayerNorm(channels), up, nn.GELU(), down))

    return nn.Sequential(
        nn.Conv2d(3, 48, 2, stride=2),
        *last(nn.LayerNorm(48)),
        block(48),
        block(48),
        *last(nn.LayerNorm(48)),
        nn.Conv2d(48, 96, 2, stride=2),
        block(96),
        block(96),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.LayerNorm(96),
        nn.Linear(96, 10),
    )


class UnetGn(nn.Module):
    def __init__(self):
        super().__init__()

        def double(inputs, outputs):
            layers = []
            for channels in (inputs, outputs):
                layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.SiLU()]
            return nn.Sequential(*layers)

        self.d1, self.d2, self.m = double(3, 16), double(16, 32), double(32, 64)
        self.u2, self.u1, self.head = double(96, 32), double(48, 16), nn.Conv2d(16, 3, 1)

    def forward(self, x):
        d1 = self.d1(x)
        d2 = self.d2(F.max_pool2d(d1, 2))
        m = self.m(F.max_pool2d(d2, 2))
        u2 = self.u2(torch.cat([d2, F.interpolate(m, scale_factor=2)], 1))
        return self.head(self.u1(torch.cat([d1, F.interpolate(u2, scale_factor=2)], 1)))


def style():
    def conv(inputs, outputs, activation=nn.ReLU):
        return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.InstanceNorm2d(outputs, affine=True), activation()]

    def up():
        return nn.Upsample(scale_factor=2, mode="bilinear")

    down = [*conv(3, 16), nn.AvgPool2d(2), *conv(16, 32), nn.AvgPool2d(2), *conv(32, 32, nn.GELU)]
    return nn.Sequential(*down, up(), *conv(32, 16), up(), nn.Conv2d(16, 3, 3, padding=1))


def dcgan_d():
    layers = [nn.Conv2d(3, 32, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for inputs, outputs in ((32, 64), (64, 128)):
        layers += conv_norm(inputs, outputs, 4, None, stride=2, padding=1) + [nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(128, 1, 8))


def dcgan_g():
    layers = []
    for inputs, outputs, stride, padding in ((64, 128, 1, 0), (128, 64, 2, 1), (64, 32, 2, 1)):
        conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
        layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh())


def audio():
    down = [nn.Conv1d(1, 32, 7, padding=3), nn.Conv1d(32, 64, 4, 2, 1), nn.Conv1d(64, 128, 8, 4, 2)]
    up = [nn.ConvTranspose1d(128, 64, 8, 4, 2), nn.ConvTranspose1d(64, 32, 4, 2, 1)]
    layers = [layer for conv in down + up for layer in (conv, nn.ELU())]
    return nn.Sequential(*layers, nn.Conv1d(32, 1, 7, padding=3))


def voxels():
    layers = [nn.Conv3d(1, 16, 3, padding=1), nn.BatchNorm3d(16), nn.ReLU(), nn.MaxPool3d(2)]
    layers += [nn.Conv3d(16, 32, 3, padding=1), nn.BatchNorm3d(32), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose3d(32, 16, 2, 2), nn.ReLU(), nn.Conv3d(16, 1, 3, padding=1))


def tokens():
    def block():
        return Residual(nn.LayerNorm(96), nn.Linear(96, 384), nn.GELU(), nn.Linear(384, 96))

    return nn.Sequential(block(), block(), block(), nn.LayerNorm(96), nn.Linear(96, 32))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.linear = nn.LSTM(32, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(self.lstm(x)[0])


# Each with the shape of a batch, channels first.
class Parallel(nn.Module):
    """Branches that read the same, joined."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def norm_conv(inputs, outputs, kernel, **fields):
    return [nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, kernel, bias=False, **fields)]


def dense():
    def layer(inputs):
        layers = norm_conv(inputs, 64, 1) + norm_conv(64, 16, 3, padding=1)
        return Parallel(nn.Identity(), nn.Sequential(*layers))

    def layers(inputs):
        return [layer(inputs + 16 * i) for i in range(4)]

    between = norm_conv(96, 48, 1) + [nn.AvgPool2d(2)]
    body = layers(32) + between + layers(48)
    return classifier(
        nn.Conv2d(3, 32, 3, padding=1, bias=False), *body, nn.BatchNorm2d(112), nn.ReLU(), features=112
    )


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


class Patches(nn.Module):
    def __init__(self, channels, *layers):
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 4, 4)
        self.layers = nn.Sequential(*layers, nn.LayerNorm(channels))
        self.fc = nn.Linear(channels, 10)

    def forward(self, x):
        return self.fc(self.layers(self.patches(x).flatten(2).transpose(1, 2)).mean(1))


def feed_forward(channels, hidden):
    return nn.Sequential(nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels))


def vit():
    def block():
        attention = Residual(nn.LayerNorm(96), Attention(96, 3, batch_first=True))
        return nn.Sequential(attention, Residual(nn.LayerNorm(96), feed_forward(96, 384)))

    return Patches(96, *(block() for _ in range(4)))


def mixer():
    def block():
        over_patches = [Permute(0, 2, 1), feed_forward(64, 32), Permute(0, 2, 1)]
        return nn.Sequential(
            Residual(nn.LayerNorm(64), *over_patches), Residual(nn.LayerNorm(64), feed_forward(64, 256))
        )

    return Patches(64, *(block() for _ in range(4)))


def resnext():
    def block(inputs, middle, outputs, stride):
        layers = conv_norm(inputs, middle, 1)
        layers += conv_norm(middle, middle, 3, stride=stride, padding=1, groups=8) + conv_norm(middle, outputs, 1, None)
        return Residual(
            *layers, shortcut=nn.Sequential(*conv_norm(inputs, outputs, 1, None, stride=stride)), after=nn.ReLU()
        )

    blocks = [block(32, 64, 64, 1), block(64, 128, 128, 2), block(128, 256, 256, 2)]
    return classifier(*conv_norm(3, 32, 3, padding=1), *blocks, features=256)


class GatedLayer(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.f, self.g = (nn.Conv1d(32, 32, 3, padding=dilation, dilation=dilation) for _ in range(2))
        self.o = nn.Conv1d(32, 32, 1)

    def forward(self, x):
        return x + self.o(torch.tanh(self.f(x)) * torch.sigmoid(self.g(x)))


def gated():
    layers = [GatedLayer(2**i) for i in range(6)]
    return nn.Sequential(nn.Conv1d(1, 32, 3, padding=1), *layers, nn.ReLU(), nn.Conv1d(32, 16, 1))


def detail():
    def conv(outputs=32):
        return nn.Conv2d(32, outputs, 3, padding=1)

    body = Residual(*(Residual(conv(), nn.ReLU(), conv()) for _ in range(4)))
    return nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), body, conv(128), nn.PixelShuffle(2), conv(3))


class Crnn(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        layers += conv_norm(64, 64, 3, padding=1) + [nn.MaxPool2d((2, 1)), nn.Conv2d(64, 64, (4, 1)), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.l, self.o = nn.LSTM(64, 48, batch_first=True, bidirectional=True), nn.Linear(96, 20)

    def forward(self, x):
        return self.o(self.l(self.layers(x).flatten(1, 2).transpose(1, 2))[0])


class UnetBn(nn.Module):
    def __init__(self):
        super().__init__()

        def double(inputs, outputs):
            layers = []
            for channels in (inputs, outputs):
                layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
            return nn.Sequential(*layers)

        self.d1, self.d2, self.d3 = double(1, 16), double(16, 32), double(32, 64)
        self.t2, self.t1 = nn.ConvTranspose2d(64, 32, 2, 2), nn.ConvTranspose2d(32, 16, 2, 2)
        self.u2, self.u1, self.head = double(64, 32), double(32, 16), nn.Conv2d(16, 2, 1)

    def forward(self, x):
        d1 = self.d1(x)
        d2 = self.d2(F.max_pool2d(d1, 2))
        d3 = self.d3(F.max_pool2d(d2, 2))
        u2 = self.u2(torch.cat([d2, self.t2(d3)], 1))
        return self.head(self.u1(torch.cat([d1, self.t1(u2)], 1)))


def aspp():
    layers = conv_norm(3, 32, 3, stride=2, padding=1) + conv_norm(32, 64, 3, padding=1)
    branches = (nn.Sequential(*conv_norm(64, 32, 3, dilation=n, padding=n)) for n in (1, 2, 4, 8))
    return nn.Sequential(
        *layers, Parallel(*branches), nn.Conv2d(128, 5, 1), nn.Upsample(scale_factor=2, mode="bilinear")
    )


def strided_ae():
    down = [nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten()]
    middle = [nn.Linear(1568, 32), nn.Linear(32, 1568), nn.ReLU(), nn.Unflatten(1, (32, 7, 7))]
    up = [nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 3, 2, 1, 1), nn.Sigmoid()]
    return nn.Sequential(*down, *middle, *up)


def conv_norm_1d(inputs, outputs, kernel, **fields):
    return [nn.Conv1d(inputs, outputs, kernel, bias=False, **fields), nn.BatchNorm1d(outputs)]


def signal():
    def block(inputs, outputs):
        layers = conv_norm_1d(inputs, outputs, 15, stride=2, padding=7) + [nn.ReLU()]
        layers += conv_norm_1d(outputs, outputs, 15, padding=7)
        return Residual(*layers, shortcut=nn.Conv1d(inputs, outputs, 1, 2, bias=False), after=nn.ReLU())

    stem = conv_norm_1d(12, 32, 15, padding=7) + [nn.ReLU()]
    blocks = [block(32, 32), block(32, 64), block(64, 64)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, 5))


class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        layers = conv_norm_1d(40, 64, 5, padding=2) + [nn.ReLU(), nn.MaxPool1d(2)]
        self.layers = nn.Sequential(*layers, *conv_norm_1d(64, 64, 3, padding=1), nn.ReLU())
        self.g, self.fc = nn.GRU(64, 64, batch_first=True), nn.Linear(64, 12)

    def forward(self, x):
        return self.fc(self.g(self.layers(x).transpose(1, 2))[0][:, -1])


def mlp():
    def hidden(inputs):
        return [nn.Linear(inputs, 1024), nn.BatchNorm1d(1024), nn.ReLU(), nn.Dropout(0.2)]

    return nn.Sequential(*hidden(784), *hidden(1024), nn.Linear(1024, 10))


def points():
    layers = []
    for inputs, outputs in ((3, 64), (64, 128), (128, 512)):
        layers += [nn.Conv1d(inputs, outputs, 1), nn.BatchNorm1d(outputs), nn.ReLU()]
    layers += [nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(512, 256), nn.BatchNorm1d(256), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(256, 40))


class Lstm2(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.LSTM(128, 256, num_layers=2, batch_first=True)
        self.output = nn.Linear(256, 64)

    def forward(self, x):
        return self.output(self.layers(x)[0])


NETWORKS = {
    "cifar_pool": (cifar_pool, (32, 3, 32, 32)),
    "resnet18": (resnet18, (32, 3, 32, 32)),
    "depthwise": (depthwise, (32, 3, 32, 32)),
    "squeeze_excite": (squeeze_excite, (32, 3, 32, 32)),
    "convnext": (convnext, (16, 3, 32, 32)),
    "unet_gn": (UnetGn, (4, 3, 64, 64)),
    "style": (style, (8, 3, 48, 48)),
    "dcgan_d": (dcgan_d, (16, 3, 64, 64)),
    "dcgan_g": (dcgan_g, (16, 64, 1, 1)),
    "audio": (audio, (8, 1, 4000)),
    "voxels": (voxels, (8, 1, 16, 16, 16)),
    "tokens": (tokens, (16, 64, 96)),
    "tagger": (Tagger, (16, 50, 32)),
    "dense": (dense, (16, 3, 32, 32)),
    "vit": (vit, (16, 3, 32, 32)),
    "resnext": (resnext, (16, 3, 32, 32)),
    "gated": (gated, (8, 1, 2000)),
    "detail": (detail, (8, 3, 24, 24)),
    "crnn": (Crnn, (16, 1, 32, 96)),
    "unet_bn": (UnetBn, (4, 1, 64, 64)),
    "mixer": (mixer, (32, 3, 32, 32)),
    "aspp": (aspp, (8, 3, 64, 64)),
    "strided_ae": (strided_ae, (64, 1, 28, 28)),
    "signal": (signal, (16, 12, 1000)),
    "speech": (Speech, (32, 40, 101)),
    "mlp": (mlp, (128, 784)),
    "points": (points, (8, 3, 512)),
    "lstm2": (Lstm2, (16, 48, 128)),
}


def step(network, shape, layout):
    """A step of training in one of PyTorch's layouts."""
    model, x = network(), torch.randn(shape)
    if layout:
        model, x = model.to(memory_format=layout), x.contiguous(memory_format=layout)
    target = torch.randn_like(model(x))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def run():
        optimizer.zero_grad(set_to_none=True)
        F.mse_loss(model(x), target).backward()
        optimizer.step()

    return run


runner = Runner()
peak = max(float(runner.ask("peak")) for _ in range(3))
print(f"one core: {peak / 1e9:.0f} GFLOP/s; PyTorch {torch.__version__}")
ratios = []
for name in options.names or NETWORKS:
    network, shape = NETWORKS[name]
    peers = {"PyTorch": timer(step(network, shape, None))}
    last_layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(len(shape))
    if last_layout:
        peers["channels last"] = timer(step(network, shape, last_layout))
    runner.ask(f"train {name}")
    ratios.append(compare(name, runner.time, peers, options.rounds))
finish(ratios)
