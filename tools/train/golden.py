"""Writes golden.json: what the reference computes from the checkpoint for some fixture scenes.

The ONNX files and the kit's own runtime are tested against it.
"""

import argparse
import json

import numpy as np
import torch
from PIL import Image

import grammar
from export import CHECKPOINT
from objects import ROOT
from reference import Reference

SCENES = ROOT / "e2e/fixtures/scenes"
PROMPTS = [grammar.CAPTION[0], grammar.DETAIL[0], grammar.CONTENTS[0]]


def rounded(tensor):
    return [float(f"{value:.6g}") for value in tensor.flatten().tolist()]


@torch.no_grad()
def golden(reference, file):
    pixels = torch.from_numpy(np.array(Image.open(SCENES / file))).permute(2, 0, 1)[None].float() / 255
    features = reference.image_features(pixels)  # [1, 16, hidden]
    prompt = reference.prompt_ids(PROMPTS[0])
    logits = reference.logits(reference.embeds(prompt, features)[None])[0, -1]
    answers = [{"prompt": p, "ids": reference.answer_ids(features, p)} for p in PROMPTS]
    return {
        "file": file,
        "image_features": {
            "shape": list(features.shape),
            "mean": rounded(features.mean())[0],
            "std": rounded(features.std())[0],
            "mean_per_token": rounded(features.mean(-1)),
            "first_16_of_token_0": rounded(features[0, 0, :16]),
            "last_16_of_token_15": rounded(features[0, -1, -16:]),
        },
        "prompt_ids": prompt,
        "first_16_logits_after_prompt": rounded(logits[:16]),
        "answers": [{**answer, "text": reference.tokenizer.decode(answer["ids"])} for answer in answers],
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", default=CHECKPOINT)
    arguments.add_argument("--out", default=ROOT / "packages/tiny/checkpoint/golden.json")
    options = arguments.parse_args()
    reference = Reference(options.checkpoint)
    result = [golden(reference, f"scene-{i:02}.png") for i in (1, 2, 3)]
    with open(options.out, "w") as file:
        file.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
