"""SmolVLM in small: SigLIP, pixel shuffle and one linear layer, Llama decoder, with Hugging Face's names of tensors.

`tensors` renames nothing but the roots: what is trained is what is stored.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from model import Decoder, initialize


@dataclass
class Config:
    tile: int = 128  # pixels
    patch: int = 8
    shuffle: int = 4  # patches a side that become one token
    longest_edge: int = 512
    width: int = 160
    blocks: int = 6
    vision_heads: int = 5
    vision_ffn: int = 480
    layer_norm_eps: float = 1e-6
    hidden: int = 192
    layers: int = 3
    heads: int = 6
    kv_heads: int = 2
    ffn: int = 512
    vocab: int = 1280
    rope_theta: float = 10000.0
    rms_eps: float = 1e-5
    qkv_bias: bool = False
    positions: int = 2048
    kinds: int = 120
    backgrounds: int = 11

    @property
    def grid(self):
        """Patches a side."""
        return self.tile // self.patch

    @property
    def tile_tokens(self):
        return (self.grid // self.shuffle) ** 2

    @property
    def features(self):
        return self.width * self.shuffle**2


class Embeddings(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.patch_embedding = nn.Conv2d(3, c.width, c.patch, c.patch)
        self.position_embedding = nn.Embedding(c.grid**2, c.width)

    def forward(self, pixels):  # [tiles, 3, h, w], -1..1 -> [tiles, patches, width]
        return self.patch_embedding(pixels).flatten(2).transpose(1, 2) + self.position_embedding.weight


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads = c.vision_heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(c.width, c.width) for _ in range(4))

    def forward(self, x):
        q, k, v = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        return self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(c.width, c.vision_ffn), nn.Linear(c.vision_ffn, c.width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class EncoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(c.width, c.layer_norm_eps)
        self.self_attn = Attention(c)
        self.layer_norm2 = nn.LayerNorm(c.width, c.layer_norm_eps)
        self.mlp = MLP(c)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class VisionModel(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embeddings = Embeddings(c)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList([EncoderLayer(c) for _ in range(c.blocks)])
        self.post_layernorm = nn.LayerNorm(c.width, c.layer_norm_eps)

    def forward(self, pixels):
        x = self.embeddings(pixels)
        for layer in self.encoder.layers:
            x = layer(x)
        return self.post_layernorm(x)


def pixel_shuffle(x, side):
    """[b, patches, width] -> [b, tokens, side * side * width]: a square of patches, row by row, becomes one token."""
    b, patches, width = x.shape
    n = int(patches**0.5) // side
    return x.reshape(b, n, side, n, side, width).transpose(2, 3).reshape(b, n * n, side * side * width)


class SmolVLM(nn.Module):
    """Also holds the auxiliary heads, which steer the training and are not exported."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.vision_model = VisionModel(config)
        self.connector = nn.Linear(config.features, config.hidden, bias=False)
        self.decoder = Decoder(config)
        self.lm_head = nn.Linear(config.hidden, config.vocab, bias=False)
        self.kind_head = nn.Linear(config.features, config.kinds + 1)  # last class: nothing here
        self.background_head = nn.Linear(config.features, config.backgrounds)
        initialize(self)
        with torch.no_grad():
            self.lm_head.weight.copy_(self.decoder.embed_tokens.weight)  # alike at first, then free to differ

    def encode(self, pixels):
        """[tiles, 3, h, w], -1..1 -> [tiles, tokens, features]"""
        return pixel_shuffle(self.vision_model(pixels), self.config.shuffle)


def tensors(model):
    """Of the checkpoint, in Hugging Face's names."""
    roots = {
        "vision_model.": "model.vision_model.",
        "connector.": "model.connector.modality_projection.proj.",
        "decoder.": "model.text_model.",
        "lm_head.": "lm_head.",
    }
    return {
        new + name[len(old) :]: tensor
        for name, tensor in model.state_dict().items()
        for old, new in roots.items()
        if name.startswith(old)
    }
