"""Writes fresh scenes as PNG files, and scenes.jsonl with what they show and the right answers."""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

import grammar
from evaluate import canonical_questions
from objects import Icons, Plain
from scenes import compose


def describe(picture, file, rng):
    scene = picture.scene
    things = [
        {"kind": kind, "words": grammar.a(kind), "position": [(left + right) // 2, (top + bottom) // 2], "box": list(box)}
        for kind, box in zip(scene.kinds, picture.boxes)
        for left, top, right, bottom in [box]
    ]
    questions = {name: {"prompt": q, "answer": a} for name, (q, a) in canonical_questions(rng, scene).items()}
    facts = {"objects": things, "arrangement": scene.arrangement, "background": scene.background}
    return {"file": file, **facts, "questions": questions}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=48)
    arguments.add_argument("--seed", type=int, default=2024)
    arguments.add_argument("--sets", choices=["known", "openmoji"], default="known")
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()

    rng, drawings = np.random.default_rng(options.seed), Plain(Icons(options.sets))
    options.out.mkdir(parents=True, exist_ok=True)
    lines = []
    for i in range(options.count):
        picture = compose(rng, drawings, count=1 + i % 3, grain=False)  # grain would triple the files
        file = f"scene-{i + 1:02}.png"
        Image.fromarray(picture.pixels).save(options.out / file, optimize=True)
        lines.append(json.dumps(describe(picture, file, rng)))
    (options.out / "scenes.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
