"""Trains the tiny SmolVLM: first the encoder on what each image token sees, then all parts together.

As in train_vlm.py every image token must say which thing it sees, once from the encoder's features and once, after the
connector, in the decoder's own words. Meant for a GPU; on a CPU it only shows that all parts fit together.
"""

import argparse
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import smolvlm_evaluate
from objects import CACHE
from schedule import Average, Clock, optimizer, save, set_rate
from sequences import IGNORE, SMOLVLM_CHAT, Packer, attention_mask
from smolvlm_batch import WHOLE, Maker, joined
from smolvlm_model import Config, SmolVLM
from supply import Bank
from tokenizer import SMOLVLM, Tokenizer
from train_vlm import name_ids

SPLIT = (2, 2)
OTHERS = [[(4, 4)], [(3, 3)], [(1, 2)], [(2, 1)], [(2, 3)], [(3, 2)], [(3, 4)], [(4, 3)], [SPLIT, SPLIT], [(1, 3)], [(3, 1)]]
ENCODER_FIRST = 0.15  # of the time


def make_packer():
    return Packer(Tokenizer.load(SMOLVLM), SMOLVLM_CHAT)


def token_losses(model, features, labels, colours):
    """What image tokens see, in the encoder's features and in the decoder's words, and the background."""
    weight = torch.ones(model.config.kinds + 1, device=features.device)
    weight[-1] = 0.2  # bare background is most of every scene
    seen = F.cross_entropy(model.kind_head(features).float().flatten(0, 1), labels.flatten(), weight, label_smoothing=0.05)
    image_tokens = model.connector(features)
    names = model.decoder.embed_tokens.weight[model.name_ids]
    words = model.decoder.norm(image_tokens.float()) @ names.T  # [tiles, tokens, kinds]
    things = labels.masked_fill(labels == model.config.kinds, IGNORE)
    named = F.cross_entropy(words.float().flatten(0, 1), things.flatten(), label_smoothing=0.05)
    colour = F.cross_entropy(model.background_head(features.mean(1)).float(), colours)
    return image_tokens, {"seen": seen, "named": named, "colour": 0.2 * colour}


def answer_loss(model, decode, image_tokens, rows):
    ids, positions, segments, labels = rows
    embeds = model.decoder.embed_tokens(ids)
    used = image_tokens.flatten(0, 1).to(embeds.dtype)
    embeds = embeds.masked_scatter((ids == model.image_id)[..., None], used)
    hidden = decode(embeds, positions, attention_mask(segments))
    return F.cross_entropy(model.lm_head(hidden).flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE)


def train(options):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    packer = make_packer()
    bank = Bank(device, make_packer, options.workers, options.seed, options.bank)
    model = SmolVLM(Config()).to(device)
    model.name_ids = torch.tensor(name_ids(packer.tokenizer), device=device)
    model.image_id = packer.image
    if options.start:
        model.load_state_dict(torch.load(options.start, map_location=device)["average"])
    average = Average(model, 0.999)
    optim = optimizer(model, options.rate, 0.05)
    encode = torch.compile(model.encode, dynamic=False) if options.compile else model.encode
    decode = torch.compile(model.decoder, dynamic=False) if options.compile else model.decoder
    maker = Maker(bank, packer, model.config)
    longest = len(maker.prefix((SPLIT,), 0)[0])
    scored = smolvlm_evaluate.pictures("known", options.score, counts=(1, 2, 3))
    while not bank.is_ready:
        time.sleep(0.1)

    part = lambda share: max(2, int(options.batch * share))
    clock, step, saved, shown, sums = Clock(options.minutes), 0, 0.0, 0.0, {}
    while clock.progress < 1:
        kind = "lanczos" if step % 2 else "triangle"
        alone = not options.start and clock.progress < ENCODER_FIRST
        group = lambda share, grids, **more: maker.group(part(share), tuple(grids), longest, kind, **more)
        with torch.no_grad():
            if alone:
                groups = [group(0.6, [SPLIT], crowds=True), group(0.4, [SPLIT]), group(0.3, [WHOLE])]
            else:
                groups = [group(0.6, [WHOLE]), group(0.25, [SPLIT]), group(0.1, [WHOLE, WHOLE]), group(0.05, [])]
                groups.append(group(0.1, [SPLIT], crowds=True))  # last: no row shows them
            tiles, labels, colours, rows = joined(groups)
            odd = None if alone or step % 4 else other_grid(maker, kind, options.batch // 4, step // 4)
        set_rate(optim, options.rate * clock.rate())
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            image_tokens, losses = token_losses(model, encode(tiles.float()), labels, colours)
            if not alone:
                losses["answers"] = 2 * answer_loss(model, decode, image_tokens, rows)
                if odd:
                    seen_by_model = model.connector(model.encode(odd[0].float()))
                    losses["others"] = answer_loss(model, model.decoder, seen_by_model, odd[3])
        optim.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optim.step()
        average.update(model)
        step += 1
        for name, loss in losses.items():
            total, count = sums.get(name, (0, 0))
            sums[name] = (total + loss.detach(), count + 1)
        if clock.elapsed - shown > options.show_every or clock.progress == 1:
            shown = clock.elapsed
            means = " ".join(f"{name} {(total / count).item():.3f}" for name, (total, count) in sums.items())
            print(f"{shown:6.1f}s step {step} {means} drawings {sum(bank.drawn)} scenes {bank.told}", flush=True)
            sums = {}
        if clock.elapsed - saved > options.save_every or clock.progress == 1:
            saved = clock.elapsed
            weights = {name: tensor.half() for name, tensor in average.model.state_dict().items()}
            save(options.out, average=weights, step=step, elapsed=clock.elapsed)
            if not alone:
                score = smolvlm_evaluate.captions(average.model, packer, scored)
                print(f"known {score}, {clock.elapsed - saved:.1f}s", flush=True)


def other_grid(maker, kind, tiles, turn):
    """Images of another grid, so that any is understood; each turn one of them."""
    grids = OTHERS[turn % len(OTHERS)]
    rows = max(2, tiles // sum(rows * columns + 1 for rows, columns in grids))
    return joined([maker.group(rows, tuple(grids), 0, kind)])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=6)
    arguments.add_argument("--batch", type=int, default=256, help="scenes a step, about")
    arguments.add_argument("--rate", type=float, default=1.5e-3)
    arguments.add_argument("--workers", type=int, default=max(1, os.cpu_count() - 1))
    arguments.add_argument("--bank", type=float, default=1.0, help="share of the full size, which takes 12 GB")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--score", type=int, default=48, help="scenes per number of things, for the score on the way")
    arguments.add_argument("--save-every", type=float, default=45, help="seconds")
    arguments.add_argument("--show-every", type=float, default=5, help="seconds")
    arguments.add_argument("--compile", action="store_true")
    arguments.add_argument("--start", type=Path, help="checkpoint to go on from, without the encoder's time alone")
    arguments.add_argument("--out", type=Path, default=CACHE / "smolvlm.pt")
    train(arguments.parse_args())


if __name__ == "__main__":
    main()
