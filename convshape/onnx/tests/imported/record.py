"""Records the files of this folder with PyTorch: python record.py [NAME ..]

NAME.onnx is a module exported with an open batch, but in `WINDOWS`, whose batch is merged with another axis, with a
batch of 1; in `OPEN` height and width are open too. NAME.bin has raw f32: the module's inputs, then its outputs, for a batch of 2 (1 in `WINDOWS`).
"""
import math, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(7)
WINDOWS = {"windows", "volumes"}
OPEN = {"open_sizes"}
# Parameters that several layers read: NAME.grad has the gradients of half the sum of squares of the outputs, of each
# parameter in the order of their names.
SHARED = {"levels", "again", "tied"}

class Fn(nn.Module):
    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items(): setattr(self, name, part)
    def forward(self, *inputs): return self.function(self, *inputs)

def parameter(*shape): return nn.Parameter(torch.randn(*shape))

def heads(x): return x.reshape(x.shape[0], 6, 2, 4).transpose(1, 2)

def attended(m, x):
    q, k, v = m.qkv(x).chunk(3, -1)
    return F.scaled_dot_product_attention(heads(q), heads(k), heads(v), is_causal=True).transpose(1, 2).reshape(x.shape)

def windows(m, x):
    """Attention within windows of 2 x 2 that are rolled by one, as in Swin; what was not a neighbour is masked."""
    regions = torch.tensor([[0, 0, 0, 1], [0, 0, 2, 3], [0, 4, 0, 4], [5, 6, 7, 8]])
    mask = (regions.unsqueeze(1) != regions.unsqueeze(2)) * -100.0
    x = torch.roll(x, (-1, -1), (1, 2)).view(1, 2, 2, 2, 2, 8).permute(0, 1, 3, 2, 4, 5).reshape(4, 4, 8)
    q, k, v = m.qkv(x).reshape(4, 4, 3, 2, 4).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-2, -1) * 0.5 + m.bias
    scores = (scores.view(1, 4, 2, 4, 4) + mask.unsqueeze(1).unsqueeze(0)).view(4, 2, 4, 4)
    x = (scores.softmax(-1) @ v).transpose(1, 2).reshape(1, 2, 2, 2, 2, 8)
    return torch.roll(x.permute(0, 1, 3, 2, 4, 5).reshape(1, 4, 4, 8), (1, 1), (1, 2))

def rows(m, x):
    """Attention of one head along each row of a picture."""
    q, k, v = m.qkv(x).chunk(3, -1)
    return (q @ k.transpose(-2, -1) * 5 ** -0.5).softmax(-1) @ v

def volumes(m, x):
    """Windows of 2 x 2 x 2, whose axes are more than a chain's, a roll by 0, and a convolution of each head's volume."""
    x = torch.roll(x, (0, -1, -1), (1, 2, 3)).view(1, 2, 2, 2, 2, 1, 2, 4).permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(4, 8, 4)
    x = m.f(x).view(1, 2, 2, 1, 2, 2, 2, 4).permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(1, 4, 4, 2, 2, 2)
    x = m.c(x.permute(0, 4, 5, 1, 2, 3).reshape(2, 2, 4, 4, 2))
    return x.reshape(1, 4, -1)

def open_sizes(m, x):
    """Two scales of a picture of any size."""
    small = F.relu(m.b(F.max_pool2d(F.relu(m.a(x)), 2)))
    gate = torch.sigmoid(m.g(small.mean((2, 3), keepdim=True)))
    return m.a(x) + F.interpolate(small * gate, size=x.shape[-2:], mode="bilinear"), gate.flatten(1)

def elementwise(m, x):
    y = torch.maximum(x, m.p) - torch.minimum(x * 2, torch.tensor(0.3)) / (x.abs() + 1)
    return y - (1 - x) + 2 / (x.exp() + 3) + x.clamp(0.5, 2.0).rsqrt() + F.gelu(x) + F.silu(x)

def statistics(m, x):
    return torch.cat([x.mean(-1), x.pow(2).mean(-1).sqrt(), x.amax(-1), x.amin(-1), x.sum(-1), F.normalize(x[..., 0])], 1)

