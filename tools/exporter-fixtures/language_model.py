"""A random Qwen2, and what onnxruntime-genai's model builder makes of it."""

import subprocess
import sys

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from sizes import FEED_FORWARD, HEADS, HIDDEN, KV_HEADS, LAYERS, POSITIONS, VOCABULARY
from tokenizer import END_OF_TEXT, END_OF_TURN, write_tokenizer


def random_language_model(seed):
    """Qwen2 as transformers has it: biases on q, k and v, tied embeddings, no window."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        max_position_embeddings=POSITIONS,
        rope_theta=1_000_000.0,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        bos_token_id=END_OF_TEXT,
        eos_token_id=END_OF_TURN,
    )
    model = Qwen2ForCausalLM(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "layernorm" in name or name == "model.norm.weight":
                weight.normal_(1, 0.1)
            elif name.endswith(".bias"):
                weight.normal_(0, 0.3)
            elif "embed_tokens" in name:
                weight.normal_(0, 0.3)
            else:
                # Louder than a trained model's, so that what a layer does shows in the logits.
                weight.normal_(0, 1.6 / weight.shape[1] ** 0.5)
    return model


def build_decoder(model, folder, precision):
    """Runs the builder as its command line does; the path of its graph, with the weights in a file beside it."""
    source, output = folder / "qwen2", folder / f"built-{precision}"
    model.save_pretrained(source)
    write_tokenizer(source)
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
    command += ["-i", str(source), "-o", str(output), "-p", precision, "-e", "webgpu", "-c", str(folder / "cache")]
    subprocess.run([*command, "--extra_options", "exclude_embeds=true"], check=True, stdout=subprocess.DEVNULL)
    return output / "model.onnx"
