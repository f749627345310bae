"""Conversations as token rows, as a family's chat template writes them. A picture is encoded once and asked several questions in one row:

    prefix: system, "user", image tokens      segment 0, seen by all
    question 1, answer 1                      segment 1, sees 0 and itself
    question 2, answer 2                      segment 2, sees 0 and itself, positions as if it followed the prefix

which equals separate rows but shares the prefix. A share of the rows is a true conversation of several turns instead.
"""

from dataclasses import dataclass

import numpy as np
import torch

import grammar

TOKENS_PER_IMAGE = 16
CHAINED = 0.25
IGNORE = -100


@dataclass(frozen=True)
class Chat:
    """The pieces of a chat template between which images, questions and answers go."""

    start: str
    ask: str  # between a question and its answer
    end: str  # after an answer
    next_turn: str
    gap: str = ""  # before every text that does not follow an image
    names: tuple = ()  # what the grammar calls the model, and what this one is called


QWEN_CHAT = Chat(
    start="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
    ask="<|im_end|>\n<|im_start|>assistant\n",
    end="<|im_end|>",
    next_turn="\n<|im_start|>user\n",
)
SMOLVLM_CHAT = Chat(
    start="<|im_start|>User:",
    ask="<end_of_utterance>\nAssistant:",
    end="<end_of_utterance>",
    next_turn="\nUser:",
    gap=" ",
    names=(("FastVLM-0.5B", "SmolVLM-256M"), ("FastVLM", "SmolVLM")),
)


def smolvlm_image(rows, columns, tile_tokens):
    """What stands for an image in SmolVLM's prompt: its tiles row by row, then the whole of it. 0 x 0: the whole alone."""
    tile, around = "<image>" * tile_tokens, "<fake_token_around_image>"
    lines = ["".join(f"{around}<row_{r}_col_{c}>{tile}" for c in range(1, columns + 1)) + "\n" for r in range(1, rows + 1)]
    return "".join(lines) + ("\n" if rows else "") + f"{around}<global-img>{tile}{around}"


class Packer:
    def __init__(self, tokenizer, chat=QWEN_CHAT):
        self.tokenizer, self.chat = tokenizer, chat
        self.image = tokenizer.vocabulary["<image>"]
        self.start, self.ask, self.end, self.next_turn = map(
            tokenizer.encode, (chat.start, chat.ask, chat.end, chat.next_turn)
        )

    def encode(self, text):
        for name, own in self.chat.names:
            text = text.replace(name, own)
        return self.tokenizer.encode(text)

    def row(self, pairs, images, chained):
        """Pairs of question and answer, and the ids of the images before them -> ids, positions, segments, labels"""
        ids = self.start + images
        positions, segments = list(range(len(ids))), [0] * len(ids)
        labels, start = [IGNORE] * len(ids), len(ids)
        for i, (question, answer) in enumerate(pairs):
            follows = chained and i > 0
            gap = self.chat.gap if follows or not images else ""
            asked = (self.next_turn if follows else []) + self.encode(gap + question) + self.ask
            told = self.encode(self.chat.gap + answer) + self.end
            ids += asked + told
            labels += [IGNORE] * (len(asked) - 1) + told + [IGNORE]  # each position is labelled with what follows it
            segments += [1 if chained else i + 1] * (len(asked) + len(told))
            positions += range(start, start + len(asked) + len(told))
            start += (len(asked) + len(told)) if chained else 0
        return ids, positions, segments, labels

    def batch(self, rng, scenes, questions=lambda rng, scene: grammar.questions(rng, scene, 4), pairs=0):
        """-> ids, positions, segments, labels (each [rows, s]) and the order in which rows use the pictures."""
        rows, order, image = [], [], [self.image] * TOKENS_PER_IMAGE
        for i, scene in enumerate(scenes):
            rows.append(self.row(questions(rng, scene), image, rng.random() < CHAINED))
            order.append(i)
        for _ in range(pairs):
            first, second = rng.choice(len(scenes), 2, replace=False)
            asked = grammar.pair_questions(rng, scenes[first], scenes[second])
            rows.append(self.row(asked, image * 2, False))
            order += [first, second]
        rows.append(self.row([grammar.without_image(rng) for _ in range(4)], [], False))
        length = max(len(row[0]) for row in rows)
        fill = (0, 0, -1, IGNORE)
        columns = [[row[i] + [fill[i]] * (length - len(row[i])) for row in rows] for i in range(4)]
        return [torch.from_numpy(np.array(column)) for column in columns], order


def attention_mask(segments):
    """[b, s] -> [b, 1, s, s], 0 where a position may look, else -inf."""
    s = segments.shape[1]
    seen = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
    seen &= torch.ones(s, s, dtype=torch.bool, device=segments.device).tril()
    return torch.zeros(seen.shape, device=segments.device).masked_fill_(~seen, float("-inf"))[:, None]
