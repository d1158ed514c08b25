"""Records PyTorch's answers for recurrent layers: `python3 record.py`.

Each case has its parameters by name, its inputs, the outputs, and the gradients of all of them for the cotangents
1, 2, 3, .. over 8, counted on from output to output. Computed in f64 from numbers that f32 holds exactly.
"""

import json
import pathlib

import torch

LENGTH, FEATURES, HIDDEN = 5, 3, 4


def spread(shape, seed):
    """Numbers between -1 and 1, multiples of 1/64."""
    count = torch.Size(shape).numel()
    return torch.tensor([((37 * i + 11 * seed) % 127 - 63) / 64 for i in range(count)]).reshape(shape).double()


CASES = {
    "lstm": (torch.nn.LSTM, {}, False),
    "lstm_states": (torch.nn.LSTM, {}, True),
    "lstm_deep": (torch.nn.LSTM, {"num_layers": 2, "bidirectional": True}, True),
    "lstm_no_bias": (torch.nn.LSTM, {"bias": False, "bidirectional": True}, False),
    "gru": (torch.nn.GRU, {}, False),
    "gru_deep": (torch.nn.GRU, {"num_layers": 2, "bidirectional": True}, True),
    "rnn": (torch.nn.RNN, {}, True),
    "rnn_relu": (torch.nn.RNN, {"nonlinearity": "relu", "num_layers": 3}, False),
}


def flat(x):
    return [float(f"{value:.9g}") for value in x.flatten().tolist()]


def record(layer, options, states):
    model = layer(FEATURES, HIDDEN, batch_first=True, **options).double()
    for seed, parameter in enumerate(model.parameters()):
        parameter.data = spread(parameter.shape, seed) / 2
    rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    lstm = layer is torch.nn.LSTM
    inputs = [spread((1, LENGTH, FEATURES), 40)]
    if states:
        inputs += [spread((rows, 1, HIDDEN), 50 + place) for place in range(2 if lstm else 1)]
    inputs = [x.requires_grad_() for x in inputs]
    first = tuple(inputs[1:]) if lstm else inputs[1] if states else None
    output, last = model(inputs[0], first) if states else model(inputs[0])
    outputs = [output, *(last if lstm else [last])]
    names, parameters = zip(*model.named_parameters())
    count, cotangents = 0, []
    for y in outputs:
        cotangents.append(torch.arange(count + 1, count + y.numel() + 1, dtype=torch.float64).reshape(y.shape) / 8)
        count += y.numel()
    gradients = torch.autograd.grad(outputs, [*inputs, *parameters], cotangents)
    return {
        "inputs": [flat(x) for x in inputs],
        "parameters": {name: flat(value) for name, value in zip(names, parameters)},
        "outputs": [flat(y) for y in outputs],
        "gradients": [flat(x) for x in gradients[: len(inputs)]],
        "parameter_gradients": {name: flat(x) for name, x in zip(names, gradients[len(inputs) :])},
    }


path = pathlib.Path(__file__).with_name("recurrent.json")
cases = {name: record(*case) for name, case in CASES.items()}
path.write_text("{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")
