"""Writes packages/onnx/test/smolvlm-golden.json: what transformers computes from the weights of write-weights.ts."""

import argparse
import json
from pathlib import Path

import torch
import transformers
from transformers import Idefics3ForConditionalGeneration, LlamaForCausalLM

TILES = 2
IDS = [17, 3, 400, 511, 0, 17, 255, 8, 99]
ROOT = Path(__file__).resolve().parents[4]


def load(model, folder):
    loaded, report = model.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    wrong = {kind: names for kind, names in report.items() if names}
    assert not wrong, f"the weights are not those of {model.__name__}: {wrong}"
    return loaded.eval()


def pixels(size):
    index = torch.arange(TILES * 3 * size * size, dtype=torch.float64)
    return torch.sin(index * 0.37 + torch.floor(index / 500)).float().reshape(1, TILES, 3, size, size)


def sample(tensor, step):
    values = [float(f"{value:.7g}") for value in tensor.flatten()[::step].tolist()]
    return {"shape": list(tensor.shape), "step": step, "values": values}


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, help="the folder that write-weights.ts wrote")
    parser.add_argument("--out", type=Path, default=ROOT / "packages/onnx/test/smolvlm-golden.json")
    options = parser.parse_args()

    # Version 4.55 counts the positions of SigLIP from 0, 0, 1, 2: the last row and column of its table are never used.
    assert int(transformers.__version__.split(".")[0]) >= 5, "transformers 5 is needed"

    smolvlm = load(Idefics3ForConditionalGeneration, options.models / "smolvlm")
    llama = load(LlamaForCausalLM, options.models / "llama")
    size = smolvlm.config.vision_config.image_size
    mask = torch.ones(1, TILES, size, size, dtype=torch.bool)
    features = smolvlm.get_image_features(pixels(size), mask).pooler_output
    ids = torch.tensor([IDS])
    found = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "tiles": TILES,
        "features": sample(torch.cat(list(features)).reshape(TILES, -1, features[0].shape[-1]), 7),
        "ids": IDS,
        "logits": {
            "smolvlm": sample(smolvlm(input_ids=ids).logits, 11),
            "llama": sample(llama(input_ids=ids).logits, 11),
        },
    }
    options.out.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
