"""What the small Idefics3 is made of, and where its files go. Both environments of `make.py` read this."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "e2e/fixtures/exported-idefics3"

SEED = 20251126

# SmolVLM-256M: tiles of 512 px, patches of 16, 4 x 4 patches for a token, 12 layers of 768.
TILE = 64
PATCH = 8
SHUFFLE = 2
TOKENS = (TILE // PATCH // SHUFFLE) ** 2
VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": TILE,
    "patch_size": PATCH,
}

# SmolVLM-256M: 30 layers of 576, 9 heads over 3, own `lm_head`, no biases.
VOCABULARY = 384
HIDDEN = 32
HEADS = 4
KV_HEADS = 2
HEAD_SIZE = 16
LAYERS = 3
POSITIONS = 512
TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "intermediate_size": 64,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": HEAD_SIZE,
    "max_position_embeddings": POSITIONS,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
}
ROPE_THETA = 100_000.0
IMAGE_TOKEN = VOCABULARY - 2