def pieces(m, x):
    a, b, c = x.split([2, 3, 4], 1)
    y = torch.cat([c[..., ::2, ::2], c[..., 1::2, 1::2]], 1)
    return a * b.sum(1, keepdim=True) + c[:, :2], m.c(y).flatten(1)

class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.down = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()
    def forward(self, x): return F.relu(self.conv2(F.relu(self.bn1(self.conv1(x)))) + self.down(x))

class Dense(nn.Module):
    """Each layer reads all that came before it."""
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Conv2d(2 + 2 * i, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 3, padding=1), nn.PReLU(2)) for i in range(4))
    def forward(self, x):
        for layer in self.layers: x = torch.cat([x, layer(x)], 1)
        return x

def timed(m, x, time):
    """A convolution whose channels are moved by the sine and cosine of a time, as in diffusion."""
    angles = time[:, None] * torch.tensor([1.0, 0.1, 0.01])[None]
    return F.silu(m.c(x)) + m.t(torch.cat([angles.sin(), angles.cos()], 1))[:, :, None, None]

def choices(m, x, y):
    """What comparisons and masks choose."""
    mask = (x > 0.2) & (y <= 0.5) | (x < -1)
    parts = [torch.where(x > y, x - y, y * 2), torch.where(m.mask, x, torch.zeros(())), torch.sign(x), (~mask).float()]
    return torch.cat([*parts, x.masked_fill(y >= 0.3, -1e9).softmax(-1), x.repeat(1, 2, 1), x.mean(1, keepdim=True).repeat(1, 3, 1), 3.0 ** x], 1)

def sums(m, x, y):
    """Einstein's sums that are no product of two matrices, and a sum of exponentials that would overflow."""
    return torch.einsum("oikl,bi->bo", m.w, x), torch.einsum("bi,oij,bj->bo", x, m.v, y), torch.einsum("bij->bj", x[:, :, None] * y[:, None]), torch.logsumexp(200.0 * x, 1)

def frames(m, x):
    """Convolutions on each frame of a film, whose frames are merged with the batch."""
    y = F.max_pool2d(F.relu(m.b(m.c(x.flatten(0, 1)))), 2)
    y = F.interpolate(m.p(y), scale_factor=2.0, mode="nearest").mean((2, 3)).view(x.shape[0], 4, -1)
    return m.f(y.transpose(1, 2)).squeeze(-1)

def quantised(m, x):
    """The nearest code of each place, as in VQ-VAE."""
    z = m.e(x).permute(0, 2, 3, 1)
    flat = z.reshape(-1, 4)
    distance = flat.pow(2).sum(1, keepdim=True) + m.codes.weight.pow(2).sum(1) - 2 * flat @ m.codes.weight.t()
    return m.d(m.codes(distance.argmin(1)).view(z.shape).permute(0, 3, 1, 2))

def moved(m, x):
    """Elements in another order, triangles, and borders that cut off or are not in space."""
    y = x.clone()
    y[:, 1:3, :2] = x[:, 2:4, 1:3] * 2
    parts = [x.flip(1), x.flip(2), torch.cumsum(x, 1), torch.tril(x), torch.triu(x, 1), F.pad(x, (-1, 1, 2, -2)), y]
    return torch.cat([*parts, x[:, :, [2, 0, 1, 3, 3]] * math.pi], 1)

def warped(m, x, flow):
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 6), torch.linspace(-1, 1, 5), indexing="ij")
    grid = torch.stack([columns, rows], -1)[None] + 0.3 * flow.permute(0, 2, 3, 1)
    return F.grid_sample(x, grid, align_corners=True), F.fold(m.f(x.flatten(1)).view(-1, 8, 20), (6, 5), 2)

class Trees(nn.Module):
    """Equal blocks in a row whose outputs are all read later, and a weight that is standardised."""
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(4, 2, 3, padding=1), nn.Tanh(), nn.Conv2d(2, 3, 1), nn.Sigmoid(), nn.Conv2d(3, 4, 1), nn.ReLU()) for _ in range(3))
        self.root = nn.Conv2d(12, 6, 3)
        self.gain = nn.Parameter(torch.rand(6) + 0.5)
    def forward(self, x):
        parts = []
        for block in self.blocks:
            x = block(x)
            parts.append(x)
        weight = F.batch_norm(self.root.weight.view(1, 6, -1), None, None, weight=self.gain, training=True, eps=1e-6).view_as(self.root.weight)
        return F.conv2d(torch.cat(parts, 1), weight, self.root.bias)

