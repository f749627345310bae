"""Phase 1: the encoder as a classifier of single drawings at 128 px, with the background colour on the side."""

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from backgrounds import COLOUR_NAMES, draw_background
from model import Config, FastVLM
from objects import CACHE, KIND_NAMES, Icons, Plain, Shelf
from schedule import Average, Clock, in_parallel, optimizer, save, set_rate

SIZE = 128
LENGTHS = (66, 122)  # of a drawing, pixels: about as in the scenes of phase 2


def sample(rng, drawings, restyled):
    """One drawing, with chance `restyled` restyled, near the middle of a background. -> pixels, kind, background"""
    colour = rng.integers(len(COLOUR_NAMES))
    picture = Image.fromarray(draw_background(rng, COLOUR_NAMES[colour], SIZE))
    kind = len(KIND_NAMES) if rng.random() < 0.03 else rng.integers(len(KIND_NAMES))
    if kind < len(KIND_NAMES):
        drawing = drawings.draw(rng, KIND_NAMES[kind], LENGTHS, restyled)
        room = [(SIZE - side) / 2 for side in drawing.size]
        place = [round(r + rng.uniform(-1, 1) * (max(r, 0) + 6)) for r in room]
        picture.paste(drawing, place, drawing)
    return np.asarray(picture), kind, colour


def batch(rng, drawings, count, restyled):
    pixels, kinds, colours = zip(*(sample(rng, drawings, restyled) for _ in range(count)))
    return torch.from_numpy(np.stack(pixels)), torch.tensor(kinds), torch.tensor(colours)


def to_pixels(batch, device):
    """uint8 [b, h, w, 3] -> float [b, 3, h, w] in channels-last order, 0..1"""
    return batch.to(device).permute(0, 3, 1, 2).float().div_(255)


def classify(model, pixels):
    features = model.encode(pixels).mean(1)
    return model.kind_head(features), model.background_head(features)


@torch.no_grad()
def score(model, group, count=480):
    """Share of unaugmented drawings named rightly, and of backgrounds."""
    rng, drawings = np.random.default_rng(10_000), Plain(Icons(group))
    right = np.zeros(2)
    for _ in range(count // 96):
        pixels, *truth = batch(rng, drawings, 96, restyled=0)
        answers = classify(model, to_pixels(pixels, next(model.parameters()).device))
        right += [(answer.argmax(-1).cpu() == t).sum().item() for answer, t in zip(answers, truth)]
    return {"kind": round(right[0] / count, 3), "background": round(right[1] / count, 3)}


def train(rank, model, options, state):
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    device = next(model.parameters()).device.type
    trained = torch.nn.ModuleList([model.vision, model.kind_head, model.background_head])
    optim, average, clock = optimizer(trained, options.rate, 0.05), Average(model), Clock(options.minutes, state.get("elapsed", 0))
    step = state.get("step", 0)
    if state:
        optim.load_state_dict(state["optim"])
        average.restore(state["average"], step)
    rng, drawings = np.random.default_rng([rank, step]), Shelf(Icons("known"))

    saved = clock.elapsed
    while clock.progress < 1:
        restyled = 0.4 + 0.45 * min(1, 2 * clock.progress)  # from easy to hard
        pixels, kinds, colours = batch(rng, drawings, options.batch, restyled)
        set_rate(optim, options.rate * clock.rate())
        with torch.autocast(device, dtype=torch.bfloat16):
            kind_logits, colour_logits = classify(model, to_pixels(pixels, device))
        kind_loss = F.cross_entropy(kind_logits.float(), kinds.to(device), label_smoothing=0.1)
        colour_loss = F.cross_entropy(colour_logits.float(), colours.to(device), label_smoothing=0.1)
        optim.zero_grad(set_to_none=True)
        (kind_loss + 0.3 * colour_loss).backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 2.0)
        optim.step()
        step += 1
        if rank > 0:
            continue
        average.update(model)
        if step % 50 == 0:
            right = (kind_logits.argmax(-1).cpu() == kinds).float().mean()
            print(f"{clock.elapsed:6.0f}s step {step} loss {kind_loss:.3f} {colour_loss:.3f} right {right:.2f}", flush=True)
        if clock.elapsed - saved > 150 or clock.progress == 1:
            saved = clock.elapsed
            weights = {"model": model.state_dict(), "average": average.model.state_dict()}
            save(options.out, **weights, optim=optim.state_dict(), step=step, elapsed=clock.elapsed)
            print(f"known {score(average.model, 'known')} openmoji {score(average.model, 'openmoji')}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--batch", type=int, default=48)
    arguments.add_argument("--rate", type=float, default=1.5e-3)
    arguments.add_argument("--out", default=CACHE / "encoder.pt")
    arguments.add_argument("--resume", action="store_true")
    options = arguments.parse_args()

    torch.manual_seed(0)
    state = torch.load(options.out, map_location="cpu") if options.resume else {}
    model = FastVLM(Config())
    if state:
        model.load_state_dict(state["model"])
    in_parallel(train, model, options, state)


if __name__ == "__main__":
    main()
