"""Inference from the safetensors file alone, in plain tensor operations: what every other implementation is held to.

Sizes are read from the tensors' shapes, so any checkpoint in Apple's naming with head_dim 32 attention runs.
"""

import json

import torch
import torch.nn.functional as F

import tensor_file
from objects import ROOT
from tokenizer import QWEN, Tokenizer

PROMPT = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"


class Reference:
    def __init__(self, checkpoint):
        self.w = tensor_file.read(checkpoint)
        self.config = json.loads((ROOT / "packages/tiny/model/config.json").read_text())
        self.tokenizer = Tokenizer.load(QWEN)

    # --- vision ------------------------------------------------------------------------------------------------------

    def conv(self, name, x, stride=1):
        weight, bias = self.w[name + ".weight"], self.w.get(name + ".bias")
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2, groups=x.shape[1] // weight.shape[1])

    def convffn(self, name, x):
        x = self.conv(name + ".conv.conv", x)
        bn = [self.w[f"{name}.conv.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = F.batch_norm(x, *bn, eps=1e-5)
        return self.conv(name + ".fc2", F.gelu(self.conv(name + ".fc1", x)))

    def attention_block(self, name, x):
        b, c, h, w = x.shape
        weights = [self.w[f"{name}.{part}"] for part in ("norm.weight", "norm.bias")]
        y = F.layer_norm(x.flatten(2).transpose(1, 2), (c,), *weights, eps=1e-5)  # [b, hw, c]
        y = y @ self.w[name + ".token_mixer.qkv.weight"].T
        q, k, v = y.reshape(b, h * w, 3, c // 32, 32).permute(2, 0, 3, 1, 4)  # [b, heads, hw, 32]
        y = ((q @ k.transpose(-2, -1)) * 32**-0.5).softmax(-1) @ v
        y = F.linear(y.transpose(1, 2).reshape(b, h * w, c), *self.linear(name + ".token_mixer.proj"))
        x = x + self.w[name + ".layer_scale_1"] * y.transpose(1, 2).reshape(b, c, h, w)
        return x + self.w[name + ".layer_scale_2"] * self.convffn(name + ".convffn", x)

    def linear(self, name):
        return self.w[name + ".weight"], self.w.get(name + ".bias")

    def vision(self, x):  # [b, 3, h, w] -> [b, features, h/64, w/64]
        root = "model.vision_tower.vision_tower.model."
        for i, stride in enumerate((2, 2, 1)):
            x = F.gelu(self.conv(f"{root}patch_embed.{i}.reparam_conv", x, stride))
        for i in range(11):
            name = f"{root}network.{i}"
            if i in (1, 3, 5, 8):
                x = F.gelu(self.conv(f"{name}.proj.0.lkb_reparam", x, 2))
                x = F.gelu(self.conv(f"{name}.proj.1.reparam_conv", x))
            elif i in (6, 9):
                x = self.conv(f"{name}.reparam_conv", x)
            else:
                x = self.stage(name, x)
        x = self.conv(f"{root}conv_exp.reparam_conv", x)
        gate = F.relu(self.conv(f"{root}conv_exp.se.reduce", x.mean((2, 3), keepdim=True)))
        return F.gelu(x * torch.sigmoid(self.conv(f"{root}conv_exp.se.expand", gate)))

    def stage(self, name, x):
        for i in range(100):
            block = f"{name}.{i}"
            if f"{block}.token_mixer.qkv.weight" in self.w:
                x = self.attention_block(block, x)
            elif f"{block}.layer_scale" in self.w:
                x = self.conv(f"{block}.token_mixer.reparam_conv", x)
                x = x + self.w[f"{block}.layer_scale"] * self.convffn(f"{block}.convffn", x)
            else:
                return x

    def image_features(self, pixels):  # [b, 3, h, w] -> [b, tokens, hidden]
        x = self.vision(pixels).flatten(2).transpose(1, 2)
        return F.linear(F.gelu(F.linear(x, *self.linear("model.mm_projector.0"))), *self.linear("model.mm_projector.2"))

    # --- decoder -----------------------------------------------------------------------------------------------------

    def rms_norm(self, name, x):
        return self.w[name + ".weight"] * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.config["rms_norm_eps"])

    def self_attention(self, name, x, position):
        b, s, _ = x.shape
        d = self.config["head_dim"]
        q, k, v = (
            F.linear(x, *self.linear(f"{name}.{part}_proj")).reshape(b, s, -1, d).transpose(1, 2) for part in "qkv"
        )  # [b, heads, s, d]
        inverse = self.config["rope_theta"] ** (-torch.arange(0, d, 2).float() / d)
        angle = torch.cat([position[:, None] * inverse] * 2, -1)  # [s, d]
        turn = lambda y: y * angle.cos() + torch.cat([-y[..., d // 2 :], y[..., : d // 2]], -1) * angle.sin()
        q, k, repeat = turn(q), turn(k), q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        scores = q @ k.transpose(-2, -1) * d**-0.5
        scores = scores.masked_fill(position[None, :] > position[:, None], float("-inf"))
        return F.linear((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, s, -1), *self.linear(f"{name}.o_proj"))

    def logits(self, embeds):  # [b, s, hidden] -> [b, s, vocab]
        x, position = embeds, torch.arange(embeds.shape[1]).float()
        for i in range(self.config["num_hidden_layers"]):
            name = f"model.layers.{i}"
            x = x + self.self_attention(f"{name}.self_attn", self.rms_norm(f"{name}.input_layernorm", x), position)
            y = self.rms_norm(f"{name}.post_attention_layernorm", x)
            gate, up, down = (self.w[f"{name}.mlp.{part}_proj.weight"] for part in ("gate", "up", "down"))
            x = x + (F.silu(y @ gate.T) * (y @ up.T)) @ down.T
        return self.rms_norm("model.norm", x) @ self.w["model.embed_tokens.weight"].T

    def prompt_ids(self, question, images=1):
        return self.tokenizer.encode(PROMPT.format("<image>" * images + question))

    def embeds(self, ids, features):
        """Text tokens from the table, each <image> replaced by that image's rows of features [images, tokens, hidden]."""
        table, image, feed = self.w["model.embed_tokens.weight"], self.config["image_token_index"], iter(features)
        return torch.cat([next(feed) if i == image else table[i][None] for i in ids])  # [s, hidden]

    @torch.no_grad()
    def continue_greedily(self, embeds, limit=96):
        """[b, s, hidden], prompts of one length -> b lists of ids, the end token included."""
        end, out = self.config["eos_token_id"], []
        done = torch.zeros(len(embeds), dtype=torch.bool)
        while len(out) < limit and not done.all():
            token = self.logits(embeds)[:, -1].argmax(-1)
            out.append(torch.where(done, end, token))
            done |= token == end
            embeds = torch.cat([embeds, self.w["model.embed_tokens.weight"][token][:, None]], 1)
        rows = torch.stack(out, 1).tolist()
        return [row[: row.index(end) + 1] if end in row else row for row in rows]

    def answer_ids(self, features, question):
        """features [images, tokens, hidden]"""
        return self.continue_greedily(self.embeds(self.prompt_ids(question, len(features)), features)[None])[0]

    @torch.no_grad()
    def agreement(self, features, questions, answers):
        """One image, question and answer each -> for each, one truth value per token of the answer and its end:
        would greedy decoding, having said the answer so far, go on with this token? All true = it says just that.
        """
        wanted = [self.tokenizer.encode(answer) + [self.config["eos_token_id"]] for answer in answers]
        rows = [self.embeds(self.prompt_ids(q) + w, f[None]) for q, w, f in zip(questions, wanted, features)]
        said = self.logits(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)).argmax(-1)  # [n, s]
        starts = [len(row) - len(w) - 1 for row, w in zip(rows, wanted)]  # what is said there is the answer's first token
        return [said[i, s : s + len(w)] == torch.tensor(w) for i, (s, w) in enumerate(zip(starts, wanted))]
