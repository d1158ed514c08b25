"""Records PyTorch's answers for layers that work along axes and for products of matrices: `python3 record.py`.

Each case has its inputs, the output, and the gradients of the inputs for the cotangents 1, 2, 3, .. over 8.
Computed in f64 from numbers that f32 holds exactly.
"""

import json
import pathlib

import torch
import torch.nn.functional as F


def numbers(*shape, step=7, modulus=13, start=-1.5):
    count = torch.Size(shape).numel()
    return torch.tensor([(step * i) % modulus / 4 + start for i in range(count)]).reshape(shape)


x = numbers(2, 3, 4)
y = numbers(2, 3, 4, step=5, modulus=11)
a = numbers(2, 3, 5)
b = numbers(2, 5, 4, step=5, modulus=11)

CASES = {
    "softmax": (lambda x: x.softmax(0), [x]),
    "softmax_height": (lambda x: x.softmax(1), [x]),
    "softmax_last": (lambda x: x.softmax(-1), [x]),
    "log_softmax": (lambda x: x.log_softmax(0), [x]),
    "log_softmax_height": (lambda x: x.log_softmax(1), [x]),
    "log_softmax_last": (lambda x: x.log_softmax(-1), [x]),
    "flatten_tail": (lambda x: x.flatten(1), [x]),
    "flatten_head": (lambda x: x.flatten(0, 1), [x]),
    "unflatten": (lambda x: x.unflatten(2, (2, 2)), [x]),
    "reshape_like": (lambda x, y: x.reshape(y.shape) * y, [x, numbers(4, 6)]),
    "concat_height": (lambda x, y: torch.cat([x, y], 1), [x, numbers(2, 2, 4)]),
    "concat_last": (lambda x, y: torch.cat([x, y, x], 2), [x, numbers(2, 3, 1)]),
    "slice_height": (lambda x: x[:, 1:3], [x]),
    "slice_last": (lambda x: x[:, :, 0:3], [x]),
    "stack": (lambda x, y: torch.stack([x, y]), [x, y]),
    "stack_last": (lambda x, y: torch.stack([x, y], -1), [x, y]),
    "stack_middle": (lambda x, y: torch.stack([x, y, x], 1), [x, y]),
    "glu": (F.glu, [x]),
    "glu_channels": (lambda x: F.glu(x, 0), [x]),
    "product": (lambda a, b: a @ b, [a, b]),
    "product_transposed": (lambda a, b: a.mT @ b.mT, [numbers(2, 5, 3), numbers(2, 4, 5)]),
    "product_broadcast": (lambda a, b: a @ b, [a, numbers(5, 4)]),
    "upsample_like": (
        lambda x, y: torch.cat([F.interpolate(x[None], size=(5, 8))[0], y]),
        [x, numbers(3, 5, 8)],
    ),
    "pad_like": (lambda x, y: F.pad(x, (2, 2, 1, 1)) * y, [x, numbers(2, 5, 8)]),
    "crop_like": (lambda x, y: x[:, 1:4, 2:6] + y, [numbers(2, 5, 8), x]),
    "product_wide": (lambda a, b: a @ b.mT, [numbers(3, 5), numbers(2, 2, 4, 5)]),
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


path = pathlib.Path(__file__).with_name("axes.json")
cases = {name: record(*case) for name, case in CASES.items()}
path.write_text("{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")
