"""Scores the tiny SmolVLM on fresh scenes, one tile or 2 x 2 tiles each: greedy answers against the grammar's. Prints JSON."""

import argparse
import json

import numpy as np
import torch

import grammar
from evaluate import canonical_questions, scenes, share
from objects import CACHE
from sequences import IGNORE, SMOLVLM_CHAT, Packer, attention_mask, smolvlm_image
from smolvlm_batch import WHOLE, cut
from smolvlm_model import Config, SmolVLM
from tokenizer import SMOLVLM, Tokenizer

GRIDS = {"one tile": WHOLE, "2x2": (2, 2)}


def pictures(group, count, counts, seed=99):
    return {things: scenes(group, things, count, seed) for things in counts}


def image_tokens(model, shown, grid):
    """-> [n, tiles * tokens, hidden]"""
    device = model.lm_head.weight.device
    pixels = torch.from_numpy(np.stack([picture.pixels for picture in shown])).permute(0, 3, 1, 2)
    out = []
    for part in pixels.split(32):
        tiles = cut(part.float().to(device), grid, model.config.tile)
        out.append(model.connector(model.encode(tiles.flatten(0, 1))).unflatten(0, (len(part), -1)).flatten(1, 2))
    return torch.cat(out)


@torch.no_grad()
def agreement(model, packer, features, grid, questions, answers):
    """For each answer, one truth value per token and its end: would greedy decoding go on with this token?"""
    images = packer.tokenizer.encode(smolvlm_image(*grid, model.config.tile_tokens))
    rows = [packer.row([pair], images, False) for pair in zip(questions, answers)]
    length, fill = max(len(row[0]) for row in rows), (0, 0, -1, IGNORE)
    device, hits = features.device, []
    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        columns = [[row[i] + [fill[i]] * (length - len(row[i])) for row in part] for i in range(4)]
        ids, positions, segments, labels = (torch.tensor(column, device=device) for column in columns)
        embeds = model.decoder.embed_tokens(ids)
        place = (ids == packer.image)[..., None]
        embeds = embeds.masked_scatter(place, features[start : start + 64].to(embeds.dtype))
        said = model.lm_head(model.decoder(embeds, positions, attention_mask(segments))).argmax(-1)
        hits += [(s == l)[l != IGNORE].cpu() for s, l in zip(said, labels)]
    return hits


@torch.no_grad()
def captions(model, packer, shown):
    """The few figures watched while training: whole captions right."""
    out = {}
    for name, grid in GRIDS.items():
        for things, group in shown.items():
            answers = [grammar.caption(picture.scene) for picture in group]
            features = image_tokens(model, group, grid)
            out[f"{name} {things}"] = share(agreement(model, packer, features, grid, [grammar.CAPTION[0]] * len(group), answers))
    return out


@torch.no_grad()
def score_group(model, packer, group, per_number, seed, grid):
    """{number of things: {question: share right}}"""
    table = {}
    for count in range(4):
        shown = scenes(group, count, per_number, seed)
        features, rng = image_tokens(model, shown, grid), np.random.default_rng(seed)
        asked = [canonical_questions(rng, picture.scene) for picture in shown]
        table[f"{count} things"] = {
            name: share(agreement(model, packer, features, grid, *zip(*(q[name] for q in asked)))) for name in asked[0]
        }
    return table


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", default=CACHE / "smolvlm.pt")
    arguments.add_argument("--count", type=int, default=200, help="scenes per group and number of things")
    arguments.add_argument("--seed", type=int, default=12345)
    arguments.add_argument("--sets", nargs="*", default=["known", "openmoji"])
    options = arguments.parse_args()
    model = SmolVLM(Config()).eval()
    model.load_state_dict(torch.load(options.checkpoint, map_location="cpu")["average"])
    packer = Packer(Tokenizer.load(SMOLVLM), SMOLVLM_CHAT)
    result = {
        f"{group}, {name}": score_group(model, packer, group, options.count, options.seed, grid)
        for group in options.sets
        for name, grid in GRIDS.items()
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
