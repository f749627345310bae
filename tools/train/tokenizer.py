"""Qwen2's kind of tokenizer with a vocabulary of its own: byte-level BPE learned from the grammar's sentences."""

import json
import unicodedata
from collections import Counter
from functools import lru_cache

import regex

from objects import ROOT

FOLDER = ROOT / "packages/tiny/model"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"]
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


ALPHABET = byte_alphabet()
BYTES = {character: byte for byte, character in ALPHABET.items()}


def pieces(text):
    text = unicodedata.normalize("NFC", text)
    return ["".join(ALPHABET[byte] for byte in piece.encode()) for piece in regex.findall(SPLIT, text)]


def learn_merges(texts, count):
    """The most frequent pair becomes a symbol, `count` times or until every piece is one symbol."""
    words = {tuple(piece): n for piece, n in Counter(p for text in texts for p in pieces(text)).items()}
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        words = {merged(word, best): n for word, n in words.items()}
    return merges


def merged(word, pair):
    out, i = [], 0
    while i < len(word):
        step = 2 if word[i : i + 2] == pair else 1
        out.append("".join(word[i : i + step]))
        i += step
    return tuple(out)


class Tokenizer:
    def __init__(self, vocabulary, merges):
        self.vocabulary = vocabulary  # token -> id, special tokens included
        self.tokens = {i: token for token, i in vocabulary.items()}
        self.ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
        self.merge_piece = lru_cache(None)(self._merge_piece)

    @classmethod
    def learned(cls, texts, count):
        merges = learn_merges(texts, count)
        tokens = [*ALPHABET.values(), *("".join(pair) for pair in merges), *SPECIAL]
        return cls({token: i for i, token in enumerate(dict.fromkeys(tokens))}, merges)

    @classmethod
    def load(cls):
        tokenizer = json.loads((FOLDER / "tokenizer.json").read_text())
        added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
        return cls(tokenizer["model"]["vocab"] | added, [tuple(pair.split(" ")) for pair in tokenizer["model"]["merges"]])

    def _merge_piece(self, piece):
        word = tuple(piece)
        while len(word) > 1:
            best = min(zip(word, word[1:]), key=lambda pair: self.ranks.get(pair, float("inf")))
            if best not in self.ranks:
                break
            word = merged(word, best)
        return [self.vocabulary[token] for token in word]

    def encode(self, text):
        ids = []
        for part in regex.split("(" + "|".join(map(regex.escape, SPECIAL)) + ")", text):
            if part in SPECIAL:
                ids.append(self.vocabulary[part])
            else:
                ids += [i for piece in pieces(part) for i in self.merge_piece(piece)]
        return ids

    def decode(self, ids):
        text = "".join(self.tokens[i] for i in ids if self.tokens[i] not in SPECIAL)
        return bytes(BYTES[character] for character in text).decode(errors="replace")
