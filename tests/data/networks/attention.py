"""Networks with attention, but for those of `record.py`."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.models import VisionTransformer


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


CASES = {
    "vit_s16": (vit_s16, (3, 64, 64)),
    "whisper_tiny": (WhisperEncoder, (80, 24)),
    "vae_decoder": (VaeDecoder, (4, 4, 4)),
}
