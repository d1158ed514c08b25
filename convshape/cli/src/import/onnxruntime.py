"""Runs MODEL.onnx in onnxruntime on random inputs: onnxruntime.py MODEL.onnx SIZES

SIZES is JSON: numbers for sizes that the file leaves open, by name, and one for all others besides the batch, or null.
Writes a line of JSON, the inputs and outputs with their shapes, then their elements as f32, little-endian.
"""
import json, sys
import numpy as np, onnxruntime

sizes = json.loads(sys.argv[2])
options = onnxruntime.SessionOptions()
options.log_severity_level = 4
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
KINDS = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2", "tensor(bool)": "?",
         "tensor(int64)": "i8", "tensor(int32)": "i4", "tensor(uint8)": "u1", "tensor(int8)": "i1"}

def run(batch):
    """An open size is the batch; if there are others too, that of the first axis is."""
    def number(port, at, size):
        if isinstance(size, int) and size > 0: return size
        named = sizes["named"].get(size) or sizes["named"].get(f"{port.name}.{at}")
        return named or (sizes["others"] if sizes["others"] and at > 0 else batch)
    random = np.random.default_rng(0)
    feed = {}
    for port in session.get_inputs():
        shape = [number(port, at, size) for at, size in enumerate(port.shape)]
        kind = np.dtype(KINDS[port.type])
        numbers = random.standard_normal(shape) if kind.kind == "f" else random.integers(0, 2, shape)
        feed[port.name] = np.asarray(numbers).astype(kind)
    return feed, session.run(None, feed)

# Some files are open for any batch and work with one sample only.
try: feed, outputs = run(2)
except Exception: feed, outputs = run(1)
named = [*feed.items()], [*zip([port.name for port in session.get_outputs()], outputs)]
print(json.dumps([[{"name": name, "shape": array.shape} for name, array in ports] for ports in named]))
sys.stdout.flush()
for ports in named:
    for _, array in ports: sys.stdout.buffer.write(np.ascontiguousarray(array, "<f4").tobytes())
