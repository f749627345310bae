"""Scores a safetensors checkpoint on fresh scenes: greedy answers against the grammar's, as whole strings.

Known styles are plain drawings of the six training sets; openmoji was never trained on. Prints JSON.
"""

import argparse
import json

import numpy as np
import torch

import grammar
from export import CHECKPOINT
from objects import KIND_NAMES, Icons, Plain
from reference import Reference
from scenes import compose


def scenes(group, count, per_number, seed):
    """`per_number` fresh scenes of `count` things."""
    rng, drawings = np.random.default_rng([seed, count]), Plain(Icons(group))
    return [compose(rng, drawings, count) for _ in range(per_number)]


@torch.no_grad()
def encode(reference, pictures):
    """[n, 16, hidden]"""
    batches = [pictures[i : i + 32] for i in range(0, len(pictures), 32)]
    pixels = (torch.from_numpy(np.stack([p.pixels for p in b])).permute(0, 3, 1, 2).float() / 255 for b in batches)
    return torch.cat([reference.image_features(x) for x in pixels])


def canonical_questions(rng, scene):
    """{name: (question, answer)}, everything the canonical phrases can ask of a scene."""
    absent = KIND_NAMES[rng.integers(len(KIND_NAMES))]
    asked = {
        "caption": (grammar.CAPTION[0], grammar.caption(scene)),
        "detail": (grammar.DETAIL[0], grammar.detail(scene)),
        "alt text": (grammar.ALT_TEXT[0], grammar.alt_text(scene)),
        "contents": (grammar.CONTENTS[0], grammar.contents(scene)),
        "count": (grammar.COUNT[0], grammar.count(scene)),
        "background": (grammar.BACKGROUND[0], grammar.background(scene)),
        "absent": (grammar.PRESENCE[0].format(a=grammar.a(absent)), grammar.presence(scene, absent)),
    }
    if scene.kinds:
        kind = scene.kinds[rng.integers(len(scene.kinds))]
        asked["present"] = (grammar.PRESENCE[0].format(a=grammar.a(kind)), grammar.presence(scene, kind))
        asked["where"] = (grammar.WHERE[0].format(the=grammar.the(kind)), grammar.where(scene, kind))
    sides = grammar.answerable_sides(scene)
    side = sides[rng.integers(len(sides))]
    asked["side"] = (grammar.SIDES[side][0], grammar.on_side(scene, side))
    return asked


def score_group(reference, group, per_number, seed):
    """{number of things: {question: share right}}"""
    table = {}
    for count in range(4):
        pictures = scenes(group, count, per_number, seed)
        features, rng = encode(reference, pictures), np.random.default_rng(seed)
        asked = [canonical_questions(rng, p.scene) for p in pictures]
        shares = {}
        for name in asked[0]:
            hits = reference.agreement(features, *zip(*(q[name] for q in asked)))
            shares[name] = share(hits)
            if name == "caption" and count:
                shares["caption, things only"] = share(things_only(reference, pictures, hits))
        table[f"{count} things"] = shares
    return table


def share(hits):
    return round(float(np.mean([hit.all().item() for hit in hits])), 3)


def things_only(reference, pictures, hits):
    """Of each caption, the part before the background."""
    said = [grammar.capital(grammar.things(p.scene)) for p in pictures]
    return [hit[: len(reference.tokenizer.encode(text))] for hit, text in zip(hits, said)]


def quick_score(reference, group, per_number=64):
    """The few figures watched while training: captions right up to the background, backgrounds right."""
    out = {}
    for count in (1, 2):
        pictures = scenes(group, count, per_number, seed=99)
        features = encode(reference, pictures)
        captions = [grammar.caption(p.scene) for p in pictures]
        hits = reference.agreement(features, [grammar.CAPTION[0]] * per_number, captions)
        out[f"{count} right"] = share(things_only(reference, pictures, hits))
        colours = [grammar.background(p.scene) for p in pictures]
        out[f"{count} colour"] = share(reference.agreement(features, [grammar.BACKGROUND[0]] * per_number, colours))
    return out


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", default=CHECKPOINT)
    arguments.add_argument("--count", type=int, default=200, help="scenes per group and number of things")
    arguments.add_argument("--seed", type=int, default=12345)
    arguments.add_argument("--sets", nargs="*", default=["known", "openmoji"])
    options = arguments.parse_args()
    reference = Reference(options.checkpoint)
    result = {group: score_group(reference, group, options.count, options.seed) for group in options.sets}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
