"""Networks that restore or segment images, as published."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Unit(nn.Module):
    def __init__(self, inputs, outputs, dilation=1):
        super().__init__()
        self.conv_s1 = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn_s1(self.conv_s1(x)))


class Rsu(nn.Module):
    """A residual U-block of `depth` levels and 16 channels inside."""

    def __init__(self, depth, inputs, outputs=64, inside=16):
        super().__init__()
        self.depth = depth
        self.rebnconvin = Unit(inputs, outputs)
        for level in range(1, depth + 1):
            self.add_module(f"rebnconv{level}", Unit(outputs if level == 1 else inside, inside, 2 if level == depth else 1))
        for level in range(1, depth):
            self.add_module(f"rebnconv{level}d", Unit(2 * inside, outputs if level == 1 else inside))

    def forward(self, x):
        x = first = self.rebnconvin(x)
        seen = []
        for level in range(1, self.depth):
            x = getattr(self, f"rebnconv{level}")(x)
            seen.append(x)
            if level + 1 < self.depth:
                x = F.max_pool2d(x, 2, stride=2, ceil_mode=True)
        x = getattr(self, f"rebnconv{self.depth}")(x)
        for level in range(self.depth - 1, 0, -1):
            x = F.interpolate(x, size=seen[level - 1].shape[2:], mode="bilinear")
            x = getattr(self, f"rebnconv{level}d")(torch.cat((x, seen[level - 1]), 1))
        return x + first


class DilatedRsu(nn.Module):
    def __init__(self, inputs, outputs=64, inside=16):
        super().__init__()
        self.rebnconvin = Unit(inputs, outputs)
        self.rebnconv1, self.rebnconv2 = Unit(outputs, inside), Unit(inside, inside, 2)
        self.rebnconv3, self.rebnconv4 = Unit(inside, inside, 4), Unit(inside, inside, 8)
        self.rebnconv3d, self.rebnconv2d = Unit(2 * inside, inside, 4), Unit(2 * inside, inside, 2)
        self.rebnconv1d = Unit(2 * inside, outputs)

    def forward(self, x):
        first = self.rebnconvin(x)
        a = self.rebnconv1(first)
        b = self.rebnconv2(a)
        c = self.rebnconv3(b)
        x = self.rebnconv3d(torch.cat((self.rebnconv4(c), c), 1))
        x = self.rebnconv2d(torch.cat((x, b), 1))
        return self.rebnconv1d(torch.cat((x, a), 1)) + first


class U2NetP(nn.Module):
    """Qin et al. (2020), the small size."""

    def __init__(self):
        super().__init__()
        for stage, depth in enumerate((7, 6, 5, 4), 1):
            self.add_module(f"stage{stage}", Rsu(depth, 3 if stage == 1 else 64))
            self.add_module(f"stage{stage}d", Rsu(depth, 128))
        self.stage5, self.stage6, self.stage5d = DilatedRsu(64), DilatedRsu(64), DilatedRsu(128)
        for side in range(1, 7):
            self.add_module(f"side{side}", nn.Conv2d(64, 1, 3, padding=1))
        self.outconv = nn.Conv2d(6, 1, 1)

    def forward(self, x):
        seen = []
        for stage in range(1, 6):
            x = getattr(self, f"stage{stage}")(x)
            seen.append(x)
            x = F.max_pool2d(x, 2, stride=2, ceil_mode=True)
        x = self.stage6(x)
        sides = [self.side6(x)]
        for stage in range(5, 0, -1):
            skip = seen[stage - 1]
            x = F.interpolate(x, size=skip.shape[2:], mode="bilinear")
            x = getattr(self, f"stage{stage}d")(torch.cat((x, skip), 1))
            sides.insert(0, getattr(self, f"side{stage}")(x))
        sides = sides[:1] + [F.interpolate(side, size=x.shape[2:], mode="bilinear") for side in sides[1:]]
        return torch.sigmoid(self.outconv(torch.cat(sides, 1)))


class LayerNorm2d(nn.LayerNorm):
    """Over the channels."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class NafBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm2d(c, eps=1e-6), LayerNorm2d(c, eps=1e-6)
        self.conv1, self.conv2 = nn.Conv2d(c, 2 * c, 1), nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=2 * c)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c, 1))
        self.conv3, self.conv4, self.conv5 = nn.Conv2d(c, c, 1), nn.Conv2d(c, 2 * c, 1), nn.Conv2d(c, c, 1)
        self.beta, self.gamma = (nn.Parameter(torch.zeros(1, c, 1, 1)) for _ in range(2))

    def forward(self, x):
        def gate(x):
            a, b = x.chunk(2, 1)
            return a * b

        gated = gate(self.conv2(self.conv1(self.norm1(x))))
        x = x + self.conv3(gated * self.sca(gated)) * self.beta
        return x + self.conv5(gate(self.conv4(self.norm2(x)))) * self.gamma