class Tower(nn.Module):
    """A head of a detector."""
    def __init__(self, outputs):
        super().__init__()
        self.conv = nn.Sequential(*[m for _ in range(2) for m in (nn.Conv2d(4, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.ReLU())])
        self.out = nn.Conv2d(4, outputs, 1)
    def forward(self, x): return self.out(self.conv(x)).flatten(2)

class Levels(nn.Module):
    """Heads that run on each level of a pyramid."""
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)
        self.classes, self.boxes = Tower(3), Tower(4)
    def forward(self, x):
        a = torch.tanh(self.a(x))
        levels = [a, torch.tanh(self.b(a))]
        return torch.cat([self.classes(y) for y in levels], 2), torch.cat([self.boxes(y) for y in levels], 2)

class Again(nn.Module):
    """One layer of a transformer that runs several times, and then a block that runs each of its layers twice."""
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu")
        self.blocks = nn.ModuleList(nn.ModuleDict({"up": nn.Linear(8, 8), "down": nn.Linear(8, 8)}) for _ in range(3))
    def forward(self, x):
        for _ in range(4): x = self.layer(x)
        for block in self.blocks:
            y = x
            for _ in range(2): y = torch.tanh(block["down"](torch.tanh(block["up"](y))))
            x = x + y
        return x

class Tied(nn.Module):
    """An autoencoder whose decoder has the weights of the encoder, and a table of words that is read in both directions."""
    def __init__(self):
        super().__init__()
        self.conv, self.code, self.up = nn.Conv2d(1, 3, 3, 2, 1), nn.Linear(48, 5), nn.ConvTranspose2d(3, 1, 3, 2, 1, 1)
        self.words, self.next = nn.Embedding(6, 5), nn.Linear(5, 6)
        self.up.weight, self.next.weight = self.conv.weight, self.words.weight
        self.twin = nn.Linear(48, 5)
        self.twin.weight = self.code.weight
    def forward(self, x, word):
        y = torch.tanh(self.conv(x)).flatten(1)
        z = self.code(y) + torch.tanh(self.twin(-y)) + self.words(word)
        return self.up((y + F.linear(z, self.code.weight.t())).view(-1, 3, 4, 4)), self.next(torch.tanh(z))

def stages():
    rows = [(3, 4, 2), (4, 4, 1), (4, 4, 1), (4, 4, 1), (4, 8, 2), (8, 8, 1), (8, 8, 1)]
    blocks = [Residual(*row) for row in rows]
    return nn.Sequential(nn.Sequential(*blocks[:4]), nn.Sequential(*blocks[4:]), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))

