"""Classifiers of images whose blocks have several branches, or convolutions that compute their weight."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class StdConv(nn.Conv2d):
    """A convolution whose weights have mean 0 and variance 1 for each output."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, bias=False)

    def forward(self, x):
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), keepdim=True, correction=0)
        return self._conv_forward(x, (self.weight - mean) * torch.rsqrt(variance + 1e-6), None)


class BitBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, first):
        super().__init__()
        inside = outputs // 4
        self.norm1, self.norm2, self.norm3 = (nn.GroupNorm(32, width) for width in (inputs, inside, inside))
        self.conv1, self.conv2 = StdConv(inputs, inside, 1), StdConv(inside, inside, 3, stride)
        self.conv3 = StdConv(inside, outputs, 1)
        self.downsample = nn.ModuleDict({"conv": StdConv(inputs, outputs, 1, stride)}) if first else None

    def forward(self, x):
        y = F.relu(self.norm1(x))
        x = self.downsample["conv"](y) if self.downsample else x
        y = self.conv2(F.relu(self.norm2(self.conv1(y))))
        return x + self.conv3(F.relu(self.norm3(y)))


class BitR50(nn.Module):
    """Kolesnikov et al. (2020), R50x1, with the names of timm."""

    def __init__(self):
        super().__init__()
        self.stem = nn.ModuleDict({"conv": StdConv(3, 64, 7, 2)})
        self.stages, last = nn.ModuleList(), 64
        for width, depth, stride in ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2)):
            blocks = [BitBlock(last if i == 0 else width, width, stride if i == 0 else 1, i == 0) for i in range(depth)]
            self.stages.append(nn.ModuleDict({"blocks": nn.Sequential(*blocks)}))
            last = width
        self.norm, self.head = nn.GroupNorm(32, 2048), nn.ModuleDict({"fc": nn.Conv2d(2048, 1000, 1)})

    def forward(self, x):
        x = F.max_pool2d(F.pad(self.stem["conv"](x), (1, 1, 1, 1)), 3, 2)
        for stage in self.stages:
            x = stage["blocks"](x)
        return self.head["fc"](F.relu(self.norm(x)).mean((2, 3), keepdim=True)).flatten(1)


def conv_bn(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)


class Res2Block(nn.Module):
    def __init__(self, inputs, width, outputs, stride, first):
        super().__init__()
        self.first = first
        self.conv1, self.bn1 = conv_bn(inputs, 4 * width, 1)
        parts = [conv_bn(width, width, 3, stride) for _ in range(3)]
        self.convs, self.bns = nn.ModuleList(conv for conv, _ in parts), nn.ModuleList(bn for _, bn in parts)
        self.conv3, self.bn3 = conv_bn(4 * width, outputs, 1)
        self.downsample = nn.Sequential(*conv_bn(inputs, outputs, 1, stride)) if first else nn.Identity()
        self.pool = nn.AvgPool2d(3, stride, 1)

    def forward(self, x):
        parts = F.relu(self.bn1(self.conv1(x))).chunk(4, 1)
        outs = []
        for i in range(3):
            part = parts[i] if i == 0 or self.first else outs[-1] + parts[i]
            outs.append(F.relu(self.bns[i](self.convs[i](part))))
        outs.append(self.pool(parts[3]) if self.first else parts[3])
        return F.relu(self.bn3(self.conv3(torch.cat(outs, 1))) + self.downsample(x))


