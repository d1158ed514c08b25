"""Times whole networks in convshape, onnxruntime and OpenVINO, which read them from ONNX files that convshape writes.

    pip install numpy onnxruntime openvino
    python networks.py --threads 1
    python networks.py --threads 2 resnet50 hifigan

A peer whose output differs by more than a thousandth of a standard deviation is left out.
"""

import json
import pathlib
import tempfile

from common import Runner, arguments, compare, finish, timer

options = arguments()

import numpy as np
import onnxruntime
import openvino

TOLERANCE = 1e-3


def onnxruntime_peer(path, x):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, inputs)[0]


def openvino_peer(path, x):
    settings = {
        "INFERENCE_NUM_THREADS": options.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x))

    def run():
        request.infer(share_outputs=True)
        return request.get_output_tensor().data

    return run


PEERS = {"onnxruntime": onnxruntime_peer, "OpenVINO": openvino_peer}

runner = Runner()
peak = max(float(runner.ask("peak")) for _ in range(3))
print(f"one core: {peak / 1e9:.0f} GFLOP/s; onnxruntime {onnxruntime.__version__}, OpenVINO {openvino.__version__}")
ratios = []
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    runner.ask(f"save {folder}")
    for path in sorted(folder.glob("*.onnx")):
        name = path.stem
        if options.names and name not in options.names:
            continue
        shape = json.loads(path.with_suffix(".json").read_text())
        x = np.fromfile(path.with_suffix(".x"), np.float32).reshape(shape)
        y = np.fromfile(path.with_suffix(".y"), np.float32)
        peers = {}
        for peer, load in PEERS.items():
            run = load(str(path), x)
            difference = np.abs(run().ravel() - y).max() / max(y.std(), np.abs(y).max() * 1e-6)
            if difference < TOLERANCE:
                peers[peer] = timer(run)
            else:
                print(f"{name}: {peer} differs by {difference:.1e}")
        runner.ask(f"run {name}")
        ratios.append(compare(name, runner.time, peers, options.rounds))
finish(ratios)
