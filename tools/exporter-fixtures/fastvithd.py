"""
FastViTHD and its projector in PyTorch, as narrow as `sizes.py` says, in the form that Apple's code has after
reparameterisation: one convolution for each branch. Only the topology is Apple's (apple/ml-fastvlm, `mobileclip/mci.py`);
the numbers are random.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from sizes import ATTENTION_STAGES, BLOCKS, CHANNELS, HEAD_WIDTH, HIDDEN

# How much larger than usual the squeeze-and-excite weights are, so that a wrong mean shows in the features.
GATE_STRENGTH = 6.0


def depthwise(channels, kernel, outputs=None, stride=1, bias=True):
    outputs = outputs or channels
    return nn.Conv2d(channels, outputs, kernel, stride, kernel // 2, groups=channels, bias=bias)


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of a map, spelled out as in Apple's code."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-5)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class Attention(nn.Module):
    """Self-attention over all positions of a map."""

    def __init__(self, channels):
        super().__init__()
        self.heads = channels // HEAD_WIDTH
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x):
        batch, channels, height, width = x.shape
        positions = height * width
        tokens = torch.flatten(x, start_dim=2).transpose(-2, -1)
        qkv = self.qkv(tokens).reshape(batch, positions, 3, self.heads, HEAD_WIDTH).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        shares = ((query * HEAD_WIDTH**-0.5) @ key.transpose(-2, -1)).softmax(dim=-1)
        mixed = (shares @ value).transpose(1, 2).reshape(batch, positions, channels)
        return self.proj(mixed).transpose(-2, -1).reshape(batch, channels, height, width)


class ConvFFN(nn.Module):
    """Depthwise 7x7 and batch norm, then two 1x1 convolutions with GELU between them."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Sequential()
        self.conv.add_module("conv", depthwise(channels, 7, bias=False))
        self.conv.add_module("bn", nn.BatchNorm2d(channels))
        self.fc1 = nn.Conv2d(channels, 4 * channels, 1)
        self.act = nn.GELU()
        self.fc2 = nn.Conv2d(4 * channels, channels, 1)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(self.conv(x))))


class RepMixerBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.token_mixer = depthwise(channels, 3)
        self.convffn = ConvFFN(channels)
        self.layer_scale = nn.Parameter(torch.full((channels, 1, 1), 0.3))

    def forward(self, x):
        x = self.token_mixer(x)
        return x + self.layer_scale * self.convffn(x)


class AttentionBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.token_mixer = Attention(channels)
        self.convffn = ConvFFN(channels)
        self.layer_scale_1 = nn.Parameter(torch.full((channels, 1, 1), 0.3))
        self.layer_scale_2 = nn.Parameter(torch.full((channels, 1, 1), 0.3))

    def forward(self, x):
        x = x + self.layer_scale_1 * self.token_mixer(self.norm(x))
        return x + self.layer_scale_2 * self.convffn(x)


class Downsample(nn.Module):
    """A large depthwise kernel with stride 2 that changes the width, then 1x1."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.proj = nn.Sequential(depthwise(inputs, 7, outputs, stride=2), nn.GELU(), nn.Conv2d(outputs, outputs, 1), nn.GELU())

    def forward(self, x):
        return self.proj(x)


class SqueezeExcite(nn.Module):
    """Gates channels by the mean of their map. The pooling takes its size from the input, as Apple's does."""

    def __init__(self, channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // 16, 1)
        self.expand = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, inputs):
        _, channels, height, width = inputs.shape
        x = F.avg_pool2d(inputs, kernel_size=[height, width])
        x = torch.sigmoid(self.expand(F.relu(self.reduce(x))))
        return inputs * x.view(-1, channels, 1, 1)


class ClosingBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.reparam_conv = depthwise(channels, 3, 2 * channels)
        self.se = SqueezeExcite(2 * channels)
        self.activation = nn.GELU()

    def forward(self, x):
        return self.activation(self.se(self.reparam_conv(x)))


class VisionEncoder(nn.Module):
    """pixel_values [n, 3, h, w] -> image_features [n, h/64 * w/64, hidden]"""

    def __init__(self):
        super().__init__()
        stem, last = CHANNELS[0], CHANNELS[-1]
        self.patch_embed = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1), nn.GELU(), depthwise(stem, 3, stride=2), nn.GELU(), nn.Conv2d(stem, stem, 1), nn.GELU()
        )
        network = []
        for stage, (width, blocks) in enumerate(zip(CHANNELS, BLOCKS)):
            attends = stage >= len(CHANNELS) - ATTENTION_STAGES
            if stage > 0:
                network.append(Downsample(CHANNELS[stage - 1], width))
            if attends:
                network.append(depthwise(width, 7))
            block = AttentionBlock if attends else RepMixerBlock
            network.append(nn.Sequential(*(block(width) for _ in range(blocks))))
        self.network = nn.ModuleList(network)
        self.conv_exp = ClosingBlock(last)
        self.mm_projector = nn.Sequential(nn.Linear(2 * last, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN))

    def forward(self, pixel_values):
        x = self.patch_embed(pixel_values)
        for part in self.network:
            x = part(x)
        x = self.conv_exp(x)
        batch, channels, height, width = x.shape
        return self.mm_projector(x.reshape(batch, channels, height * width).transpose(1, 2))


def random_encoder(seed):
    """An encoder in evaluation mode whose values neither vanish nor explode on their way."""
    torch.manual_seed(seed)
    model = VisionEncoder().eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.weight.normal_(0, 1 / math.sqrt(module.weight[0].numel()))
                if module.bias is not None:
                    module.bias.normal_(0, 0.1)
                if isinstance(module, nn.Conv2d) and module.groups > 1:
                    middle = module.weight.shape[-1] // 2
                    module.weight[:, :, middle, middle] += 1
            if isinstance(module, ChannelNorm):
                module.weight.normal_(1, 0.1)
                module.bias.normal_(0, 0.1)
            if isinstance(module, nn.BatchNorm2d):
                module.weight.normal_(1, 0.1)
                module.bias.normal_(0, 0.1)
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.7, 1.3)
        for part in (model.conv_exp.se.reduce, model.conv_exp.se.expand):
            part.weight.mul_(GATE_STRENGTH)
    return model
