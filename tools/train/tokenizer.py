"""Byte-level BPE with a vocabulary of its own, learned from the grammar's sentences, in the dialect of each model family."""

import json
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import regex

from objects import ROOT


@dataclass(frozen=True)
class Dialect:
    """How a family's tokenizer cuts text before it merges bytes, and which tokens it has besides."""

    folder: Path  # of the model's text files
    split: str
    first: tuple  # special tokens with the lowest ids
    last: tuple  # special tokens with the highest ids
    normalizes: bool

    @property
    def special(self):
        return self.first + self.last


QWEN = Dialect(
    folder=ROOT / "packages/tiny/model",
    split=(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    first=(),
    last=("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"),
    normalizes=True,
)

# SmolVLM's control tokens, in its order: those of SmolLM2, then those for images, all as many as the original has.
_GRID = range(1, 7)
SMOLVLM = Dialect(
    folder=ROOT / "packages/tiny/smolvlm/model",
    # GPT-2's pattern, for text that was cut before and after every digit.
    split=r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+",
    first=(
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>", "<gh_stars>",
        "<issue_start>", "<issue_comment>", "<issue_closed>", "<jupyter_start>", "<jupyter_text>", "<jupyter_code>",
        "<jupyter_output>", "<jupyter_script>", "<empty_output>",
    ),
    last=(
        "<global-img>",
        *(f"<row_{row}_col_{column}>" for row in _GRID for column in _GRID),
        "<fake_token_around_image>", "<image>",
        *(f"<|reserved_special_token_{i}|>" for i in range(88)),
        "<end_of_utterance>",
    ),
    normalizes=False,
)  # fmt: skip


def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


ALPHABET = byte_alphabet()
BYTES = {character: byte for byte, character in ALPHABET.items()}


compiled = lru_cache(None)(regex.compile)


@lru_cache(None)
def spelled(piece):
    return "".join(ALPHABET[byte] for byte in piece.encode())


def pieces(text, dialect):
    text = unicodedata.normalize("NFC", text) if dialect.normalizes else text
    return [spelled(piece) for piece in compiled(dialect.split).findall(text)]


def learn_merges(texts, count, dialect):
    """The most frequent pair becomes a symbol, `count` times or until every piece is one symbol."""
    words = {tuple(piece): n for piece, n in Counter(p for text in texts for p in pieces(text, dialect)).items()}
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
    def __init__(self, vocabulary, merges, dialect):
        self.vocabulary = vocabulary  # token -> id, special tokens included
        self.dialect = dialect
        self.tokens = {i: token for token, i in vocabulary.items()}
        self.ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
        self.special = frozenset(dialect.special)
        self.special_pattern = regex.compile("(" + "|".join(map(regex.escape, dialect.special)) + ")")
        self.merge_piece = lru_cache(None)(self._merge_piece)

    @classmethod
    def learned(cls, texts, count, dialect):
        merges = learn_merges(texts, count, dialect)
        tokens = [*dialect.first, *ALPHABET.values(), *("".join(pair) for pair in merges), *dialect.last]
        return cls({token: i for i, token in enumerate(dict.fromkeys(tokens))}, merges, dialect)

    @classmethod
    def load(cls, dialect):
        tokenizer = json.loads((dialect.folder / "tokenizer.json").read_text())
        added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
        merges = [tuple(pair.split(" ")) for pair in tokenizer["model"]["merges"]]
        return cls(tokenizer["model"]["vocab"] | added, merges, dialect)

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
        for part in self.special_pattern.split(text):
            if part in self.special:
                ids.append(self.vocabulary[part])
            else:
                ids += [i for piece in pieces(part, self.dialect) for i in self.merge_piece(piece)]
        return ids

    def decode(self, ids):
        text = "".join(self.tokens[i] for i in ids if self.tokens[i] not in self.special)
        return bytes(BYTES[character] for character in text).decode(errors="replace")
