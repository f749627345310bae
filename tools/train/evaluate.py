"""Scores a safetensors checkpoint on fresh scenes: greedy answers against the grammar's, as whole strings.

Known styles are plain drawings of the six training sets; openmoji was never trained on. Prints JSON.
"""

import argparse
import json
from collections import defaultdict

import numpy as np
import torch

import grammar
from export import CHECKPOINT
from objects import KIND_NAMES, Icons
from reference import Reference
from scenes import compose


def scenes(group, count, per_number, seed, grain=True):
    """`per_number` fresh scenes of `count` things."""
    rng, icons = np.random.default_rng([seed, count]), Icons(group)
    return [compose(rng, icons, count, grain=grain) for _ in range(per_number)]


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
    side = {"row": ("left", "right"), "column": ("top", "bottom")}.get(scene.arrangement, tuple(grammar.OPPOSITE))
    side = side[rng.integers(len(side))]
    asked["side"] = (grammar.SIDES[side][0], grammar.on_side(scene, side))
    return asked


def score_group(reference, group, per_number, seed):
    """{number of things: {question: share right}}"""
    table = {}
    for count in range(4):
        pictures = scenes(group, count, per_number, seed)
        features, rng = encode(reference, pictures), np.random.default_rng(seed)
        asked = [canonical_questions(rng, p.scene) for p in pictures]
        right = defaultdict(list)
        for name in asked[0]:
            answers = reference.answers(features, [q[name][0] for q in asked])
            right[name] = [given == q[name][1] for given, q in zip(answers, asked)]
            if name == "caption":
                right["caption, things only"] = [same_things(a, q[name][1]) for a, q in zip(answers, asked)]
        table[f"{count} things"] = {name: round(float(np.mean(hits)), 3) for name, hits in right.items()}
    return table


def same_things(given, expected):
    """Both captions without their backgrounds."""
    return given.rsplit(" on a", 1)[0] == expected.rsplit(" on a", 1)[0]


def quick_score(reference, group, per_number=64):
    """The few figures watched while training."""
    out = {}
    for count in (1, 2):
        pictures = scenes(group, count, per_number, seed=99)
        given = reference.answers(encode(reference, pictures), [grammar.CAPTION[0]] * per_number)
        truth = [grammar.caption(p.scene) for p in pictures]
        out[f"{count} right"] = round(float(np.mean([same_things(a, b) for a, b in zip(given, truth)])), 3)
        out[f"{count} colour"] = round(float(np.mean([a.split()[-2:] == b.split()[-2:] for a, b in zip(given, truth)])), 3)
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
