"""Records three steps of a model with BatchNorm in training mode, computed by PyTorch in f64.

    python3 batch_norm.py        needs torch and safetensors; writes batch_norm.safetensors beside this file

All numbers are functions of their index: nothing is drawn.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

torch.set_default_dtype(torch.float64)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = torch.nn.Conv2d(2, 3, 3, stride=2, padding=1)
        self.norm = torch.nn.BatchNorm2d(3, momentum=0.2)
        self.dec = torch.nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1)
        self.plain = torch.nn.BatchNorm2d(2, affine=False, eps=1e-3)

    def forward(self, x):
        return self.plain(self.dec(torch.relu(self.norm(self.enc(x)))))


def numbers(shape, step, offset):
    """Fractions of 64, which f32 holds exactly."""
    count = torch.Size(shape).numel()
    return (((torch.arange(count) * step + offset) % 97).double() / 64 - 0.75).reshape(shape)


net = Net().train()
record = {}
with torch.no_grad():
    for index, (name, param) in enumerate(net.named_parameters()):
        param.copy_(numbers(param.shape, 31 + 2 * index, index))
        record[f"before/{name}"] = param.clone()
x, target = numbers((4, 2, 6, 6), 29, 5), numbers((4, 2, 6, 6), 23, 11)
record["input"], record["target"] = x, target
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
losses = []
for step in range(3):
    inputs = x.clone().requires_grad_()
    loss = ((net(inputs) - target) ** 2).mean()
    losses.append(loss.detach())
    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        record["grad_input"] = inputs.grad
        record.update({f"grad/{name}": param.grad.clone() for name, param in net.named_parameters()})
    optimizer.step()
    running = {name: value for name, value in net.state_dict().items() if "running" in name}
    record.update({f"step{step + 1}/{name}": value.clone() for name, value in running.items()})
record["losses"] = torch.stack(losses)
record.update({f"after/{name}": param.detach() for name, param in net.named_parameters()})
record["stored"] = net.eval()(x).detach()
save_file({name: value.float().contiguous() for name, value in record.items()}, Path(__file__).with_suffix(".safetensors"))