class NafNet(nn.Module):
    """Chen et al. (2022), width 32, as trained on SIDD."""

    def __init__(self, width=32, down=(2, 2, 4, 8), middle=12, up=(2, 2, 2, 2)):
        super().__init__()
        self.intro, self.ending = nn.Conv2d(3, width, 3, padding=1), nn.Conv2d(width, 3, 3, padding=1)
        self.encoders, self.decoders, self.ups, self.downs = (nn.ModuleList() for _ in range(4))
        c = width
        for depth in down:
            self.encoders.append(nn.Sequential(*[NafBlock(c) for _ in range(depth)]))
            self.downs.append(nn.Conv2d(c, 2 * c, 2, 2))
            c *= 2
        self.middle_blks = nn.Sequential(*[NafBlock(c) for _ in range(middle)])
        for depth in up:
            self.ups.append(nn.Sequential(nn.Conv2d(c, 2 * c, 1, bias=False), nn.PixelShuffle(2)))
            c //= 2
            self.decoders.append(nn.Sequential(*[NafBlock(c) for _ in range(depth)]))

    def forward(self, image):
        x, seen = self.intro(image), []
        for encoder, down in zip(self.encoders, self.downs):
            x = encoder(x)
            seen.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for decoder, up, skip in zip(self.decoders, self.ups, reversed(seen)):
            x = decoder(up(x) + skip)
        return self.ending(x) + image


class DenseBlock(nn.Module):
    def __init__(self, features=64, growth=32):
        super().__init__()
        for place in range(5):
            outputs = features if place == 4 else growth
            self.add_module(f"conv{place + 1}", nn.Conv2d(features + place * growth, outputs, 3, padding=1))

    def forward(self, x):
        seen = [x]
        for place in range(1, 5):
            seen.append(F.leaky_relu(getattr(self, f"conv{place}")(torch.cat(seen, 1)), 0.2))
        return x + 0.2 * self.conv5(torch.cat(seen, 1))


class Rrdb(nn.Module):
    def __init__(self):
        super().__init__()
        self.RDB1, self.RDB2, self.RDB3 = DenseBlock(), DenseBlock(), DenseBlock()

    def forward(self, x):
        return x + 0.2 * self.RDB3(self.RDB2(self.RDB1(x)))


class RrdbNet(nn.Module):
    """Wang et al. (2018), 23 blocks, four times as large."""

    def __init__(self):
        super().__init__()
        self.conv_first = nn.Conv2d(3, 64, 3, padding=1)
        self.RRDB_trunk = nn.Sequential(*[Rrdb() for _ in range(23)])
        self.trunk_conv, self.upconv1 = nn.Conv2d(64, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1)
        self.upconv2, self.HRconv = nn.Conv2d(64, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1)
        self.conv_last = nn.Conv2d(64, 3, 3, padding=1)

    def forward(self, x):
        x = self.conv_first(x)
        x = x + self.trunk_conv(self.RRDB_trunk(x))
        for conv in (self.upconv1, self.upconv2):
            x = F.leaky_relu(conv(F.interpolate(x, scale_factor=2)), 0.2)
        return self.conv_last(F.leaky_relu(self.HRconv(x), 0.2))


CASES = {
    "u2netp": (U2NetP, (3, 64, 64)),
    "nafnet": (NafNet, (3, 32, 32)),
    "rrdbnet": (RrdbNet, (3, 8, 8)),
}
