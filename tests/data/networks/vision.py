"""Classifiers and generators of images."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision import models


class AlexNet(nn.Module):
    """Krizhevsky, Sutskever and Hinton (2012), as in Caffe."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 96, 11, 4), nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3, self.conv4 = nn.Conv2d(256, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.fc6, self.fc7, self.fc8 = nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 1000)

    def forward(self, x):
        for conv in (self.conv1, self.conv2):
            x = F.max_pool2d(F.local_response_norm(F.relu(conv(x)), 5), 3, 2)
        for conv in (self.conv3, self.conv4, self.conv5):
            x = F.relu(conv(x))
        x = F.max_pool2d(x, 3, 2).flatten(1)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


class Inception(nn.Module):
    def __init__(self, before, one, reduce3, three, reduce5, five, pooled):
        super().__init__()
        self.one = nn.Conv2d(before, one, 1)
        self.reduce3, self.three = nn.Conv2d(before, reduce3, 1), nn.Conv2d(reduce3, three, 3, padding=1)
        self.reduce5, self.five = nn.Conv2d(before, reduce5, 1), nn.Conv2d(reduce5, five, 5, padding=2)
        self.pooled = nn.Conv2d(before, pooled, 1)

    def forward(self, x):
        three = F.relu(self.three(F.relu(self.reduce3(x))))
        five = F.relu(self.five(F.relu(self.reduce5(x))))
        return torch.cat([F.relu(self.one(x)), three, five, F.relu(self.pooled(F.max_pool2d(x, 3, 1, 1)))], 1)


class GoogLeNet(nn.Module):
    """Szegedy et al. (2015), as in Caffe, without the two classifiers of training."""

    def __init__(self):
        super().__init__()
        self.conv1, self.reduce = nn.Conv2d(3, 64, 7, 2, 3), nn.Conv2d(64, 64, 1)
        self.conv2 = nn.Conv2d(64, 192, 3, padding=1)
        self.a3, self.b3 = Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64)
        self.a4, self.b4 = Inception(480, 192, 96, 208, 16, 48, 64), Inception(512, 160, 112, 224, 24, 64, 64)
        self.c4, self.d4 = Inception(512, 128, 128, 256, 24, 64, 64), Inception(512, 112, 144, 288, 32, 64, 64)
        self.e4 = Inception(528, 256, 160, 320, 32, 128, 128)
        self.a5, self.b5 = Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x):
        pool = lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.local_response_norm(pool(F.relu(self.conv1(x))), 5)
        x = pool(F.local_response_norm(F.relu(self.conv2(F.relu(self.reduce(x)))), 5))
        x = pool(self.b3(self.a3(x)))
        x = pool(self.e4(self.d4(self.c4(self.b4(self.a4(x))))))
        return self.fc(self.b5(self.a5(x)).mean((2, 3)))


class Crnn(nn.Module):
    """Shi, Bai and Yao (2015), with the names of its PyTorch version."""

    def __init__(self):
        super().__init__()
        cnn, before = nn.Sequential(), 1
        for index, width in enumerate((64, 128, 256, 256, 512, 512, 512)):
            cnn.add_module(f"conv{index}", nn.Conv2d(before, width, 2 if index == 6 else 3, padding=int(index < 6)))
            if index in (2, 4, 6):
                cnn.add_module(f"batchnorm{index}", nn.BatchNorm2d(width))
            cnn.add_module(f"relu{index}", nn.ReLU())
            if index in (0, 1):
                cnn.add_module(f"pooling{index}", nn.MaxPool2d(2))
            elif index in (3, 5):
                cnn.add_module(f"pooling{index}", nn.MaxPool2d(2, (2, 1), (0, 1)))
            before = width
        self.cnn = cnn
        self.rnn = nn.ModuleList(
            nn.ModuleDict({"rnn": nn.LSTM(before, 256, bidirectional=True), "embedding": nn.Linear(512, after)})
            for before, after in ((512, 256), (256, 37))
        )

    def forward(self, x):
        x = self.cnn(x).squeeze(2).permute(2, 0, 1)
        for layer in self.rnn:
            x = layer["embedding"](layer["rnn"](x)[0])
        return x.permute(1, 0, 2)


