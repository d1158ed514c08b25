"""How many images a second PyTorch trains the network of speed.rs on: python3 speed.py DEVICE."""
import sys
import time

import torch
from torch import nn

BATCH, WARM_UP, STEPS = 256, 10, 50
device = sys.argv[1] if len(sys.argv) > 1 else "cpu"


def block(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]


model = nn.Sequential(*block(3, 32), *block(32, 64), *block(64, 128), nn.Flatten(), nn.Linear(2048, 10)).to(device)
descent = torch.optim.SGD(model.parameters(), lr=1e-3)
# As burn computes: in single precision.
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
images, target = torch.rand(BATCH, 3, 32, 32, device=device), torch.rand(BATCH, 10, device=device)
for step in range(WARM_UP + STEPS):
    loss = (model(images) - target).square().mean()
    descent.zero_grad()
    loss.backward()
    descent.step()
    if step + 1 == WARM_UP:
        loss.item()
        start = time.perf_counter()
loss.item()
print(f"PyTorch on {device}: {STEPS * BATCH / (time.perf_counter() - start):.0f} images a second")
