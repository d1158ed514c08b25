"""Records PyTorch's answers for element-wise layers, permutations, reductions and small norms: `python3 record.py`.

Each case has its inputs, the output, and the gradients of the inputs for the cotangents 1, 2, 3, .. over 8.
Computed in f64 from numbers that f32 holds exactly.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

spread = torch.tensor([-3.5, -2.0, -1.25, -1.0, -0.75, -0.5, -0.125, 0.0, 0.25, 0.5, 0.875, 1.0, 1.5, 2.75, 4.0, 25.0])
positive = torch.tensor([0.0625, 0.25, 0.5, 0.875, 1.0, 1.5, 2.0, 2.75, 3.0, 4.0, 7.5, 12.0, 16.0, 25.0, 50.0, 100.0])
# Not sorted, with equal numbers.
mixed = torch.tensor([(7 * i) % 13 / 4 - 1.5 for i in range(24)]).reshape(2, 3, 4)
# Six channels, after an axis for the batch.
tall = torch.tensor([(7 * i) % 13 / 4 - 1.5 for i in range(24)]).reshape(1, 6, 2, 2)
other = torch.tensor([(5 * i) % 11 / 4 - 1.125 for i in range(24)]).reshape(2, 3, 4)

CASES = {
    "mish": (F.mish, [spread]),
    "selu": (F.selu, [spread]),
    "celu": (lambda x: F.celu(x, 0.75), [spread]),
    "hardtanh": (F.hardtanh, [spread]),
    "softsign": (F.softsign, [spread]),
    "log_sigmoid": (F.logsigmoid, [spread]),
    "square": (torch.square, [spread]),
    "abs": (torch.abs, [spread]),
    "neg": (torch.neg, [spread]),
    "sin": (torch.sin, [spread]),
    "cos": (torch.cos, [spread]),
    "add_scalar": (lambda x: x + 1.5, [spread]),
    "cube": (lambda x: x.pow(3.0), [spread]),
    "sqrt": (torch.sqrt, [positive]),
    "rsqrt": (torch.rsqrt, [positive]),
    "log": (torch.log, [positive]),
    "pow": (lambda x: x.pow(-0.75), [positive]),
    "sub": (lambda a, b: a - b, [mixed, other]),
    "sub_column": (lambda a, b: a - b, [mixed, other[:, :, :1]]),
    "div": (lambda a, b: a / b, [mixed, other]),
    "maximum": (torch.maximum, [mixed, other]),
    "minimum": (torch.minimum, [mixed, other]),
    "permute": (lambda x: x.permute(2, 0, 1), [mixed]),
    "transpose": (lambda x: x.transpose(0, 2), [mixed]),
    "mean": (lambda x: x.mean().reshape(1), [mixed]),
    "mean_1": (lambda x: x.mean(1), [mixed]),
    "sum_0_2": (lambda x: x.sum((0, 2)), [mixed]),
    "sum_keep": (lambda x: x.sum(2, keepdim=True), [mixed]),
    "max_1": (lambda x: x.max(1).values, [mixed]),
    "shuffle": (torch.nn.ChannelShuffle(3), [tall]),
    "shuffle_2": (torch.nn.ChannelShuffle(2), [tall]),
    "response": (torch.nn.LocalResponseNorm(3, 0.5, 0.75, 1.5), [tall]),
    "response_even": (torch.nn.LocalResponseNorm(4, 0.5, 0.6, 2.0), [tall]),
    "response_wide": (torch.nn.LocalResponseNorm(15), [tall]),
    "lp_2": (lambda x: F.normalize(x), [tall]),
    "lp_1": (lambda x: F.normalize(x, p=1.0, dim=2), [tall]),
    "lp_3": (lambda x: F.normalize(x, p=3.0, dim=-1), [tall]),
    "lp_least": (lambda x: F.normalize(x, eps=100.0), [tall]),
    "rms": (lambda x: F.rms_norm(x, x.shape[1:]), [mixed.reshape(1, 2, 3, 4)]),
    "rms_last": (lambda x: F.rms_norm(x, (4,), eps=0.125), [mixed]),
    "min_2": (lambda x: x.min(2).values, [mixed]),
}


def record(function, inputs):
    inputs = [x.double().requires_grad_() for x in inputs]
    y = function(*inputs)
    dy = torch.arange(1, y.numel() + 1, dtype=torch.float64).reshape(y.shape) / 8
    dx = torch.autograd.grad(y, inputs, dy)
    flat = lambda x: [float(f"{value:.9g}") for value in x.flatten().tolist()]
    return {
        "inputs": [flat(x) for x in inputs],
        "output": flat(y),
        "gradients": [flat(x) for x in dx],
    }


path = pathlib.Path(__file__).with_name("elementwise.json")
cases = {name: record(*case) for name, case in CASES.items()}
path.write_text("{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")
