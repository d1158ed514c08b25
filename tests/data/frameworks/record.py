"""Records the answers of Keras (on JAX) and Flax for attention and recurrent layers: `python3 record.py`.

Each case has its inputs, parameters by name, the output, and the gradients of inputs and parameters for the cotangents
1, 2, 3, .. over 8. Computed in f64 from numbers that f32 holds exactly.
"""

import json
import math
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import flax.linen as nn
import jax
import jax.numpy as jnp
import keras

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")


def numbers(shape, step=7, modulus=23, start=-1.25):
    return jnp.array([(step * i) % modulus / 8 + start for i in range(math.prod(shape))]).reshape(shape)


def flat(x):
    return [float(f"{value:.9g}") for value in x.ravel().tolist()]


def record(function, params, inputs):
    """`function` takes parameters by name and inputs with a batch of one."""
    params = {name: numbers(shape, step=5 + 2 * index) / 4 for index, (name, shape) in enumerate(params.items())}
    inputs = [numbers((1, *shape), step=7 + 2 * index) for index, shape in enumerate(inputs)]
    y, vjp = jax.vjp(function, params, inputs)
    of_params, of_inputs = vjp((jnp.arange(y.size, dtype=y.dtype).reshape(y.shape) + 1) / 8)
    return {
        "params": {name: flat(value) for name, value in params.items()},
        "inputs": [flat(x) for x in inputs],
        "output": flat(y),
        "gradients": [flat(x) for x in of_inputs],
        "param_gradients": {name: flat(value) for name, value in of_params.items()},
    }


def of_keras(layer, *inputs, call=lambda layer, inputs: (inputs[0],)):
    """The file names of a chain whose layer is `m`."""
    symbols = [keras.Input(shape) for shape in inputs]
    layer(*call(layer, symbols))

    def name(variable):
        return "/".join(["m", *variable.path.split("/")[1:]])

    def function(params, inputs):
        values = [params[name(variable)] for variable in layer.trainable_variables]
        rest = [variable.value for variable in layer.non_trainable_variables]
        return layer.stateless_call(values, rest, *call(layer, inputs))[0]

    return record(function, {name(v): tuple(v.shape) for v in layer.trainable_variables}, inputs)


def of_flax(module, *inputs, within=("m",)):
    tree = module.init(jax.random.key(0), *[jnp.zeros((1, *shape)) for shape in inputs])["params"]
    paths, shapes = jax.tree_util.tree_flatten_with_path(tree)
    names = [".".join([*within, *[part.key for part in path]]) for path, _ in paths]

    def function(params, inputs):
        tree = jax.tree_util.tree_unflatten(shapes, [params[name] for name in names])
        return module.apply({"params": tree}, *inputs)

    return record(function, {name: value.shape for name, (_, value) in zip(names, paths)}, inputs)


class Scanned(nn.Module):
    """A cell that runs over all steps, as the submodule `m`."""

    cell: type
    features: int

    @nn.compact
    def __call__(self, x):
        scan = nn.scan(self.cell, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)
        steps = scan(self.features, param_dtype=jnp.float64, name="m")
        return steps(steps.initialize_carry(jax.random.key(0), x[:, 0].shape), x)[1]


layers = keras.layers
# Keras reads query, value, key.
crossed = lambda layer, inputs: (inputs[0], inputs[2], inputs[1])
CASES = {
    "keras_multi_head": lambda: of_keras(
        layers.MultiHeadAttention(2, 4), (5, 8), call=lambda layer, inputs: (inputs[0], inputs[0])
    ),
    "keras_multi_head_cross": lambda: of_keras(
        layers.MultiHeadAttention(2, 4), (5, 8), (7, 6), (7, 4), call=crossed
    ),
    "keras_multi_head_no_bias": lambda: of_keras(
        layers.MultiHeadAttention(2, 4, use_bias=False), (5, 8), call=lambda layer, inputs: (inputs[0], inputs[0])
    ),
    "keras_lstm": lambda: of_keras(layers.LSTM(4, dtype="float64"), (5, 3)),
    "keras_lstm_sequences": lambda: of_keras(layers.LSTM(4, dtype="float64", return_sequences=True), (5, 3)),
    "keras_gru": lambda: of_keras(layers.GRU(4, dtype="float64", return_sequences=True), (5, 3)),
    "flax_multi_head": lambda: of_flax(nn.MultiHeadDotProductAttention(num_heads=2), (5, 8)),
    "flax_multi_head_cross": lambda: of_flax(nn.MultiHeadDotProductAttention(num_heads=2), (5, 8), (7, 6), (7, 4)),
    "flax_lstm": lambda: of_flax(Scanned(nn.LSTMCell, 4), (5, 3), within=()),
    "flax_optimized_lstm": lambda: of_flax(Scanned(nn.OptimizedLSTMCell, 4), (5, 3), within=()),
    "flax_gru": lambda: of_flax(Scanned(nn.GRUCell, 4), (5, 3), within=()),
    "flax_simple": lambda: of_flax(Scanned(nn.SimpleCell, 4), (5, 3), within=()),
    "flax_bidirectional": lambda: of_flax(
        nn.Bidirectional(*[nn.RNN(nn.GRUCell(4, param_dtype=jnp.float64)) for _ in range(2)]), (5, 3)
    ),
}

if __name__ == "__main__":
    path = pathlib.Path(__file__).parent / "frameworks.json"
    lines = [f"{json.dumps(name)}: {json.dumps(case())}" for name, case in CASES.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
