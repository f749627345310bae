"""A random `Idefics3ForConditionalGeneration` of transformers, which is the class of SmolVLM. Needs transformers 5."""

import torch
from transformers import Idefics3Config, Idefics3ForConditionalGeneration

from sizes import IMAGE_TOKEN, ROPE_THETA, SEED, SHUFFLE, TEXT, VISION


def random_model():
    torch.manual_seed(SEED)
    config = Idefics3Config(
        vision_config=VISION,
        text_config={**TEXT, "model_type": "llama", "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA}},
        scale_factor=SHUFFLE,
        image_token_id=IMAGE_TOKEN,
        tie_word_embeddings=False,
        attn_implementation="eager",
    )
    model = Idefics3ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name and name.endswith("weight"):
                weight.normal_(1, 0.1)
            elif name.endswith(".bias"):
                weight.normal_(0, 0.2)
            elif "position_embedding" in name:
                weight.normal_(0, 0.5)
            elif "embed_tokens" in name:
                # All levels of 8 bits with one scale, so that the embeddings in 8 bits are these very numbers.
                weight.copy_(torch.randint(-128, 128, weight.shape) / 128)
                weight[0, 0], weight[0, 1] = -1, 127 / 128
            elif "patch_embedding" in name:
                weight.normal_(0, 1 / weight[0].numel() ** 0.5)
            else:
                # Louder than a trained model's, so that what a layer does shows in the result.
                weight.normal_(0, 1.6 / weight.shape[1] ** 0.5)
    return model


def tile(index, side):
    """Something different everywhere and in each tile, between -1 and 1: [3, side, side]."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    planes = []
    for channel in range(3):
        slow = torch.sin((2 * channel + 3 + index) * x.double() / side + 4 * y.double() / side)
        fast = torch.sin(0.7 * x.double() + (channel + 1) * 1.3 * y.double() + index)
        planes.append(0.6 * slow + 0.4 * fast)
    return torch.stack(planes).float()
