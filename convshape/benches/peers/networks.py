"""Times whole networks in convshape, onnxruntime and OpenVINO, which read them from ONNX files that convshape writes.

    pip install numpy onnxruntime openvino
    python networks.py --threads 1
    python networks.py --threads 2 resnet50 hifigan

A peer whose output differs by more than a thousandth of a standard deviation is left out.
"""

import json
import pathlib
import tempfile

from common import Runner, arguments, finish

options = arguments()

import numpy as np

from engines import VERSIONS, compare_file

runner = Runner()
peak = max(float(runner.ask("peak")) for _ in range(3))
print(f"one core: {peak / 1e9:.0f} GFLOP/s; {VERSIONS}")
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
        runner.ask(f"run {name}")
        ratios.append(compare_file(name, path, x, y, runner.time, options))
finish(ratios)
