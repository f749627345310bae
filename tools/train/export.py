"""Folds a trained model into the tensors of Apple's checkpoint and writes them as safetensors."""

import argparse

import torch

import tensor_file
from model import Config, ConvBN, FastVLM, RepMixerBlock
from objects import CACHE, ROOT
from reference import Reference
from sequences import attention_mask

CHECKPOINT = ROOT / "packages/tiny/checkpoint/model.safetensors"
VISION = "model.vision_tower.vision_tower.model."

# Trained name -> name of the folded convolution.
FOLDED = {"reparam": "reparam_conv", "proj.0": "proj.0.lkb_reparam", "proj.1": "proj.1.reparam_conv"}


def fold(block):
    """Convolution, then batch norm, as one convolution with bias."""
    scale = block.bn.weight / torch.sqrt(block.bn.running_var + block.bn.eps)
    return block.conv.weight * scale[:, None, None, None], block.bn.bias - block.bn.running_mean * scale


def fold_residual(block):
    """x + bn(conv(x)) as one depthwise convolution: the identity is a 1 in the middle of every kernel."""
    weight, bias = fold(block)
    weight = weight.clone()
    weight[:, 0, weight.shape[2] // 2, weight.shape[3] // 2] += 1
    return weight, bias


def vision_tensors(vision):
    """Yields (name, tensor) in Apple's names."""
    done = set()
    for name, module in vision.named_modules():
        if isinstance(module, RepMixerBlock):
            weight, bias = fold_residual(module.token_mixer)
            target = f"{name}.token_mixer.reparam_conv"
            done.add(f"{name}.token_mixer.")
        elif isinstance(module, ConvBN) and name.startswith("patch_embed"):
            (weight, bias), target = fold(module), f"{name}.reparam_conv"
            done.add(f"{name}.")
        elif isinstance(module, ConvBN) and name.endswith(tuple(FOLDED)):
            (weight, bias), end = fold(module), next(end for end in FOLDED if name.endswith(end))
            target = name[: -len(end)] + FOLDED[end]
            done.add(f"{name}.")
        elif type(module).__name__ == "RepCPE":
            weight, bias = module.conv.weight.clone(), module.conv.bias
            weight[:, 0, 3, 3] += 1
            target = f"{name}.reparam_conv"
            done.add(f"{name}.")
        else:
            continue
        yield f"{target}.weight", weight
        yield f"{target}.bias", bias
    for name, tensor in vision.state_dict().items():
        if not name.startswith(tuple(done)) and not name.endswith("num_batches_tracked"):
            yield name, tensor


def tensors(model):
    out = {VISION + name: tensor for name, tensor in vision_tensors(model.vision)}
    out |= {f"model.mm_projector.{name}": tensor for name, tensor in model.mm_projector.state_dict().items()}
    return out | {f"model.{name}": tensor for name, tensor in model.decoder.state_dict().items()}


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", default=CACHE / "final.pt", help="of training; 'none' for random weights")
    arguments.add_argument("--out", default=CHECKPOINT)
    options = arguments.parse_args()
    torch.manual_seed(0)
    model = FastVLM(Config()).eval()
    if str(options.checkpoint) != "none":
        model.load_state_dict(torch.load(options.checkpoint, map_location="cpu")["average"])
    weights = tensors(model)
    tensor_file.write(options.out, weights)

    pixels, reference = torch.rand(2, 3, 256, 256), Reference(options.out)
    features = model.mm_projector(model.encode(pixels))
    hidden = torch.cat([features, model.decoder.embed_tokens(torch.arange(20).expand(2, -1))], 1)
    difference = (reference.image_features(pixels) - features).abs().max().item()
    positions = torch.arange(hidden.shape[1]).expand(2, -1)
    trained = model.decoder(hidden, positions, attention_mask(torch.ones_like(positions)))
    difference = max(difference, (reference.logits(hidden) - model.decoder.logits(trained)).abs().max().item())
    assert difference < 1e-3, f"folded and trained model differ by {difference}"
    print(f"{sum(t.numel() for t in weights.values()):,} parameters, largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
