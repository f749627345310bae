"""What both training phases share: processes, a schedule in wall-clock time, averaged weights, checkpoints."""

import copy
import math
import os
import time

import torch
import torch.multiprocessing


def in_parallel(train, model, options, state):
    """Runs train(rank, model, options, state): once on a GPU, else in one process per core.

    The processes share the weights and update them without waiting for one another (Hogwild), each with one thread
    and batches of its own: a core that other programs are using then slows one process, not all.
    """
    if torch.cuda.is_available():
        return train(0, model.to("cuda", memory_format=torch.channels_last), options, state)
    model.to(memory_format=torch.channels_last).share_memory()
    torch.multiprocessing.spawn(train, (model, options, state), nprocs=os.cpu_count())


class Clock:
    """Progress 0..1 of a run of so many minutes. Time, not steps, so that a busy machine still ends the schedule."""

    def __init__(self, minutes, elapsed=0.0):
        self.total, self.start = minutes * 60, time.monotonic() - elapsed

    @property
    def elapsed(self):
        return time.monotonic() - self.start

    @property
    def progress(self):
        return min(1.0, self.elapsed / self.total)

    def rate(self, warmup=0.03):
        """Learning rate factor: linear warm-up, then cosine to 1 %."""
        p = self.progress
        return max(p, 1e-3) / warmup if p < warmup else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (p - warmup) / (1 - warmup)))


class Average:
    """Exponential moving average of the weights; batch norm's statistics are averages already and are copied."""

    def __init__(self, model, decay=0.998):
        self.model, self.decay, self.updates = copy.deepcopy(model).eval().requires_grad_(False), decay, 0

    def restore(self, weights, updates):
        self.model.load_state_dict(weights)
        self.updates = updates

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 20))
        own, new = list(self.model.parameters()), [p.detach() for p in model.parameters()]
        torch._foreach_mul_(own, decay)
        torch._foreach_add_(own, new, alpha=1 - decay)
        for buffer, source in zip(self.model.buffers(), model.buffers()):
            buffer.copy_(source)


def optimizer(model, rate, decay):
    """AdamW that leaves norms, biases and scales undecayed."""
    weights = [p for p in model.parameters() if p.ndim >= 2 and p.shape[1:].numel() > 1]
    others = [p for p in model.parameters() if not (p.ndim >= 2 and p.shape[1:].numel() > 1)]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), foreach=True)


def set_rate(optim, rate):
    for group in optim.param_groups:
        group["lr"] = rate


def save(path, **state):
    """Whole or not at all: a reader, or a run cut off, never sees half a file."""
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)
