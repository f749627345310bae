"""Writes a trained tiny SmolVLM as a float16 safetensors file with Hugging Face's names."""

import argparse

import torch

import tensor_file
from objects import CACHE, ROOT
from smolvlm_model import Config, SmolVLM, tensors

CHECKPOINT = ROOT / "packages/tiny/smolvlm/checkpoint/model.safetensors"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", default=CACHE / "smolvlm.pt")
    arguments.add_argument("--out", default=CHECKPOINT)
    options = arguments.parse_args()
    model = SmolVLM(Config())
    model.load_state_dict(torch.load(options.checkpoint, map_location="cpu")["average"])
    weights = tensors(model)
    tensor_file.write(options.out, weights, "F16")
    print(f"{sum(tensor.numel() for tensor in weights.values()):,} parameters")


if __name__ == "__main__":
    main()
