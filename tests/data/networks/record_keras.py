"""Records Keras' answers of whole networks: `python3 record_keras.py`. Everything else is as in `record.py`."""

import json
import math
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")

MOST = 256


def numbers_of(name, shape):
    """Numbers between -0.5 and 0.5."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    place = np.arange(math.prod(shape), dtype=np.uint64)
    bits = (place * 2654435761 + value) % 2**32
    bits = (bits ^ (bits >> 15)) * 0x2C1B3C6D % 2**32
    return (bits >> 8).astype(np.float64) / 2**24 - 0.5


def filled(name, shape):
    """A parameter on a scale that keeps activations near one; factors and variances are near one."""
    unit = numbers_of(name, shape)
    last = name.rsplit("/", 1)[-1]
    if len(shape) > 1:
        # Each channel of a depthwise kernel reads its own.
        inputs = shape[: -2 if last == "depthwise_kernel" else -1]
        numbers = unit * 2 * math.sqrt(3 / math.prod(inputs))
    elif last in ("gamma", "moving_variance"):
        numbers = 1 + 0.5 * unit
    else:
        numbers = 0.25 * unit
    return numbers.astype(np.float32).reshape(shape)


def record(model, shape):
    for weight in model.weights:
        weight.assign(filled(weight.path, tuple(weight.shape)))
    x = (2 * numbers_of("input0", shape)).astype(np.float32).reshape(1, *shape)
    y = np.asarray(model(x, training=False)).ravel()
    step = max(1, y.size // MOST)
    values = [float(f"{value:.7g}") for value in y[::step][:MOST]]
    params = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return {"params": params, "outputs": [{"elements": y.size, "step": step, "values": values}]}


CASES = {
    "xception": lambda: record(keras.applications.Xception(weights=None, input_shape=(71, 71, 3)), (71, 71, 3)),
}

if __name__ == "__main__":
    path = pathlib.Path(__file__).parent / "keras.json"
    lines = [f"{json.dumps(name)}: {json.dumps(case())}" for name, case in CASES.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
