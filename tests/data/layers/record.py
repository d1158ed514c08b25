"""Records PyTorch's answers for parameters as values, weights as values, masked convolutions and unpooling: `python3 record.py`.

Each case has its inputs and parameters, the output, and the gradients of both for the cotangents 1, 2, 3, .. over 8.
Computed in f64 from numbers that f32 holds exactly.
"""

import json
import pathlib

import torch
import torch.nn.functional as F


def numbers(*shape, step=7, modulus=13, start=-1.5):
    count = torch.Size(shape).numel()
    return torch.tensor([(step * i) % modulus / 4 + start for i in range(count)]).reshape(shape)


def different(*shape):
    """No two equal, so that each window has one maximum."""
    count = torch.Size(shape).numel()
    return torch.tensor([(37 * i) % 211 / 32 - 3 for i in range(count)]).reshape(shape)


def modulated(x, s, conv_weight):
    y = F.conv2d((x * s[:, None, None])[None], conv_weight, padding=1)[0]
    scaled = conv_weight * s[None, :, None, None]
    return y * torch.rsqrt(scaled.square().sum((1, 2, 3)) + 1e-8)[:, None, None]


def tied(x, c_weight, c_bias, d_bias):
    code = F.relu(F.conv2d(x[None], c_weight, c_bias, stride=2, padding=1))
    y = F.conv_transpose2d(code, c_weight, d_bias, stride=2, padding=1, output_padding=1)[0]
    return y * c_weight.square().mean() + d_bias[:, None, None]


def twice(x, a_weight, a_bias):
    y = F.linear(F.linear(x, a_weight, a_bias), a_weight, a_bias)
    return y * a_bias + a_weight @ y


def normed(x, n_weight, n_bias, n_running_mean, n_running_var):
    y = F.batch_norm(x[None], n_running_mean, n_running_var, n_weight, n_bias)[0]
    return (y + n_running_mean[:, None]) * n_weight[:, None]


def masked(weight, kind):
    """PixelCNN's masks: what comes after the middle of the kernel is zero, with A the middle too."""
    taps = weight.flatten(2)
    sizes = weight.shape[2:]
    middle = 0
    for size in sizes:
        middle = middle * size + size // 2
    mask = torch.ones_like(taps)
    mask[:, :, middle + (kind == "b") :] = 0
    return (taps * mask).reshape(weight.shape)


def masked_conv(conv, kind, **fields):
    return lambda x, c_weight, c_bias: conv(x[None], masked(c_weight, kind), c_bias, **fields)[0]


def unpooled(pool, unpool, kernel, **fields):
    def run(x):
        y, indices = pool(x[None], kernel, return_indices=True, **fields)
        return unpool(y.square(), indices, kernel, output_size=x.shape[1:], **fields)[0] + x

    return run


def standardised(x, conv_weight, conv_gain, conv_bias):
    """The convolution of NFNet: the weight of each output has mean 0, and a learnt deviation."""
    fan = conv_weight[0].numel()
    centred = conv_weight - conv_weight.mean((1, 2, 3), keepdim=True)
    variance = centred.square().mean((1, 2, 3), keepdim=True)
    weight = centred * torch.rsqrt(torch.clamp(variance * fan, min=1e-4)) * conv_gain
    return F.conv2d(x[None], weight, conv_bias, stride=2, padding=1)[0]