class Res2Net50(nn.Module):
    """Gao et al. (2019), four pieces of 26 channels, with the names of timm."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv_bn(3, 64, 7, 2)
        last = 64
        for index, (width, depth, stride) in enumerate(((26, 3, 1), (52, 4, 2), (104, 6, 2), (208, 3, 2)), start=1):
            outputs = 256 * width // 26
            first = Res2Block(last, width, outputs, stride, True)
            rest = (Res2Block(outputs, width, outputs, 1, False) for _ in range(depth - 1))
            setattr(self, f"layer{index}", nn.Sequential(first, *rest))
            last = outputs
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class Former(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(1, width), nn.GroupNorm(1, width)
        self.layer_scale_1, self.layer_scale_2 = (nn.Parameter(torch.ones(width)) for _ in range(2))
        self.mlp = nn.ModuleDict({"fc1": nn.Conv2d(width, 4 * width, 1), "fc2": nn.Conv2d(4 * width, width, 1)})

    def forward(self, x):
        y = self.norm1(x)
        y = F.avg_pool2d(y, 3, 1, 1, count_include_pad=False) - y
        x = x + self.layer_scale_1[:, None, None] * y
        y = self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))
        return x + self.layer_scale_2[:, None, None] * y


class PoolFormerS12(nn.Module):
    """Yu et al. (2022), with the names of its authors."""

    def __init__(self):
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, 64, 7, 4, 2)})
        self.network, last = nn.ModuleList(), None
        for width, depth in ((64, 2), (128, 2), (320, 6), (512, 2)):
            if last:
                self.network.append(nn.ModuleDict({"proj": nn.Conv2d(last, width, 3, 2, 1)}))
            self.network.append(nn.Sequential(*(Former(width) for _ in range(depth))))
            last = width
        self.norm, self.head = nn.GroupNorm(1, 512), nn.Linear(512, 1000)

    def forward(self, x):
        x = self.patch_embed["proj"](x)
        for part in self.network:
            x = part["proj"](x) if isinstance(part, nn.ModuleDict) else part(x)
        return self.head(self.norm(x).mean((2, 3)))


class ShortcutA(nn.Module):
    """A stride, and zeros for the new channels: option A."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv_bn(inputs, outputs, 3, stride)
        self.conv2, self.bn2 = conv_bn(outputs, outputs, 3)
        self.more, self.stride = (outputs - inputs) // 2, stride

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        x = x[:, :, :: self.stride, :: self.stride]
        return F.relu(y + F.pad(x, (0, 0, 0, 0, self.more, self.more)))


class ResNet20(nn.Module):
    """He et al. (2016), for CIFAR-10, with the names of Idelbayev's port."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv_bn(3, 16, 3)
        last = 16
        for index, width in enumerate((16, 32, 64), start=1):
            first = ShortcutA(last, width, 1 if index == 1 else 2)
            setattr(self, f"layer{index}", nn.Sequential(first, *(ShortcutA(width, width, 1) for _ in range(2))))
            last = width
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class MixerBlock(nn.Module):
    def __init__(self, tokens, width):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.mlp_tokens = nn.ModuleDict({"fc1": nn.Linear(tokens, width // 2), "fc2": nn.Linear(width // 2, tokens)})
        self.mlp_channels = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        y = self.norm1(x).transpose(1, 2)
        x = x + self.mlp_tokens["fc2"](F.gelu(self.mlp_tokens["fc1"](y))).transpose(1, 2)
        return x + self.mlp_channels["fc2"](F.gelu(self.mlp_channels["fc1"](self.norm2(x))))


class MixerS16(nn.Module):
    """Tolstikhin et al. (2021), with timm's names."""

    def __init__(self):
        super().__init__()
        self.stem = nn.ModuleDict({"proj": nn.Conv2d(3, 512, 16, 16)})
        self.blocks = nn.Sequential(*(MixerBlock(196, 512) for _ in range(8)))
        self.norm, self.head = nn.LayerNorm(512, eps=1e-6), nn.Linear(512, 1000)

    def forward(self, x):
        x = self.stem["proj"](x).flatten(2).transpose(1, 2)
        return self.head(self.norm(self.blocks(x)).mean(1))


CASES = {
    # Its numbers take seconds to compare; those of its convolution are among the layers.
    "bit_r50": (BitR50,),
    "res2net50": (Res2Net50, (3, 64, 64)),
    "poolformer_s12": (PoolFormerS12, (3, 64, 64)),
    "resnet20": (ResNet20, (3, 32, 32)),
    "mixer_s16": (MixerS16, (3, 224, 224)),
}