CASES = {
    "lstm": (nn.LSTM(5, 7, 2, batch_first=True, bidirectional=True), [(9, 5)], lambda y: [y[0]]),
    "states": (nn.LSTM(5, 7, batch_first=True), [(9, 5)], lambda y: [torch.cat([y[0][:, -1], y[1][0][-1], y[1][1][-1]], 1)]),
    "gru": (nn.GRU(5, 7, 2, batch_first=True), [(9, 5)], lambda y: [y[0][:, -1]]),
    "rnn": (nn.RNN(5, 7, nonlinearity="relu", batch_first=True, bidirectional=True), [(4, 5)], lambda y: [y[0]]),
    "encoder": (nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu"), 1, enable_nested_tensor=False), [(6, 8)], None),
    "causal": (Fn(attended, qkv=nn.Linear(8, 24)), [(6, 8)], None),
    "windows": (Fn(windows, qkv=nn.Linear(8, 24), bias=parameter(2, 4, 4)), [(4, 4, 8)], None),
    "rows": (Fn(rows, qkv=nn.Linear(5, 15)), [(3, 6, 5)], None),
    "einsum": (Fn(lambda m, x: torch.einsum("bhqk,bkhd->bqhd", torch.einsum("bqhd,bkhd->bhqk", x, x).softmax(-1), x)), [(5, 2, 4)], None),
    "volumes": (Fn(volumes, f=nn.Linear(4, 4), c=nn.Conv3d(2, 2, 3, padding=1, groups=2)), [(4, 4, 2, 4)], None),
    "open_sizes": (Fn(open_sizes, a=nn.Conv2d(3, 4, 3, padding=1), b=nn.Conv2d(4, 4, 3, padding=1), g=nn.Conv2d(4, 4, 1)), [(3, 8, 8)], None),
    "elementwise": (Fn(elementwise, p=parameter(6, 5)), [(3, 6, 5)], None),
    "statistics": (Fn(statistics), [(4, 11)], None),
    "pieces": (Fn(pieces, c=nn.Conv2d(8, 3, 2)), [(9, 4, 6)], None),
    "distances": (Fn(lambda m, x: (x.unsqueeze(2) - m.codes).pow(2).sum(-1), codes=parameter(6, 4)), [(5, 4)], None),
    "products": (Fn(lambda m, x: m.a @ x + x.transpose(1, 2) @ m.b, a=parameter(4, 5), b=parameter(5, 4)), [(5, 4)], None),
    "tokens": (Fn(lambda m, x: torch.cat([m.first.expand(x.shape[0], -1, -1), m.c(x).flatten(2).transpose(1, 2)], 1) + m.places, c=nn.Conv2d(3, 8, 4, 4), first=parameter(1, 1, 8), places=parameter(1, 7, 8)), [(3, 8, 12)], None),
    "layers": (nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True), 3, enable_nested_tensor=False), [(6, 8)], None),
    "queries": (Fn(lambda m, x: m.d(m.q.expand(x.shape[0], -1, -1), x), d=nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), q=parameter(1, 3, 8)), [(5, 8)], None),
    "choices": (Fn(choices, mask=nn.Parameter(torch.rand(4, 5) > 0.5, requires_grad=False)), [(4, 5), (4, 5)], None),
    "sums": (Fn(sums, w=parameter(4, 5, 1, 1), v=parameter(4, 5, 6)), [(5,), (6,)], None),
    "timed": (Fn(timed, c=nn.Conv2d(2, 4, 3), t=nn.Linear(6, 4)), [(2, 5, 6), ()], None),
    "frames": (Fn(frames, c=nn.Conv2d(3, 4, 3, padding=1), b=nn.BatchNorm2d(4), p=nn.PReLU(4), f=nn.Linear(4, 1)), [(4, 3, 6, 8)], None),
    "quantised": (Fn(quantised, e=nn.Conv2d(3, 4, 2, 2), codes=nn.Embedding(6, 4), d=nn.ConvTranspose2d(4, 3, 2, 2)), [(3, 6, 8)], None),
    "moved": (Fn(moved), [(5, 5)], None),
    "warped": (Fn(warped, f=nn.Linear(60, 160)), [(2, 6, 5), (2, 6, 5)], None),
    "words": (Fn(lambda m, ids: m.f(m.e(ids) + m.p).flatten(1), e=nn.Embedding(9, 4), p=parameter(5, 4), f=nn.Linear(4, 3)), ["words"], None),
    "sequence": (nn.GRU(5, 7, 2), [(9, 5)], lambda y: [y[0]]),
    "stages": (stages(), [(3, 12, 16)], None),
    "trees": (Trees(), [(4, 5, 6)], None),
    "dense": (Dense(), [(2, 5, 6)], None),
    "levels": (Levels(), [(3, 8, 12)], None),
    "again": (Again(), [(5, 8)], None),
    "tied": (Tied(), [(1, 8, 8), "word"], None),
}

SEQUENCES = {"sequence"}
chosen = sys.argv[1:]

def save(name, inputs, outputs):
    np.concatenate([np.asarray(x).ravel() for x in (*inputs, *outputs)]).astype("<f4").tofile(f"{name}.bin")

