"""FastVLM in small: FastViTHD, MLP projector, Qwen2 decoder, as they are trained.

Convolutions train as convolution + batch norm (+ identity where the block is a residual mixer); `export.py` folds
them into the reparameterised tensors of Apple's checkpoint. Module names are chosen so that what needs no folding
already has its final name.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from gelu import gelu


@dataclass
class Config:
    widths: tuple = (16, 32, 64, 128, 256)
    blocks: tuple = (1, 1, 2, 5, 1)
    head_dim: int = 32
    hidden: int = 192
    layers: int = 3
    heads: int = 6
    kv_heads: int = 2
    ffn: int = 512
    vocab: int = 1184
    rope_theta: float = 10000.0
    rms_eps: float = 1e-6
    qkv_bias: bool = True
    kinds: int = 120
    backgrounds: int = 11

    @property
    def features(self):
        return 2 * self.widths[-1]


class ConvBN(nn.Sequential):
    """Convolution without bias, batch norm. Folds into one convolution with bias."""

    def __init__(self, cin, cout, kernel, stride=1, groups=1):
        super().__init__()
        self.add_module("conv", nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False))
        self.add_module("bn", nn.BatchNorm2d(cout))


class ConvFFN(nn.Module):
    def __init__(self, dim, ratio=4):
        super().__init__()
        self.conv = ConvBN(dim, dim, 7, groups=dim)
        self.fc1 = nn.Conv2d(dim, ratio * dim, 1)
        self.fc2 = nn.Conv2d(ratio * dim, dim, 1)

    def forward(self, x):
        return self.fc2(gelu(self.fc1(self.conv(x))))


class RepMixerBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.token_mixer = ConvBN(dim, dim, 3, groups=dim)  # trained as a residual, folded into one depthwise 3x3
        self.convffn = ConvFFN(dim)
        self.layer_scale = nn.Parameter(torch.full((dim, 1, 1), 0.2))

    def forward(self, x):
        x = x + self.token_mixer(x)
        return x + self.layer_scale * self.convffn(x)


class LayerNormChannel(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.eps = eps

    def forward(self, x):  # [b, c, h, w]
        x = F.layer_norm(x.permute(0, 2, 3, 1).float(), self.weight.shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class MHSA(nn.Module):
    def __init__(self, dim, head_dim):
        super().__init__()
        self.head_dim = head_dim
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, c, h, w = x.shape
        qkv = self.qkv(x.flatten(2).transpose(1, 2))  # [b, hw, 3c]
        q, k, v = qkv.reshape(b, h * w, 3, c // self.head_dim, self.head_dim).permute(2, 0, 3, 1, 4)  # [b, heads, hw, d]
        attention = (q @ k.transpose(-2, -1) * self.head_dim**-0.5).softmax(-1)
        x = self.proj((attention @ v).transpose(1, 2).reshape(b, h * w, c))
        return x.transpose(1, 2).reshape(b, c, h, w)


class AttentionBlock(nn.Module):
    def __init__(self, dim, head_dim):
        super().__init__()
        self.norm = LayerNormChannel(dim)
        self.token_mixer = MHSA(dim, head_dim)
        self.convffn = ConvFFN(dim)
        self.layer_scale_1 = nn.Parameter(torch.full((dim, 1, 1), 0.2))
        self.layer_scale_2 = nn.Parameter(torch.full((dim, 1, 1), 0.2))

    def forward(self, x):
        x = x + self.layer_scale_1 * self.token_mixer(self.norm(x))
        return x + self.layer_scale_2 * self.convffn(x)


class RepCPE(nn.Module):
    """Position, as a depthwise 7x7 convolution added to its input."""

    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)

    def forward(self, x):
        return x + self.conv(x)


class Downsample(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.proj = nn.ModuleList([ConvBN(cin, cout, 7, stride=2, groups=cin), ConvBN(cout, cout, 1)])

    def forward(self, x):
        return gelu(self.proj[1](gelu(self.proj[0](x))))


class SqueezeExcite(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.reduce = nn.Conv2d(dim, dim // 16, 1)
        self.expand = nn.Conv2d(dim // 16, dim, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.expand(F.relu(self.reduce(x.mean((2, 3), keepdim=True)))))


class ConvExpand(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.reparam = ConvBN(dim, 2 * dim, 3, groups=dim)
        self.se = SqueezeExcite(2 * dim)

    def forward(self, x):
        return gelu(self.se(self.reparam(x)))


class FastViTHD(nn.Module):
    def __init__(self, config):
        super().__init__()
        w, head_dim = config.widths, config.head_dim
        self.patch_embed = nn.ModuleList(
            [ConvBN(3, w[0], 3, stride=2), ConvBN(w[0], w[0], 3, stride=2, groups=w[0]), ConvBN(w[0], w[0], 1)]
        )
        stages = [
            nn.Sequential(*[RepMixerBlock(w[i]) if i < 3 else AttentionBlock(w[i], head_dim) for _ in range(n)])
            for i, n in enumerate(config.blocks)
        ]
        self.network = nn.ModuleList(
            [stages[0], Downsample(w[0], w[1]), stages[1], Downsample(w[1], w[2]), stages[2], Downsample(w[2], w[3])]
            + [RepCPE(w[3]), stages[3], Downsample(w[3], w[4]), RepCPE(w[4]), stages[4]]
        )
        self.conv_exp = ConvExpand(w[4])

    def forward(self, pixels):  # [b, 3, h, w], 0..1
        x = pixels
        for conv in self.patch_embed:
            x = gelu(conv(x))
        for module in self.network:
            x = module(x)
        return self.conv_exp(x)  # [b, features, h/64, w/64]


class RMSNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


def rope(positions, head_dim, theta):
    inverse = theta ** (-torch.arange(0, head_dim, 2, device=positions.device).float() / head_dim)
    angles = positions.float()[..., None] * inverse  # [..., s, d/2]
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()  # [..., s, d]


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def attend(q, k, v, mask):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5 + mask).softmax(-1) @ v


class DecoderAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = c.heads, c.kv_heads, c.hidden // c.heads
        self.q_proj = nn.Linear(c.hidden, c.hidden, bias=c.qkv_bias)
        self.k_proj = nn.Linear(c.hidden, c.kv_heads * self.head_dim, bias=c.qkv_bias)
        self.v_proj = nn.Linear(c.hidden, c.kv_heads * self.head_dim, bias=c.qkv_bias)
        self.o_proj = nn.Linear(c.hidden, c.hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        b, s, c = x.shape
        split = lambda y, n: y.reshape(b, s, n, self.head_dim).transpose(1, 2)  # [b, n, s, d]
        q = rotate(split(self.q_proj(x), self.heads), cos, sin)
        k = rotate(split(self.k_proj(x), self.kv_heads), cos, sin)
        v = split(self.v_proj(x), self.kv_heads)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        return self.o_proj(attend(q, k, v, mask).transpose(1, 2).reshape(b, s, c))


class DecoderMLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden, c.ffn, bias=False)
        self.up_proj = nn.Linear(c.hidden, c.ffn, bias=False)
        self.down_proj = nn.Linear(c.ffn, c.hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class DecoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RMSNorm(c.hidden, c.rms_eps)
        self.self_attn = DecoderAttention(c)
        self.post_attention_layernorm = RMSNorm(c.hidden, c.rms_eps)
        self.mlp = DecoderMLP(c)

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.embed_tokens = nn.Embedding(c.vocab, c.hidden)
        self.layers = nn.ModuleList([DecoderLayer(c) for _ in range(c.layers)])
        self.norm = RMSNorm(c.hidden, c.rms_eps)

    def forward(self, embeds, positions, mask):  # [b, s, hidden], [b, s], [b, 1, s, s] -> [b, s, hidden]
        c = self.config
        cos, sin = (part[:, None] for part in rope(positions, c.hidden // c.heads, c.rope_theta))  # [b, 1, s, d]
        x = embeds
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.embed_tokens.weight)


class FastVLM(nn.Module):
    """Also holds the auxiliary heads, which steer the training and are not exported."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.vision = FastViTHD(config)
        self.mm_projector = nn.Sequential(
            nn.Linear(config.features, config.hidden), nn.GELU(), nn.Linear(config.hidden, config.hidden)
        )
        self.decoder = Decoder(config)
        self.kind_head = nn.Linear(config.features, config.kinds + 1)  # last class: nothing centred here
        self.background_head = nn.Linear(config.features, config.backgrounds)
        initialize(self)

    def encode(self, pixels):  # [b, 3, h, w] -> [b, tokens, features]
        return self.vision(pixels).flatten(2).transpose(1, 2)


def initialize(model):
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Embedding) else module.weight.shape[1] ** -0.5)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
