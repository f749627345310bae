"""What `generate` of PyTorch answers when it gets the pixels and the prompts of the kit (write-idefics3-questions.ts)."""

import hashlib
import json

import numpy as np
import torch

from small_files import END_OF_UTTERANCE
from sizes import TILE

# By how much the likeliest token has to be ahead, so that the rounding of other kernels cannot change it.
LEAST_LEAD = 1e-3


@torch.no_grad()
def of_torch(model, folder):
    content = json.loads((folder / "questions.json").read_text())
    return [answer(model, folder, question, content["mostTokens"]) for question in content["questions"]]


def answer(model, folder, question, most_tokens):
    ids = torch.tensor([question["ids"]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if question["tiles"]:
        pixels = (folder / question["pixels"]).read_bytes()
        assert hashlib.sha256(pixels).hexdigest() == question["sha256"], "the pixels are of another run"
        tiles = np.frombuffer(pixels, "<f4").reshape(1, question["tiles"], 3, TILE, TILE).copy()
        inputs["pixel_values"] = torch.from_numpy(tiles)
        inputs["pixel_attention_mask"] = torch.ones(1, question["tiles"], TILE, TILE, dtype=torch.bool)
    found = model.generate(
        **inputs,
        max_new_tokens=most_tokens,
        do_sample=False,
        eos_token_id=END_OF_UTTERANCE,
        output_logits=True,
        return_dict_in_generate=True,
    )
    lead = min((best[0] - best[1]).item() for best in (step[0].topk(2).values for step in found.logits))
    assert lead > LEAST_LEAD, f"{question['name']}: the likeliest token is ahead by {lead} only"
    said = found.sequences[0, ids.shape[1] :].tolist()
    print(f"{question['name']}: {question['tiles']} tiles, {ids.shape[1]} positions, ahead by {lead:.4f}: {said}")
    return {"name": question["name"], "sha256": question["sha256"], "ids": question["ids"], "answer": said}