for name, (module, shapes, pick) in CASES.items():
    if chosen and name not in chosen: continue
    module = module if pick is None else Fn(lambda m, *x, pick=pick: tuple(pick(m.m(*x))), m=module)
    module.eval()
    batch = 1 if name in WINDOWS else 2
    words = {"words": (9, (batch, 5)), "word": (6, (batch,))}
    inputs = [torch.randint(0, *words[shape]) if shape in words else torch.randn(batch, *shape) for shape in shapes]
    names = [f"x{i}" for i in range(len(inputs))]
    place = 1 if name in SEQUENCES else 0
    others = {2: "height", 3: "width"} if name in OPEN else {}
    axes = None if name in WINDOWS else {n: {place: "batch", **others} for n in names}
    inputs = [x.transpose(0, place) for x in inputs]
    kept = dict(training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False) if name in SHARED else {}
    torch.onnx.export(module, tuple(x.narrow(place, 0, 1) for x in inputs), f"{name}.onnx", opset_version=18 if name == "warped" else 17, dynamo=False, input_names=names, dynamic_axes=axes, **kept)
    with torch.no_grad(): outputs = module(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    save(name, [x.transpose(0, place) for x in inputs], [y.detach().transpose(0, place) for y in outputs])
    if name in SHARED:
        outputs = module(*inputs)
        (sum(y.pow(2).sum() for y in (outputs if isinstance(outputs, tuple) else (outputs,))) / 2).backward()
        # The import calls the projection into queries, keys and values after the attention.
        names = {name.replace("in_proj_", ""): parameter for name, parameter in module.named_parameters()}
        grads = [names[name].grad for name in sorted(names)]
        np.concatenate([grad.numpy().ravel() for grad in grads]).astype("<f4").tofile(f"{name}.grad")

def without_traces(path):
    """Removes the stack traces, which name files of the machine that exported the model."""
    import onnx
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key != "pkg.torch.onnx.stack_trace"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    onnx.save(model, path)

def modules():
    """What the newer exporter writes: the names of modules beside the nodes, not in them."""
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.up, self.down = nn.LayerNorm(6), nn.Linear(6, 12), nn.Linear(12, 6)
        def forward(self, x): return x + self.down(F.gelu(self.up(self.norm(x))))
    module = nn.Sequential(nn.Linear(4, 6), nn.Sequential(Block(), Block(), Block()), nn.Linear(6, 3)).eval()
    for parameter in module.parameters(): nn.init.normal_(parameter, std=0.5)
    x = torch.randn(2, 5, 4)
    torch.onnx.export(module, (x,), "modules.onnx", dynamo=True, input_names=["x"], dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False)
    without_traces("modules.onnx")
    save("modules", [x], [module(x).detach()])

def turns():
    """A loop of two turns that fills a list, a split into a list, and an operator that the file defines itself."""
    from onnx import AttributeProto, TensorProto, helper, numpy_helper
    import onnxruntime
    node = helper.make_node
    value = lambda name, kind, shape: helper.make_tensor_value_info(name, kind, shape)
    numbers = [numpy_helper.from_array(np.asarray(array), name) for name, array in (("two", np.int64(2)), ("yes", np.bool_(True)), ("one", np.int64(1)))]
    list_of = lambda name: helper.make_value_info(name, helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None)))
    body = helper.make_graph([
        node("Tanh", ["z"], ["next"]), node("SequenceInsert", ["list", "z"], ["longer"]), node("Identity", ["on"], ["goes_on"])],
        "body", [value("turn", TensorProto.INT64, []), value("on", TensorProto.BOOL, []), value("z", TensorProto.FLOAT, None), list_of("list")],
        [value("goes_on", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, None), list_of("longer")])
    gated = helper.make_function("own", "Gated", ["a", "b"], ["c"], [
        node("LeakyRelu", ["b"], ["gate"]), node("Mul", ["a", "gate"], ["c"])], [helper.make_opsetid("", 17)], ["alpha"])
    gated.node[0].attribute.append(AttributeProto(name="alpha", type=AttributeProto.FLOAT, ref_attr_name="alpha"))
    graph = helper.make_graph([
        node("SplitToSequence", ["x", "two"], ["halves"], axis=1), node("SequenceAt", ["halves", "one"], ["half"]),
        node("SequenceEmpty", [], ["empty"]), node("Loop", ["two", "yes", "half", "empty"], ["last", "filled"], body=body),
        node("SequenceAt", ["filled", "one"], ["middle"]), node("Gated", ["last", "middle"], ["first"], domain="own", alpha=0.25),
        node("Gated", ["first", "half"], ["y"], domain="own", alpha=0.125)],
        "turns", [value("x", TensorProto.FLOAT, ["batch", 4, 3])], [value("y", TensorProto.FLOAT, None)], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("own", 1)], functions=[gated], ir_version=8)
    with open("turns.onnx", "wb") as file: file.write(model.SerializeToString())
    x = np.random.default_rng(7).standard_normal((2, 4, 3)).astype("f4")
    save("turns", [x], onnxruntime.InferenceSession("turns.onnx").run(None, {"x": x}))

