"""Records five steps of each optimiser, computed by PyTorch in f64.

    python3 optimizers.py        needs torch and safetensors; writes optimizers.safetensors beside this file

PyTorch has no Lion and no LAMB: these two are written out from their papers (Chen et al. 2023, algorithm 2; You et al.
2019, algorithm 2). All numbers are functions of their index: nothing is drawn.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

torch.set_default_dtype(torch.float64)
STEPS = 5
START = torch.tensor([1.0, -0.5, 0.25, 2.0, -1.5, 0.0])
GRADIENTS = torch.stack([torch.sin(torch.arange(6.0) * 1.7 + 0.9 * step) for step in range(STEPS)])


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                beta1, beta2 = group["betas"]
                update = (beta1 * m + (1 - beta1) * p.grad).sign()
                p -= group["lr"] * (update + group["weight_decay"] * p)
                self.state[p]["m"] = beta2 * m + (1 - beta2) * p.grad


class Lamb(torch.optim.Optimizer):
    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                beta1, beta2 = group["betas"]
                state["t"] = state.get("t", 0) + 1
                state["m"] = beta1 * state.get("m", torch.zeros_like(p)) + (1 - beta1) * p.grad
                state["v"] = beta2 * state.get("v", torch.zeros_like(p)) + (1 - beta2) * p.grad**2
                m, v = state["m"] / (1 - beta1 ** state["t"]), state["v"] / (1 - beta2 ** state["t"])
                update = m / (v.sqrt() + group["eps"]) + group["weight_decay"] * p
                ratio = p.norm() / update.norm() if p.norm() > 0 and update.norm() > 0 else 1.0
                p -= group["lr"] * ratio * update


optimizers = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_decay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.3),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.3),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.3),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "adam_decay": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1),
    "adamw_decay": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.1),
    "rmsprop_momentum": lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, momentum=0.5, weight_decay=0.3),
    "lion": lambda p: Lion(p, lr=0.1),
    "lion_decay": lambda p: Lion(p, lr=0.1, betas=(0.8, 0.95), weight_decay=0.3),
    "lamb": lambda p: Lamb(p, lr=0.1),
    "lamb_decay": lambda p: Lamb(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
}

record = {"start": START, "gradients": GRADIENTS}
for name, make in optimizers.items():
    param = torch.nn.Parameter(START.clone())
    optimizer = make([param])
    steps = []
    for gradient in GRADIENTS:
        param.grad = gradient.clone()
        optimizer.step()
        steps.append(param.detach().clone())
    record[name] = torch.stack(steps)
save_file({name: value.float().contiguous() for name, value in record.items()}, Path(__file__).with_suffix(".safetensors"))
