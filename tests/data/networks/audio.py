"""Networks for sound."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class WaveNet(nn.Module):
    """van den Oord et al. (2016): two stacks of dilations 1 to 512, 256 levels."""

    def __init__(self, residual=32, skip=256, dilations=2 * [2**i for i in range(10)]):
        super().__init__()
        self.front = nn.Conv1d(256, residual, 1)
        self.dilations = dilations
        self.gates = nn.ModuleList(nn.Conv1d(residual, 2 * residual, 2, dilation=d) for d in dilations)
        self.residuals = nn.ModuleList(nn.Conv1d(residual, residual, 1) for _ in dilations)
        self.skips = nn.ModuleList(nn.Conv1d(residual, skip, 1) for _ in dilations)
        self.end1, self.end2 = nn.Conv1d(skip, 256, 1), nn.Conv1d(256, 256, 1)

    def forward(self, x):
        x, total = self.front(x), 0
        for dilation, gate, residual, skip in zip(self.dilations, self.gates, self.residuals, self.skips):
            value, gated = gate(F.pad(x, (dilation, 0))).chunk(2, 1)
            y = torch.tanh(value) * torch.sigmoid(gated)
            x, total = x + residual(y), total + skip(y)
        return self.end2(F.relu(self.end1(F.relu(total))))


class Blstm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lstm = nn.LSTM(width, width, 2, bidirectional=True)
        self.linear = nn.Linear(2 * width, width)

    def forward(self, x):
        return self.linear(self.lstm(x.permute(2, 0, 1))[0]).permute(1, 2, 0)


class Demucs(nn.Module):
    """Defossez et al., "Music Source Separation in the Waveform Domain" (2019), without resampling."""

    def __init__(self, channels=64, depth=6):
        super().__init__()
        self.encoder, self.decoder, before = nn.ModuleList(), nn.ModuleList(), 2
        for index in range(depth):
            self.encoder.append(
                nn.Sequential(nn.Conv1d(before, channels, 8, 4), nn.ReLU(), nn.Conv1d(channels, 2 * channels, 1), nn.GLU(1))
            )
            decode = [nn.Conv1d(channels, 2 * channels, 3), nn.GLU(1)]
            decode += [nn.ConvTranspose1d(channels, before if index > 0 else 8, 8, 4)] + [nn.ReLU()] * (index > 0)
            self.decoder.insert(0, nn.Sequential(*decode))
            before, channels = channels, 2 * channels
        self.lstm = Blstm(before)

    def forward(self, x):
        saved = []
        for encode in self.encoder:
            x = encode(x)
            saved.append(x)
        x = self.lstm(x)
        for decode in self.decoder:
            skip = saved.pop()
            start = (skip.shape[-1] - x.shape[-1]) // 2
            x = decode(x + skip[..., start : start + x.shape[-1]])
        return x.view(-1, 4, 2, x.shape[-1])


class Causal(nn.Module):
    """A convolution that pads on the left, by reflection."""

    def __init__(self, before, after, kernel, stride=1):
        super().__init__()
        self.conv = nn.ModuleDict({"conv": nn.Conv1d(before, after, kernel, stride)})
        self.sides = (kernel - stride, 0)

    def forward(self, x):
        return self.conv["conv"](F.pad(x, self.sides, mode="reflect"))


class CausalTransposed(nn.Module):
    def __init__(self, before, after, kernel, stride):
        super().__init__()
        self.convtr = nn.ModuleDict({"convtr": nn.ConvTranspose1d(before, after, kernel, stride)})
        self.trimmed = kernel - stride

    def forward(self, x):
        return self.convtr["convtr"](x)[..., : -self.trimmed]


class Unit(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.block = nn.Sequential(nn.ELU(), Causal(width, width // 2, 3), nn.ELU(), Causal(width // 2, width, 1))
        self.shortcut = Causal(width, width, 1)

    def forward(self, x):
        return self.shortcut(x) + self.block(x)


class Slstm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lstm = nn.LSTM(width, width, 2)

    def forward(self, x):
        x = x.permute(2, 0, 1)
        return (self.lstm(x)[0] + x).permute(1, 2, 0)


class Encodec(nn.Module):
    """Defossez et al., "High Fidelity Neural Audio Compression" (2022), 24 kHz, weight norm folded in, without the
    quantiser."""

    def __init__(self):
        super().__init__()
        encoder, decoder, width = [Causal(1, 32, 7)], [], 32
        for stride in (2, 4, 5, 8):
            encoder += [Unit(width), nn.ELU(), Causal(width, 2 * width, 2 * stride, stride)]
            width *= 2
        encoder += [Slstm(width), nn.ELU(), Causal(width, 128, 7)]
        decoder += [Causal(128, width, 7), Slstm(width)]
        for stride in (8, 5, 4, 2):
            decoder += [nn.ELU(), CausalTransposed(width, width // 2, 2 * stride, stride), Unit(width // 2)]
            width //= 2
        decoder += [nn.ELU(), Causal(width, 1, 7)]
        self.encoder = nn.ModuleDict({"model": nn.Sequential(*encoder)})
        self.decoder = nn.ModuleDict({"model": nn.Sequential(*decoder)})

    def forward(self, x):
        code = self.encoder["model"](x)
        return code, self.decoder["model"](code)


class ConvBlock(nn.Module):
    def __init__(self, dilation, last):
        super().__init__()
        self.conv_layers = nn.Sequential(
            nn.Conv1d(128, 512, 1), nn.PReLU(), nn.GroupNorm(1, 512, eps=1e-8),
            nn.Conv1d(512, 512, 3, padding=dilation, dilation=dilation, groups=512), nn.PReLU(),
            nn.GroupNorm(1, 512, eps=1e-8),
        )  # fmt: skip
        self.res_out = None if last else nn.Conv1d(512, 128, 1)
        self.skip_out = nn.Conv1d(512, 128, 1)

    def forward(self, x):
        y = self.conv_layers(x)
        return self.res_out(y) if self.res_out else None, self.skip_out(y)


class MaskGenerator(nn.Module):
    def __init__(self, sources):
        super().__init__()
        self.sources = sources
        self.input_norm = nn.GroupNorm(1, 512, eps=1e-8)
        self.input_conv = nn.Conv1d(512, 128, 1)
        self.conv_layers = nn.ModuleList(ConvBlock(2**i, s == 2 and i == 7) for s in range(3) for i in range(8))
        self.output_prelu, self.output_conv = nn.PReLU(), nn.Conv1d(128, 512 * sources, 1)

    def forward(self, x):
        x, total = self.input_conv(self.input_norm(x)), 0
        for layer in self.conv_layers:
            residual, skip = layer(x)
            if residual is not None:
                x = x + residual
            total = total + skip
        y = torch.sigmoid(self.output_conv(self.output_prelu(total)))
        return y.view(1, self.sources, 512, -1)


class ConvTasNet(nn.Module):
    """Luo and Mesgarani (2019), the sizes and names of torchaudio's `conv_tasnet_base`."""

    def __init__(self, sources=2):
        super().__init__()
        self.encoder = nn.Conv1d(1, 512, 16, 8, padding=8, bias=False)
        self.mask_generator = MaskGenerator(sources)
        self.decoder = nn.ConvTranspose1d(512, 1, 16, 8, padding=8, bias=False)

    def forward(self, x):
        x = self.encoder(x)
        masked = self.mask_generator(x) * x[:, None]
        return torch.cat([self.decoder(masked[:, source]) for source in range(2)], 1)


