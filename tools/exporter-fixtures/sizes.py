"""What the small model is made of, and where its files go."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "e2e/fixtures/exported-fastvlm"

SEED = 20251125

HIDDEN = 64
LAYERS = 3
HEADS = 2
KV_HEADS = 1
FEED_FORWARD = 128
VOCABULARY = 384
POSITIONS = 1024

# FastViTHD has 96 to 1536 channels and 2, 12, 24, 4 and 2 blocks; attention in the last two stages, with heads of 32.
CHANNELS = (8, 16, 16, 32, 32)
BLOCKS = (1, 1, 1, 1, 1)
ATTENTION_STAGES = 2
HEAD_WIDTH = 16
IMAGE_SIZE = 1024
