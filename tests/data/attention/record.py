"""Records PyTorch's answers for attention: `python3 record.py`.

Each case has its inputs, parameters by name, the output, and the gradients of inputs and parameters for the cotangents
1, 2, 3, .. over 8. Computed in f64 from numbers that f32 holds exactly.
"""

import json
import pathlib

import torch
import torch.nn.functional as F


def numbers(*shape, step=7, modulus=23, start=-1.25):
    count = torch.Size(shape).numel()
    return torch.tensor([(step * i) % modulus / 8 + start for i in range(count)]).reshape(shape).double()


def attention(heads, **options):
    def split(x):
        return x.unflatten(-1, (heads, -1)).transpose(-3, -2)

    def run(q, k, v, *added):
        mask = added[0] if added else None
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=mask, **options)
        return y.transpose(-3, -2).flatten(-2)

    return run


q, k, v = numbers(5, 6), numbers(7, 6, step=5), numbers(7, 4, step=3)
mask = torch.full((5, 7), -1e30).triu(1).double()

CASES = {
    "attention": (attention(2), [q, k, v]),
    "one_head": (attention(1), [q, k, v]),
    "causal": (attention(3, is_causal=True), [q, numbers(5, 6, step=5), numbers(5, 6, step=3)]),
    "causal_cross": (attention(2, is_causal=True), [q, k, v]),
    "causal_few_keys": (attention(2, is_causal=True), [q, k[:3], v[:3]]),
    "scale": (attention(2, scale=-0.375), [q, k, v]),
    "added": (attention(2), [q, k, v, numbers(5, 7, step=4)]),
    "added_by_head": (attention(2), [q, k, v, numbers(2, 5, 7, step=4)]),
    "masked": (attention(2), [q, k, v, mask]),
    "windows": (attention(2), [numbers(3, 5, 6), numbers(3, 7, 6, step=5), numbers(3, 7, 4, step=3)]),
    # What Swin adds: a bias for each head, and a mask for each window.
    "windows_added": (
        attention(2),
        [numbers(2, 3, 4, 6), numbers(2, 3, 4, 6, step=5), numbers(2, 3, 4, 6, step=3), numbers(3, 1, 4, 4, step=4)],
    ),
}

MODULES = {
    "multi_head": ((8, 2), {}, 1, False),
    "multi_head_causal": ((8, 4), {}, 1, True),
    "multi_head_no_bias": ((8, 2), {"bias": False}, 1, False),
    "multi_head_cross": ((8, 2), {}, 3, False),
    "multi_head_other_features": ((8, 2), {"kdim": 6, "vdim": 4}, 3, False),
}


def flat(x):
    return [float(f"{value:.9g}") for value in x.flatten().tolist()]


def record(function, inputs, parameters=None):
    parameters = parameters or {}
    inputs = [x.clone().requires_grad_() for x in inputs]
    y = function(*inputs)
    dy = torch.arange(1, y.numel() + 1, dtype=torch.float64).reshape(y.shape) / 8
    gradients = torch.autograd.grad(y, [*inputs, *parameters.values()], dy)
    return {
        "inputs": [flat(x) for x in inputs],
        "params": {f"m.{name}": flat(x) for name, x in parameters.items()},
        "output": flat(y),
        "gradients": [flat(x) for x in gradients[: len(inputs)]],
        "param_gradients": {f"m.{name}": flat(x) for name, x in zip(parameters, gradients[len(inputs) :])},
    }


def module(sizes, options, count, causal):
    layer = torch.nn.MultiheadAttention(*sizes, batch_first=True, **options).double()
    for seed, parameter in enumerate(layer.parameters()):
        parameter.data = numbers(*parameter.shape, step=5 + 2 * seed, modulus=29 + seed, start=-1.75) / 4
    features = [sizes[0], options.get("kdim", sizes[0]), options.get("vdim", sizes[0])]
    inputs = [numbers(5 if place == 0 else 7, width, step=3 + place) for place, width in enumerate(features)][:count]

    def run(*inputs):
        q, k, v = (x[None] for x in (inputs if count == 3 else inputs * 3))
        later = torch.ones(5, 5, dtype=bool).triu(1) if causal else None
        return layer(q, k, v, attn_mask=later, need_weights=False)[0][0]

    return run, inputs, dict(layer.named_parameters())


path = pathlib.Path(__file__).with_name("attention.json")
cases = {name: record(*case) for name, case in CASES.items()}
cases |= {name: record(*module(*case)) for name, case in MODULES.items()}
path.write_text("{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")