def channels_last():
    """What converters from TensorFlow write: a transpose before and after each layer, channels last, `SAME_UPPER`; a
    gate over channels, a resize that begins at the corner, a recurrent layer whose reset gate comes first, an `If`."""
    from onnx import TensorProto, helper, numpy_helper
    import onnxruntime
    random, nodes, numbers = np.random.default_rng(7), [], []
    def constant(array):
        array = np.asarray(array)
        numbers.append(numpy_helper.from_array(array.astype("f4") if array.dtype == np.float64 else array, f"const_{len(numbers)}"))
        return numbers[-1].name
    def node(op, *inputs, **attributes):
        nodes.append(helper.make_node(op, inputs, [f"model/{op}_{len(nodes)}:0"], name=f"model/{op}_{len(nodes)}", **attributes))
        return nodes[-1].output[0]
    def normal(*shape): return constant(random.standard_normal(shape) / 2)
    def first(x): return node("Transpose", x, perm=[0, 3, 1, 2])
    def last(x): return node("Transpose", x, perm=[0, 2, 3, 1])
    def conv(x, inputs, outputs, size, stride): return last(node("Conv", first(x), normal(outputs, inputs, size, size), auto_pad="SAME_UPPER", strides=[stride, stride]))
    y = node("Relu", node("Add", conv("x", 3, 4, 3, 2), normal(4)))
    gate = node("Reshape", node("ReduceMean", y, axes=[1, 2], keepdims=0), constant(np.array([-1, 1, 1, 4])))
    gate = node("Sigmoid", conv(gate, 4, 4, 1, 1))
    y = node("Concat", node("Mul", y, gate), node("Mul", y, normal(4)), axis=3)
    small = last(node("MaxPool", first(y), kernel_shape=[2, 2], strides=[2, 2]))
    sizes = constant(np.array([1, 8, 4, 6]))
    sampled = last(node("Resize", first(small), constant(np.zeros(0, "f4")), constant(np.zeros(0, "f4")), sizes, mode="linear", coordinate_transformation_mode="asymmetric"))
    y = node("Add", y, sampled)
    rows = node("Transpose", node("ReduceMean", y, axes=[2], keepdims=0), perm=[1, 0, 2])
    states = node("GRU", rows, normal(1, 15, 8), normal(1, 15, 5), normal(1, 30), hidden_size=5, direction="reverse")
    states = node("Squeeze", states, constant(np.array([1])))
    def branch(op, *inputs): return helper.make_graph([helper.make_node(op, inputs, [op])], op, [], [helper.make_tensor_value_info(op, TensorProto.FLOAT, None)])
    one = node("Equal", node("Gather", node("Shape", states), constant(np.array(0))), constant(np.array(4)))
    rows = node("If", one, then_branch=branch("Tanh", states), else_branch=branch("Identity", states))
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8, 12, 3])]
    outputs = [node("Softmax", y, axis=-1), node("Transpose", rows, perm=[1, 0, 2])]
    graph = helper.make_graph(nodes, "tf", ports, [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    with open("channels_last.onnx", "wb") as file: file.write(model.SerializeToString())
    x = random.standard_normal((1, 8, 12, 3)).astype("f4")
    save("channels_last", [x], onnxruntime.InferenceSession("channels_last.onnx").run(None, {"x": x}))

for case in (channels_last, modules, turns):
    if not chosen or case.__name__ in chosen: case()
