"""Networks with attention, but for those of `record.py`."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.models import VisionTransformer, swin_transformer


def vit_s16():
    """ViT-S/16 of Touvron et al. (2021), with torchvision's names, for images of 64 x 64."""
    return VisionTransformer(64, 16, num_layers=12, num_heads=6, hidden_dim=384, mlp_dim=1536)


class WhisperAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        q, k, v = (f(x).unflatten(2, (6, -1)).transpose(1, 2) for f in (self.query, self.key, self.value))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class WhisperBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attn_ln, self.attn = nn.LayerNorm(width), WhisperAttention(width)
        self.mlp_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.attn_ln(x))
        return x + self.mlp(self.mlp_ln(x))


class WhisperEncoder(nn.Module):
    """The encoder of Whisper-tiny, Radford et al. (2022), with the names of its own code."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(80, 384, 3, padding=1), nn.Conv1d(384, 384, 3, 2, padding=1)
        self.blocks, self.ln_post = nn.ModuleList(WhisperBlock(384) for _ in range(4)), nn.LayerNorm(384)

    def forward(self, mel):
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).permute(0, 2, 1)
        rates = torch.exp(-torch.log(torch.tensor(10000.0, dtype=x.dtype)) / 191 * torch.arange(192, dtype=x.dtype))
        angles = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * rates
        x = x + torch.cat([angles.sin(), angles.cos()], 1)
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class ResnetBlock(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, before, eps=1e-6), nn.Conv2d(before, after, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(32, after, eps=1e-6), nn.Conv2d(after, after, 3, padding=1)
        self.nin_shortcut = nn.Conv2d(before, after, 1) if before != after else None

    def forward(self, x):
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return h + (self.nin_shortcut(x) if self.nin_shortcut else x)


class AttnBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(32, width, eps=1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(width, width, 1) for _ in range(4))

    def forward(self, x):
        h = self.norm(x)
        q, k, v = (f(h).flatten(2).transpose(1, 2)[:, None] for f in (self.q, self.k, self.v))
        h = F.scaled_dot_product_attention(q, k, v)[:, 0].transpose(1, 2)
        return x + self.proj_out(h.reshape(x.shape))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = nn.Conv2d(4, 512, 3, padding=1)
        self.mid = nn.ModuleDict(
            {"block_1": ResnetBlock(512, 512), "attn_1": AttnBlock(512), "block_2": ResnetBlock(512, 512)}
        )
        self.up, before = nn.ModuleList(nn.ModuleDict() for _ in range(4)), 512
        for level, width in zip((3, 2, 1, 0), (512, 512, 256, 128)):
            self.up[level]["block"] = nn.ModuleList()
            for _ in range(3):
                self.up[level]["block"].append(ResnetBlock(before, width))
                before = width
            if level > 0:
                self.up[level]["upsample"] = nn.ModuleDict({"conv": nn.Conv2d(width, width, 3, padding=1)})
        self.norm_out, self.conv_out = nn.GroupNorm(32, 128, eps=1e-6), nn.Conv2d(128, 3, 3, padding=1)

    def forward(self, z):
        x = self.conv_in(z)
        for part in self.mid.values():
            x = part(x)
        for level in (3, 2, 1, 0):
            for block in self.up[level]["block"]:
                x = block(x)
            if level > 0:
                x = self.up[level]["upsample"]["conv"](F.interpolate(x, scale_factor=2))
        return self.conv_out(F.silu(self.norm_out(x)))


class VaeDecoder(nn.Module):
    """The decoder of latent diffusion, Rombach et al. (2022), with the names of its own code."""

    def __init__(self):
        super().__init__()
        self.post_quant_conv, self.decoder = nn.Conv2d(4, 4, 1), Decoder()

    def forward(self, z):
        return self.decoder(self.post_quant_conv(z))


class ConvBn(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, act=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn, self.act = nn.BatchNorm2d(outputs), act

    def forward(self, x):
        x = self.bn(self.conv(x))
        return F.silu(x) if self.act else x


class Bottle(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        inside = 4 * inputs
        self.conv1_1x1 = ConvBn(inputs, inside, 1)
        self.conv2_kxk = ConvBn(inside, inside, 3, stride, inside)
        self.conv3_1x1 = ConvBn(inside, outputs, 1, act=False)
        self.skips = inputs == outputs and stride == 1

    def forward(self, x):
        y = self.conv3_1x1(self.conv2_kxk(self.conv1_1x1(x)))
        return x + y if self.skips else y


class WindowLayer(nn.Module):
    def __init__(self, n, heads=4):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(n), nn.LayerNorm(n)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(n, 3 * n), "proj": nn.Linear(n, n)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(n, 2 * n), "fc2": nn.Linear(2 * n, n)})

    def forward(self, x):
        batch, tokens, n = x.shape
        qkv = self.attn["qkv"](self.norm1(x)).reshape(batch, tokens, 3, self.heads, n // self.heads)
        y = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4).unbind(0))
        x = x + self.attn["proj"](y.transpose(1, 2).reshape(batch, tokens, n))
        return x + self.mlp["fc2"](F.silu(self.mlp["fc1"](self.norm2(x))))


class MobileVitBlock(nn.Module):
    def __init__(self, c, n, depth):
        super().__init__()
        self.conv_kxk, self.conv_1x1 = ConvBn(c, c, 3), nn.Conv2d(c, n, 1, bias=False)
        self.transformer = nn.Sequential(*[WindowLayer(n) for _ in range(depth)])
        self.norm, self.conv_proj, self.conv_fusion = nn.LayerNorm(n), ConvBn(n, c, 1), ConvBn(2 * c, c, 3)

    def forward(self, x):
        y = self.conv_1x1(self.conv_kxk(x))
        batch, n, height, width = y.shape
        y = y.reshape(batch, n, height // 2, 2, width // 2, 2).permute(0, 3, 5, 2, 4, 1)
        y = self.norm(self.transformer(y.reshape(4 * batch, -1, n)))
        y = y.reshape(batch, 2, 2, height // 2, width // 2, n).permute(0, 5, 3, 1, 4, 2).reshape(batch, n, height, width)
        return self.conv_fusion(torch.cat((x, self.conv_proj(y)), 1))


class MobileVitS(nn.Module):
    """Mehta and Rastegari (2022), size S, with the names of timm."""

    def __init__(self):
        super().__init__()
        self.stem = ConvBn(3, 16, 3, 2)
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Bottle(16, 32, 1)),
                nn.Sequential(Bottle(32, 64, 2), Bottle(64, 64, 1), Bottle(64, 64, 1)),
                nn.Sequential(Bottle(64, 96, 2), MobileVitBlock(96, 144, 2)),
                nn.Sequential(Bottle(96, 128, 2), MobileVitBlock(128, 192, 4)),
                nn.Sequential(Bottle(128, 160, 2), MobileVitBlock(160, 240, 3)),
            ]
        )
        self.final_conv = ConvBn(160, 640, 1)
        self.head = nn.ModuleDict({"fc": nn.Linear(640, 1000)})

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head["fc"](self.final_conv(x).mean((2, 3)))


def swin():
    """Two blocks of torchvision's Swin Transformer, the second with shifted windows, and the merging after them."""
    sizes = {"window_size": [4, 4], "stochastic_depth_prob": 0.0}
    blocks = [swin_transformer.SwinTransformerBlock(32, 2, shift_size=[shift, shift], **sizes) for shift in (0, 2)]
    return nn.Sequential(*blocks, swin_transformer.PatchMerging(32))


CASES = {
    "vit_s16": (vit_s16, (3, 64, 64)),
    "whisper_tiny": (WhisperEncoder, (80, 24)),
    "vae_decoder": (VaeDecoder, (4, 4, 4)),
    "mobilevit_s": (MobileVitS, (3, 64, 64)),
    "swin": (swin, (8, 8, 32)),
}