BLUR = torch.outer(torch.tensor([1.0, 3.0, 3.0, 1.0]), torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64


def blurred(x, up_weight, up_bias):
    y = F.conv_transpose2d(x[None], torch.tanh(up_weight), up_bias, stride=2)
    return F.conv2d(y, BLUR.to(y).expand(4, 1, 4, 4), padding=1, groups=4)[0]


def mixed(x, route_weight, route_bias, experts, conv_bias):
    """CondConv: every sample has its own mixture of three kernels."""
    weights = torch.sigmoid(F.linear(x.mean(1), route_weight, route_bias))
    return F.conv1d(F.pad(x, (2, 2), "reflect")[None], (weights @ experts.flatten(1)).reshape(4, 2, 5), conv_bias)[0]


CASES = {
    "standardised": (
        standardised,
        [numbers(3, 5, 6)],
        {
            "conv.weight": numbers(4, 3, 3, 3, step=5),
            "conv.gain": numbers(4, 1, 1, 1, step=3, start=0.5),
            "conv.bias": numbers(4),
        },
    ),
    "blurred": (blurred, [numbers(2, 4, 3)], {"up.weight": numbers(2, 4, 3, 3, step=5), "up.bias": numbers(4)}),
    "mixed": (
        mixed,
        [numbers(2, 7)],
        {
            "route.weight": numbers(3, 2, step=5),
            "route.bias": numbers(3),
            "experts": numbers(3, 4, 2, 5),
            "conv.bias": numbers(4, step=5),
        },
    ),
    "modulated": (modulated, [numbers(3, 5, 5), numbers(3, step=5, start=0.25)], {"conv.weight": numbers(4, 3, 3, 3)}),
    "tied_as_value": (
        tied,
        [numbers(2, 4, 4)],
        {"c.weight": numbers(3, 2, 3, 3, step=5), "c.bias": numbers(3), "d.bias": numbers(2)},
    ),
    "reused_as_value": (twice, [numbers(3)], {"a.weight": numbers(3, 3, step=5), "a.bias": numbers(3, start=0.5)}),
    "statistics_as_value": (
        normed,
        [numbers(3, 4)],
        {
            "n.weight": numbers(3),
            "n.bias": numbers(3, step=5),
            "n.running_mean": numbers(3, step=3),
            "n.running_var": numbers(3, step=3, start=1.0),
        },
    ),
    "mask_a": (
        masked_conv(F.conv2d, "a", padding=1),
        [numbers(2, 4, 5)],
        {"c.weight": numbers(3, 2, 3, 3), "c.bias": numbers(3)},
    ),
    "mask_b": (
        masked_conv(F.conv2d, "b", padding=(2, 1), stride=(1, 2), groups=2),
        [numbers(4, 5, 6)],
        {"c.weight": numbers(4, 2, 5, 3), "c.bias": numbers(4)},
    ),
    "mask_even": (
        masked_conv(F.conv2d, "a", dilation=2),
        [numbers(1, 7, 8)],
        {"c.weight": numbers(2, 1, 2, 4), "c.bias": numbers(2)},
    ),
    "mask_1d": (
        masked_conv(F.conv1d, "b", padding=2),
        [numbers(3, 9)],
        {"c.weight": numbers(2, 3, 5), "c.bias": numbers(2)},
    ),
    "mask_3d": (
        masked_conv(F.conv3d, "a", padding=1),
        [numbers(2, 3, 4, 3)],
        {"c.weight": numbers(2, 2, 3, 3, 3), "c.bias": numbers(2)},
    ),
    "unpool": (unpooled(F.max_pool2d, F.max_unpool2d, 2), [different(2, 4, 6)], {}),
    "unpool_rest": (unpooled(F.max_pool2d, F.max_unpool2d, 2), [different(2, 5, 7)], {}),
    "unpool_overlap": (
        unpooled(F.max_pool2d, F.max_unpool2d, 3, stride=2, padding=1),
        [different(2, 6, 7)],
        {},
    ),
    "unpool_1d": (unpooled(F.max_pool1d, F.max_unpool1d, 3, stride=3), [different(2, 10)], {}),
    "unpool_3d": (unpooled(F.max_pool3d, F.max_unpool3d, 2), [different(1, 4, 5, 4)], {}),
}


def record(function, inputs, params):
    inputs = [x.double().requires_grad_() for x in inputs]
    params = {name: param.double().requires_grad_("running" not in name) for name, param in params.items()}
    given = {name.replace(".", "_"): param for name, param in params.items()}
    y = function(*inputs, **given)
    dy = torch.arange(1, y.numel() + 1, dtype=torch.float64).reshape(y.shape) / 8
    trained = {name: param for name, param in params.items() if param.requires_grad}
    gradients = torch.autograd.grad(y, inputs + list(trained.values()), dy)
    flat = lambda x: [float(f"{value:.9g}") for value in x.flatten().tolist()]
    return {
        "inputs": [flat(x) for x in inputs],
        "params": {name: flat(param) for name, param in params.items()},
        "output": flat(y),
        "gradients": [flat(x) for x in gradients[: len(inputs)]],
        "param_gradients": {name: flat(x) for name, x in zip(trained, gradients[len(inputs) :])},
    }


path = pathlib.Path(__file__).with_name("layers.json")
cases = {name: record(*case) for name, case in CASES.items()}
path.write_text("{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")
