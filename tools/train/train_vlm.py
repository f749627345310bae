"""Phase 2: encoder, projector and decoder together on scenes at 256 px.

Besides the answers' tokens, three auxiliary losses are trained. Every image token says which thing it sees, once from
the encoder's features and once, after the projector, in the decoder's own words: it is to look like the embedding of the
thing's name, which the decoder then only has to repeat. The mean of all says the background's colour. Without them the
encoder learns only what the few content words of an answer teach.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

import export
import tensor_file
from backgrounds import COLOUR_NAMES
from evaluate import quick_score
from grammar import bare
from model import Config, FastVLM
from objects import CACHE, KIND_NAMES, Icons, Shelf
from reference import Reference
from scenes import COUNT_SHARES, CROWD, cell_labels, compose
from schedule import Average, Clock, in_parallel, optimizer, save, set_rate
from sequences import IGNORE, Packer, attention_mask
from tokenizer import QWEN, Tokenizer
from train_encoder import to_pixels

RESTYLED = 0.75


def pictures(rng, drawings, count, crowds):
    """`count` scenes to be asked about, then `crowds` of four things: the cheapest way to show the encoder many."""
    counts = [*rng.choice(len(COUNT_SHARES), count, p=COUNT_SHARES), *[CROWD] * crowds]
    return [compose(rng, drawings, things, RESTYLED) for things in counts]


def name_ids(tokenizer):
    """The token that tells a kind's words from all others': " scissors" of "a pair of scissors", " palm" of "a palm tree"."""
    names = [bare(kind).split(" of ")[-1].split(" ")[0] for kind in KIND_NAMES]
    return [tokenizer.encode(" " + name)[0] for name in names]


def losses(model, batch, packed, order, device):
    """-> answers, things named per image token, things seen per image token, background"""
    features = model.encode(to_pixels(torch.from_numpy(np.stack([p.pixels for p in batch])), device))
    cells = torch.from_numpy(np.stack([cell_labels(p) for p in batch])).to(device)  # [b, 16]
    weight = torch.ones(model.config.kinds + 1, device=device)
    weight[-1] = 0.2  # bare background is most of every scene
    kinds = model.kind_head(features).float().flatten(0, 1)
    seen = F.cross_entropy(kinds, cells.flatten(), weight, label_smoothing=0.05)
    colours = torch.tensor([COLOUR_NAMES.index(p.scene.background) for p in batch], device=device)
    colour = F.cross_entropy(model.background_head(features.mean(1)).float(), colours)
    return *decoder_losses(model, features, cells, packed, order), seen, colour


def decoder_losses(model, features, cells, packed, order):
    """features [b, 16, features] -> answers, things named per image token"""
    ids, positions, segments, labels = (column.to(features.device) for column in packed)
    image_tokens = model.mm_projector(features)  # [b, 16, hidden]
    embeds = model.decoder.embed_tokens(ids)
    used = image_tokens[order].flatten(0, 1).to(embeds.dtype)
    embeds = embeds.masked_scatter((ids == model.image_id)[..., None], used)
    hidden = model.decoder(embeds, positions, attention_mask(segments))
    spoken = labels != IGNORE
    answers = F.cross_entropy(model.decoder.logits(hidden[spoken]).float(), labels[spoken])

    thing = (cells >= 0) & (cells < model.config.kinds)
    names = model.decoder.embed_tokens.weight[model.name_ids]  # [kinds, hidden]
    words = model.decoder.norm(image_tokens[thing].float()) @ names.T
    return answers, F.cross_entropy(words, cells[thing], label_smoothing=0.05)


def train(rank, model, options, state):
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    device = next(model.parameters()).device.type
    optim, average, clock = optimizer(model, options.rate, 0.05), Average(model), Clock(options.minutes, state.get("elapsed", 0))
    step = state.get("step", 0)
    if state:
        optim.load_state_dict(state["optim"])
        average.restore(state["average"], step)
    rng, drawings = np.random.default_rng([7, rank, step]), Shelf(Icons("known"))
    tokenizer = Tokenizer.load(QWEN)
    packer, model.image_id = Packer(tokenizer), tokenizer.vocabulary["<image>"]
    model.name_ids = name_ids(tokenizer)

    saved = clock.elapsed
    while clock.progress < 1:
        batch = pictures(rng, drawings, options.batch, options.crowds)
        packed, order = packer.batch(rng, [p.scene for p in batch[: options.batch]], pairs=int(clock.progress > 0.4))
        set_rate(optim, options.rate * clock.rate())
        with torch.autocast(device, dtype=torch.bfloat16):
            answers, named, seen, colour = losses(model, batch, packed, order, device)
        optim.zero_grad(set_to_none=True)
        (2 * answers + seen + named + 0.2 * colour).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optim.step()
        step += 1
        if rank > 0:
            continue
        average.update(model)
        if step % 25 == 0:
            print(f"{clock.elapsed:6.0f}s step {step} answers {answers:.3f} seen {seen:.3f} named {named:.3f} colour {colour:.3f}", flush=True)
        if clock.elapsed - saved > options.save_every or clock.progress == 1:
            saved = clock.elapsed
            weights = {"model": model.state_dict(), "average": average.model.state_dict()}
            save(options.out, **weights, optim=optim.state_dict(), step=step, elapsed=clock.elapsed)
            tensor_file.write(CACHE / "latest.safetensors", export.tensors(average.model))
            reference = Reference(CACHE / "latest.safetensors")
            print(f"known {quick_score(reference, 'known')} openmoji {quick_score(reference, 'openmoji')}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=57)
    arguments.add_argument("--batch", type=int, default=10)
    arguments.add_argument("--crowds", type=int, default=6)
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
