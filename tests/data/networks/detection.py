"""Detectors, up to and with their heads."""

import torch
import torch.nn as nn
from torchvision.models import detection


class Conv(nn.Module):
    def __init__(self, before, after, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=1e-3, momentum=0.03)

    def forward(self, x):
        return nn.functional.silu(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, width, shortcut):
        super().__init__()
        self.cv1, self.cv2, self.shortcut = Conv(width, width, 3), Conv(width, width, 3), shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C2f(nn.Module):
    def __init__(self, before, after, depth, shortcut=False):
        super().__init__()
        self.cv1, self.cv2 = Conv(before, after), Conv((2 + depth) * after // 2, after)
        self.m = nn.ModuleList(Bottleneck(after // 2, shortcut) for _ in range(depth))

    def forward(self, x):
        y = list(self.cv1(x).chunk(2, 1))
        for m in self.m:
            y.append(m(y[-1]))
        return self.cv2(torch.cat(y, 1))


class Sppf(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.cv1, self.cv2 = Conv(width, width // 2), Conv(2 * width, width)
        self.m = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        y = [self.cv1(x)]
        for _ in range(3):
            y.append(self.m(y[-1]))
        return self.cv2(torch.cat(y, 1))


class Dfl(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 1, 1, bias=False)

    def forward(self, x):
        x = x.view(1, 4, 16, -1).transpose(2, 1).softmax(1)
        return self.conv(x).view(1, 4, -1)


class Detect(nn.Module):
    def __init__(self, widths, classes=80):
        super().__init__()
        branch = lambda before, width, after: nn.Sequential(
            Conv(before, width, 3), Conv(width, width, 3), nn.Conv2d(width, after, 1)
        )
        self.cv2 = nn.ModuleList(branch(width, 64, 64) for width in widths)
        self.cv3 = nn.ModuleList(branch(width, 80, classes) for width in widths)
        self.dfl = Dfl()

    def forward(self, xs):
        points = [
            torch.stack((x.flatten(), y.flatten(), torch.full((x.numel(),), stride)))
            for stride, h, w in ((8 << level, *x.shape[2:]) for level, x in enumerate(xs))
            for y, x in [torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")]
        ]
        points = torch.cat(points, 1).double()
        anchors, strides = points[:2], points[2:]
        levels = zip(xs, self.cv2, self.cv3)
        y = torch.cat([torch.cat((cv2(x), cv3(x)), 1).flatten(2) for x, cv2, cv3 in levels], 2)
        box, classes = y.split((64, y.shape[1] - 64), 1)
        low, high = self.dfl(box).chunk(2, 1)
        low, high = anchors - low, anchors + high
        box = torch.cat(((low + high) / 2, high - low), 1) * strides
        return torch.cat((box, classes.sigmoid()), 1)


class Yolov8n(nn.Module):
    """Jocher, Chaurasia and Qiu (2023), size n, with the names of its own code."""

    def __init__(self):
        super().__init__()
        self.model = nn.ModuleList(
            [
                Conv(3, 16, 3, 2), Conv(16, 32, 3, 2), C2f(32, 32, 1, True), Conv(32, 64, 3, 2), C2f(64, 64, 2, True),
                Conv(64, 128, 3, 2), C2f(128, 128, 2, True), Conv(128, 256, 3, 2), C2f(256, 256, 1, True), Sppf(256),
                nn.Upsample(scale_factor=2), nn.Identity(), C2f(384, 128, 1),
                nn.Upsample(scale_factor=2), nn.Identity(), C2f(192, 64, 1),
                Conv(64, 64, 3, 2), nn.Identity(), C2f(192, 128, 1),
                Conv(128, 128, 3, 2), nn.Identity(), C2f(384, 256, 1), Detect((64, 128, 256)),
            ]
        )  # fmt: skip

    def forward(self, x):
        joined = {11: 6, 14: 4, 17: 12, 20: 9}
        kept = []
        for index, layer in enumerate(self.model):
            if index in joined:
                x = torch.cat((x, kept[joined[index]]), 1)
            elif isinstance(layer, Detect):
                x = layer([kept[15], kept[18], kept[21]])
            else:
                x = layer(x)
            kept.append(x)
        return x


class RetinaNet(nn.Module):
    """Lin et al. (2017): torchvision's, up to the boxes and classes of all anchors."""

    def __init__(self):
        super().__init__()
        model = detection.retinanet_resnet50_fpn(weights=None, weights_backbone=None)
        self.backbone, self.head = model.backbone, model.head

    def forward(self, x):
        y = self.head(list(self.backbone(x).values()))
        return y["cls_logits"], y["bbox_regression"]


class Ssd(nn.Module):
    """Liu et al. (2016): torchvision's SSD300, up to the boxes and classes of all anchors."""

    def __init__(self):
        super().__init__()
        model = detection.ssd300_vgg16(weights=None, weights_backbone=None)
        self.backbone, self.head = model.backbone, model.head

    def forward(self, x):
        y = self.head(list(self.backbone(x).values()))
        return y["bbox_regression"], y["cls_logits"]


CASES = {
    "yolov8n": (Yolov8n, (3, 96, 128)),
    "retinanet": (RetinaNet, (3, 64, 96)),
    "ssd300": (Ssd, (3, 300, 300)),
}
