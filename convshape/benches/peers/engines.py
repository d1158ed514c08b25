"""The engines that read ONNX files."""

import numpy as np
import onnxruntime
import openvino

from common import compare, timer

TOLERANCE = 1e-3
VERSIONS = f"onnxruntime {onnxruntime.__version__}, OpenVINO {openvino.__version__}"


def onnxruntime_peer(path, x, threads):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, inputs)[0]


def openvino_peer(path, x, threads):
    settings = {
        "INFERENCE_NUM_THREADS": threads,
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


def compare_file(name, path, x, y, ours, options):
    """Times convshape beside the engines whose output is near convshape's `y`. Returns the ratio of [`compare`]."""
    peers = {}
    for peer, load in PEERS.items():
        run = load(str(path), x, options.threads)
        difference = np.abs(run().ravel() - y).max()
        if difference <= TOLERANCE * max(y.std(), np.abs(y).max() * 1e-6):
            peers[peer] = timer(run)
        else:
            print(f"{name}: {peer} differs by {difference:.1e}, at a standard deviation of {y.std():.1e}")
    return compare(name, ours, peers, options.rounds)
