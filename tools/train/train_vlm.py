"""Phase 2: encoder, projector and decoder together on scenes at 256 px.

Besides the answers' tokens, two auxiliary heads are trained: every image token says which thing it sees, the mean of
all says the background's colour. Without them the encoder learns only what the few content words of an answer teach.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

import export
import safetensors
from backgrounds import COLOUR_NAMES
from evaluate import quick_score
from model import Config, FastVLM
from objects import CACHE, Icons
from reference import Reference
from scenes import COUNT_SHARES, cell_labels, compose
from schedule import Average, Clock, in_parallel, optimizer, save, set_rate
from sequences import Packer, attention_mask
from tokenizer import Tokenizer
from train_encoder import to_pixels

RESTYLED = 0.75


def pictures(rng, icons, count):
    return [
        compose(rng, icons, rng.choice(len(COUNT_SHARES), p=COUNT_SHARES), augment=rng.random() < RESTYLED)
        for _ in range(count)
    ]


def losses(model, batch, packed, order, device):
    """-> answers, things per image token, background"""
    features = model.encode(to_pixels(torch.from_numpy(np.stack([p.pixels for p in batch])), device))
    ids, positions, segments, labels = (column.to(device) for column in packed)
    image_tokens = model.mm_projector(features)[order].flatten(0, 1)  # [images * 16, hidden]
    embeds = model.decoder.embed_tokens(ids)
    embeds = embeds.masked_scatter((ids == model.image_id)[..., None], image_tokens.to(embeds.dtype))
    hidden = model.decoder(embeds, positions, attention_mask(segments))
    spoken = labels != -100
    answers = F.cross_entropy(model.decoder.logits(hidden[spoken]).float(), labels[spoken])

    cells = torch.from_numpy(np.stack([cell_labels(p) for p in batch])).to(device).flatten()
    weight = torch.ones(model.config.kinds + 1, device=device)
    weight[-1] = 0.2  # bare background is most of every scene
    seen = F.cross_entropy(model.kind_head(features).float().flatten(0, 1), cells, weight, label_smoothing=0.05)
    colours = torch.tensor([COLOUR_NAMES.index(p.scene.background) for p in batch], device=device)
    colour = F.cross_entropy(model.background_head(features.mean(1)).float(), colours)
    return answers, seen, colour


def train(rank, model, options, state):
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    device = next(model.parameters()).device.type
    optim, average, clock = optimizer(model, options.rate, 0.05), Average(model), Clock(options.minutes, state.get("elapsed", 0))
    step = state.get("step", 0)
    if state:
        optim.load_state_dict(state["optim"])
        average.restore(state["average"], step)
    rng, icons = np.random.default_rng([7, rank, step]), Icons("known")
    tokenizer = Tokenizer.load()
    packer, model.image_id = Packer(tokenizer), tokenizer.vocabulary["<image>"]

    saved = clock.elapsed
    while clock.progress < 1:
        batch = pictures(rng, icons, options.batch)
        packed, order = packer.batch(rng, [p.scene for p in batch], pairs=int(clock.progress > 0.4))
        set_rate(optim, options.rate * clock.rate())
        with torch.autocast(device, dtype=torch.bfloat16):
            answers, seen, colour = losses(model, batch, packed, order, device)
        optim.zero_grad(set_to_none=True)
        (2 * answers + seen + 0.2 * colour).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optim.step()
        step += 1
        if rank > 0:
            continue
        average.update(model)
        if step % 25 == 0:
            print(f"{clock.elapsed:6.0f}s step {step} answers {answers:.3f} seen {seen:.3f} colour {colour:.3f}", flush=True)
        if clock.elapsed - saved > options.save_every or clock.progress == 1:
            saved = clock.elapsed
            weights = {"model": model.state_dict(), "average": average.model.state_dict()}
            save(options.out, **weights, optim=optim.state_dict(), step=step, elapsed=clock.elapsed)
            safetensors.write(CACHE / "latest.safetensors", export.tensors(average.model))
            reference = Reference(CACHE / "latest.safetensors")
            print(f"known {quick_score(reference, 'known')} openmoji {quick_score(reference, 'openmoji')}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=62)
    arguments.add_argument("--batch", type=int, default=12)
    arguments.add_argument("--rate", type=float, default=1e-3)
    arguments.add_argument("--save-every", type=float, default=300, help="seconds")
    arguments.add_argument("--encoder", default=CACHE / "encoder.pt", help="result of phase 1")
    arguments.add_argument("--out", default=CACHE / "fastvlm.pt")
    arguments.add_argument("--resume", action="store_true")
    options = arguments.parse_args()

    torch.manual_seed(1)
    model, state = FastVLM(Config()), {}
    if options.resume:
        state = torch.load(options.out, map_location="cpu")
        model.load_state_dict(state["model"])
    else:
        encoder = torch.load(options.encoder, map_location="cpu")["average"]
        learned = ("vision.", "kind_head.", "background_head.")
        model.load_state_dict({k: v for k, v in encoder.items() if k.startswith(learned)}, strict=False)
    in_parallel(train, model, options, state)


if __name__ == "__main__":
    main()
