"""Phase 3: projector and decoder alone, on what the finished encoder sees.

Features of many scenes are kept and asked about again and again, which costs a third of a step of phase 2: the questions
that compare their words with the picture need more practice than the encoder has time for.
"""

import argparse

import numpy as np
import torch

from grammar import comparing_questions
from model import Config, FastVLM
from objects import CACHE, Icons, Shelf
from schedule import Average, Clock, in_parallel, optimizer, save, set_rate
from scenes import cell_labels
from sequences import Packer
from tokenizer import QWEN, Tokenizer
from train_encoder import to_pixels
from train_vlm import decoder_losses, name_ids, pictures


class Bank:
    """Scenes with their features, renewed a few at a time."""

    def __init__(self, rng, model, size):
        self.rng, self.model, self.drawings, self.next = rng, model, Shelf(Icons("known")), 0
        self.scenes, self.features, self.cells = [], [], []
        self.size = size

    @torch.no_grad()
    def renew(self, count):
        device = next(self.model.parameters()).device
        batch = pictures(self.rng, self.drawings, count, crowds=0)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            features = self.model.encode(to_pixels(torch.from_numpy(np.stack([p.pixels for p in batch])), device)).float()
        for picture, feature in zip(batch, features):
            entry = (self.scenes, picture.scene), (self.features, feature), (self.cells, torch.from_numpy(cell_labels(picture)))
            for kept, value in entry:
                if len(kept) < self.size:
                    kept.append(value)
                else:
                    kept[self.next % self.size] = value
            self.next += 1

    def pick(self, count):
        rows = self.rng.choice(len(self.scenes), count, replace=False)
        features = torch.stack([self.features[i] for i in rows])
        return [self.scenes[i] for i in rows], features, torch.stack([self.cells[i] for i in rows]).to(features.device)


def train(rank, model, options, state):
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    device = next(model.parameters()).device.type
    model.eval()  # batch norm as at inference
    trained = torch.nn.ModuleList([model.mm_projector, model.decoder])
    optim, average, clock, step = optimizer(trained, options.rate, 0.05), Average(model, 0.99), Clock(options.minutes), 0
    rng, tokenizer = np.random.default_rng([17, rank]), Tokenizer.load(QWEN)
    packer, model.image_id = Packer(tokenizer), tokenizer.vocabulary["<image>"]
    model.name_ids = name_ids(tokenizer)
    bank = Bank(rng, model, options.bank)
    for _ in range(16):
        bank.renew(16)

    saved = clock.elapsed
    while clock.progress < 1:
        bank.renew(3)
        scenes, features, cells = bank.pick(options.batch)
        packed, order = packer.batch(rng, scenes, comparing_questions, pairs=1)
        set_rate(optim, options.rate * clock.rate())
        with torch.autocast(device, dtype=torch.bfloat16):
            answers, named = decoder_losses(model, features, cells, packed, order)
        optim.zero_grad(set_to_none=True)
        (2 * answers + 0.5 * named).backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 2.0)
        optim.step()
        step += 1
        if rank > 0:
            continue
        average.update(model)
        if step % 25 == 0:
            print(f"{clock.elapsed:6.0f}s step {step} answers {answers:.3f} named {named:.3f}", flush=True)
        if clock.elapsed - saved > 60 or clock.progress == 1:
            saved = clock.elapsed
            save(options.out, average=average.model.state_dict(), step=step, elapsed=clock.elapsed)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=18)
    arguments.add_argument("--batch", type=int, default=12)
    arguments.add_argument("--bank", type=int, default=4000, help="scenes kept per process")
    arguments.add_argument("--rate", type=float, default=1e-3)
    arguments.add_argument("--start", default=CACHE / "fastvlm.pt", help="result of phase 2")
    arguments.add_argument("--out", default=CACHE / "final.pt")
    options = arguments.parse_args()
    torch.manual_seed(2)
    model = FastVLM(Config())
    model.load_state_dict(torch.load(options.start, map_location="cpu")["average"])
    model.vision.requires_grad_(False)
    in_parallel(train, model, options, {})


if __name__ == "__main__":
    main()
