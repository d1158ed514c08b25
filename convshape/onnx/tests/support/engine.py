"""Checks exported files: engine.py FOLDER

FOLDER/cases.json lists cases; a case is NAME.onnx, its inputs and the expected outputs as raw f32.
Prints a JSON object: for each case what is wrong with it, nothing if nothing is.
"""
import json, sys
import numpy as np, onnx, onnxruntime

def dims(info):
    return [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in info.type.tensor_type.shape.dim]

def shapes_disagree(path):
    """Our shapes against those that onnx infers without them."""
    model = onnx.load(path)
    declared = {i.name: dims(i) for i in [*model.graph.value_info, *model.graph.output]}
    bare = onnx.load(path)
    del bare.graph.value_info[:]
    for output in bare.graph.output: output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True)
    # Of `MaxUnpool` with an `output_shape` onnx infers nothing.
    known = [i for i in [*inferred.graph.value_info, *inferred.graph.output] if i.type.tensor_type.HasField("shape")]
    found = {i.name: dims(i) for i in known}
    for name, ours in declared.items():
        theirs = found.get(name)
        if theirs is None: continue
        if len(ours) != len(theirs) or any(isinstance(b, int) and a != b for a, b in zip(ours, theirs)):
            return f"{name}: {ours}, onnx infers {theirs}"
    missing = [n for node in model.graph.node for n in node.output if n not in declared and node.op_type not in ("Shape", "Concat", "Unsqueeze")]
    return f"no shape: {missing}" if missing else None

def check(folder, case):
    path = f"{folder}/{case['name']}.onnx"
    onnx.checker.check_model(path, full_check=True)
    if wrong := shapes_disagree(path): return wrong
    options = onnxruntime.SessionOptions(); options.log_severity_level = 3; options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    read = lambda port: np.fromfile(f"{folder}/{port['file']}", "<f4").reshape(port["shape"])
    found = session.run([p["name"] for p in case["outputs"]], {p["name"]: read(p) for p in case["inputs"]})
    for port, y in zip(case["outputs"], found):
        expected = read(port)
        if y.shape != expected.shape: return f"{port['name']}: {y.shape}, expected {expected.shape}"
        error = np.abs(y.astype("f8") - expected).max()
        scale = max(expected.astype("f8").std(), 1e-2 * np.abs(expected).max(), 1e-2)
        if not error <= case["tolerance"] * scale: return f"{port['name']}: off by {error:.3e}, the deviation is {scale:.3e}"
    return None

folder = sys.argv[1]
wrong = {}
for case in json.load(open(f"{folder}/cases.json")):
    try: complaint = check(folder, case)
    except Exception as error: complaint = f"{type(error).__name__}: {error}"
    if complaint: wrong[case["name"]] = complaint
print(json.dumps(wrong))
