"""Conversations as token rows. A picture is encoded once and asked several questions in one row:

    prefix: system, "user", image tokens      segment 0, seen by all
    question 1, answer 1                      segment 1, sees 0 and itself
    question 2, answer 2                      segment 2, sees 0 and itself, positions as if it followed the prefix

which equals separate rows but shares the prefix. A share of the rows is a true conversation of several turns instead.
"""

import numpy as np
import torch

import grammar

TOKENS_PER_IMAGE = 16
CHAINED = 0.25
IGNORE = -100


class Packer:
    def __init__(self, tokenizer):
        self.encode = tokenizer.encode
        self.image = tokenizer.vocabulary["<image>"]
        self.system = self.encode("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n")
        self.ask = self.encode("<|im_end|>\n<|im_start|>assistant\n")
        self.end = self.encode("<|im_end|>")
        self.next_turn = self.encode("\n<|im_start|>user\n")

    def row(self, pairs, images, chained):
        """pairs of question and answer -> ids, positions, segments, labels"""
        ids = self.system + [self.image] * (TOKENS_PER_IMAGE * images)
        positions, segments = list(range(len(ids))), [0] * len(ids)
        labels, start = [IGNORE] * len(ids), len(ids)
        for i, (question, answer) in enumerate(pairs):
            asked = (self.next_turn if chained and i else []) + self.encode(question) + self.ask
            told = self.encode(answer) + self.end
            ids += asked + told
            labels += [IGNORE] * (len(asked) - 1) + told + [IGNORE]  # each position is labelled with what follows it
            segments += [1 if chained else i + 1] * (len(asked) + len(told))
            positions += range(start, start + len(asked) + len(told))
            start += (len(asked) + len(told)) if chained else 0
        return ids, positions, segments, labels

    def batch(self, rng, scenes, questions=lambda rng, scene: grammar.questions(rng, scene, 4), pairs=0):
        """-> ids, positions, segments, labels (each [rows, s]) and the order in which rows use the pictures."""
        rows, order = [], []
        for i, scene in enumerate(scenes):
            rows.append(self.row(questions(rng, scene), 1, rng.random() < CHAINED))
            order.append(i)
        for _ in range(pairs):
            first, second = rng.choice(len(scenes), 2, replace=False)
            asked = grammar.pair_questions(rng, scenes[first], scenes[second])
            rows.append(self.row(asked, 2, False))
            order += [first, second]
        rows.append(self.row([grammar.without_image(rng) for _ in range(4)], 0, False))
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