class Wav2Vec2(nn.Module):
    """Baevski et al. (2020), size base: the features, and the first of its layers, with the names of transformers."""

    def __init__(self):
        super().__init__()
        layers, last = [], 1
        for kernel, stride in [(10, 5), *4 * [(3, 2)], *2 * [(2, 2)]]:
            layers.append(nn.ModuleDict({"conv": nn.Conv1d(last, 512, kernel, stride, bias=False)}))
            last = 512
        layers[0]["layer_norm"] = nn.GroupNorm(512, 512)
        self.feature_extractor = nn.ModuleDict({"conv_layers": nn.ModuleList(layers)})
        self.feature_projection = nn.ModuleDict({"layer_norm": nn.LayerNorm(512), "projection": nn.Linear(512, 768)})
        layer = {name: nn.Linear(768, 768) for name in ("q_proj", "k_proj", "v_proj", "out_proj")}
        self.encoder = nn.ModuleDict({
            "pos_conv_embed": nn.ModuleDict({"conv": nn.Conv1d(768, 768, 128, padding=64, groups=16)}),
            "layer_norm": nn.LayerNorm(768),
            "layers": nn.ModuleList([nn.ModuleDict({
                "attention": nn.ModuleDict(layer),
                "layer_norm": nn.LayerNorm(768),
                "feed_forward": nn.ModuleDict({
                    "intermediate_dense": nn.Linear(768, 3072), "output_dense": nn.Linear(3072, 768)
                }),
                "final_layer_norm": nn.LayerNorm(768),
            })]),
        })

    def forward(self, x):
        for layer in self.feature_extractor["conv_layers"]:
            x = layer["conv"](x)
            x = F.gelu(layer["layer_norm"](x) if "layer_norm" in layer else x)
        x = self.feature_projection["projection"](self.feature_projection["layer_norm"](x.transpose(1, 2)))
        y = self.encoder["pos_conv_embed"]["conv"](x.transpose(1, 2))[:, :, :-1]
        x = self.encoder["layer_norm"](x + F.gelu(y).transpose(1, 2))
        for layer in self.encoder["layers"]:
            parts = layer["attention"]
            q, k, v = (parts[f"{name}_proj"](x).unflatten(2, (12, 64)).transpose(1, 2) for name in "qkv")
            y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = layer["layer_norm"](x + parts["out_proj"](y))
            y = F.gelu(layer["feed_forward"]["intermediate_dense"](x))
            x = layer["final_layer_norm"](x + layer["feed_forward"]["output_dense"](y))
        return x


CASES = {
    "wavenet": (WaveNet, (256, 64)),
    "demucs": (lambda: Demucs(4), (2, 17748)),
    "demucs_64": (lambda: Demucs(64),),
    "encodec": (Encodec, (1, 3200)),
    "conv_tasnet": (ConvTasNet, (1, 400)),
    "wav2vec2": (Wav2Vec2, (1, 8000)),
}