class Modulated(nn.Module):
    def __init__(self, after, kernel, demodulate):
        super().__init__()
        self.affine = nn.Linear(512, 512)
        self.conv = nn.Conv2d(512, after, kernel, padding=kernel // 2, bias=False)
        self.bias, self.demodulate = nn.Parameter(torch.zeros(after)), demodulate

    def forward(self, x, w):
        weight = self.conv.weight * self.affine(w)[0][:, None, None]
        if self.demodulate:
            weight = weight * (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        return F.conv2d(x, weight, padding=self.conv.padding)


class StyleGan2(nn.Module):
    """Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020): the mapping network and the first
    block, of 4 x 4. The gains of the equalised learning rate belong to the weights."""

    def __init__(self):
        super().__init__()
        self.mapping = nn.ModuleDict({f"fc{index}": nn.Linear(512, 512) for index in range(8)})
        self.constant = nn.Parameter(torch.zeros(512, 4, 4))
        self.conv1, self.torgb = Modulated(512, 3, True), Modulated(3, 1, False)
        self.noise_strength = nn.Parameter(torch.zeros(1))

    def forward(self, z, noise):
        w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping.values():
            w = F.leaky_relu(layer(w), 0.2) * 2**0.5
        x = self.conv1(self.constant[None], w) + noise * self.noise_strength
        x = F.leaky_relu(x + self.conv1.bias[:, None, None], 0.2) * 2**0.5
        return self.torgb(x, w) + self.torgb.bias[:, None, None]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(
            nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 256, 1)
        )  # fmt: skip

    def forward(self, x):
        return x + self.block(x)


class VqVae(nn.Module):
    """van den Oord, Vinyals and Kavukcuoglu (2017), for images of 32 x 32: 512 vectors of 64 numbers."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 256, 4, 2, 1), nn.ReLU(), nn.Conv2d(256, 256, 4, 2, 1), Residual(), Residual(),
            nn.Conv2d(256, 64, 1),
        )  # fmt: skip
        self.codebook = nn.Embedding(512, 64)
        self.decoder = nn.Sequential(
            nn.Conv2d(64, 256, 1), Residual(), Residual(), nn.ConvTranspose2d(256, 256, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(256, 3, 4, 2, 1),
        )  # fmt: skip

    def forward(self, x):
        z = self.encoder(x)
        rows = z.permute(0, 2, 3, 1).reshape(-1, 64)
        nearest = torch.cdist(rows, self.codebook.weight).argmin(1)
        e = self.codebook(nearest).reshape(1, z.shape[2], z.shape[3], 64).permute(0, 3, 1, 2)
        loss = F.mse_loss(e, z.detach()) + 0.25 * F.mse_loss(z, e.detach())
        return self.decoder(z + (e - z).detach()), loss.reshape(1, 1)


def conv_norm(inputs, outputs, kernel, slope, **options):
    conv = nn.Conv2d(inputs, outputs, kernel, bias=False, **options)
    return [conv, nn.BatchNorm2d(outputs), nn.PReLU() if slope else nn.ReLU()]


class EnetBlock(nn.Module):
    """A bottleneck of an encoder or decoder: `kind` is how it changes the size."""

    def __init__(self, inputs, outputs, kind="keep", dilation=1, asymmetric=False, slope=True):
        super().__init__()
        self.kind, width = kind, inputs // 4
        if kind == "down":
            first = conv_norm(inputs, width, 2, slope, stride=2)
        else:
            first = conv_norm(inputs, width, 1, slope)
        self.reduce = nn.Sequential(*first)
        if kind == "up":
            middle = [nn.ConvTranspose2d(width, width, 2, 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        elif asymmetric:
            middle = conv_norm(width, width, (5, 1), slope, padding=(2, 0))
            middle += conv_norm(width, width, (1, 5), slope, padding=(0, 2))
        else:
            middle = conv_norm(width, width, 3, slope, padding=dilation, dilation=dilation)
        self.conv = nn.Sequential(*middle)
        self.expand = nn.Sequential(*conv_norm(width, outputs, 1, slope)[: 2 if kind == "up" else 3])
        if kind == "up":
            self.main = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.more = outputs - inputs
        self.out = nn.PReLU() if slope else nn.ReLU()

    def forward(self, x, indices=None):
        y = self.expand(self.conv(self.reduce(x)))
        if self.kind == "down":
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            x = F.pad(x, (0, 0, 0, 0, 0, self.more))
            return self.out(x + y), indices
        if self.kind == "up":
            x = F.max_unpool2d(self.main(x), indices, 2)
        return self.out(x + y)


class Enet(nn.Module):
    """Paszke et al. (2016)."""

    def __init__(self):
        super().__init__()
        self.start = nn.Conv2d(3, 13, 3, 2, 1, bias=False)
        self.start_norm, self.start_out = nn.BatchNorm2d(16), nn.PReLU()
        self.down1 = EnetBlock(16, 64, "down")
        self.stage1 = nn.Sequential(*(EnetBlock(64, 64) for _ in range(4)))
        self.down2 = EnetBlock(64, 128, "down")

        def stage():
            kinds = [(1, False), (2, False), (1, True), (4, False), (1, False), (8, False), (1, True), (16, False)]
            return nn.Sequential(*(EnetBlock(128, 128, dilation=d, asymmetric=a) for d, a in kinds))

        self.stage2, self.stage3 = stage(), stage()
        self.up4 = EnetBlock(128, 64, "up", slope=False)
        self.stage4 = nn.Sequential(*(EnetBlock(64, 64, slope=False) for _ in range(2)))
        self.up5 = EnetBlock(64, 16, "up", slope=False)
        self.stage5 = EnetBlock(16, 16, slope=False)
        self.last = nn.ConvTranspose2d(16, 19, 3, 2, 1, 1, bias=False)

    def forward(self, x):
        x = torch.cat([self.start(x), F.max_pool2d(x, 3, 2, 1)], 1)
        x, first = self.down1(self.start_out(self.start_norm(x)))
        x, second = self.down2(self.stage1(x))
        x = self.stage4(self.up4(self.stage3(self.stage2(x)), second))
        return self.last(self.stage5(self.up5(x, first)))


CASES = {
    "alexnet": (AlexNet, (3, 227, 227)),
    "googlenet": (GoogLeNet, (3, 224, 224)),
    "shufflenet_v2": (lambda: models.shufflenet_v2_x1_0(weights=None), (3, 224, 224)),
    "convnext_t": (lambda: models.convnext_tiny(weights=None), (3, 64, 64)),
    "mobilenet_v3_large": (lambda: models.mobilenet_v3_large(weights=None), (3, 64, 96)),
    "crnn": (Crnn, (1, 32, 100)),
    "stylegan2": (StyleGan2, (512,), (4, 4)),
    "vq_vae": (VqVae, (3, 32, 32)),
    "enet": (Enet, (3, 64, 96)),
}
