"""PyTorch takes a file that the library wrote, and computes the same from it.

    python3 load_state_dict.py MODEL.safetensors INPUT OUTPUT

INPUT and OUTPUT are f32, little endian: a batch of 3 and what the library makes of it. Exits with 77 where PyTorch is
not installed. The file is read by hand, so that the test needs nothing else.
"""

import json
import struct
import sys

try:
    import torch
except ImportError:
    sys.exit(77)


def tensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        assert entry["dtype"] == "F32", name
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        yield name, torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(entry["shape"])


def floats(path, shape):
    return torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.float32).reshape(shape)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = torch.nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.blocks = torch.nn.ModuleList(torch.nn.ModuleDict({"c": torch.nn.Conv2d(4, 4, 1)}) for _ in range(2))
        self.code = torch.nn.Linear(36, 5, bias=False)
        self.back = torch.nn.Linear(5, 36)
        self.dec = torch.nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1)

    def forward(self, x):
        x = torch.relu(self.norm(self.enc(x)))
        for block in self.blocks:
            x = x + block["c"](x)
        x = self.back(self.code(x.flatten(1))).reshape(-1, 4, 3, 3)
        return torch.sigmoid(self.dec(x))


net = Net()
net.load_state_dict(dict(tensors(sys.argv[1])), strict=True)
with torch.no_grad():
    found = net.eval()(floats(sys.argv[2], (3, 2, 6, 6)))
torch.testing.assert_close(found, floats(sys.argv[3], (3, 2, 6, 6)), rtol=1e-5, atol=1e-5)
