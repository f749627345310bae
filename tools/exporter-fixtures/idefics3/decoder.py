"""The Llama inside, as onnxruntime-genai's model builder writes it. Needs transformers 4.55, which builder 0.8.2 knows."""

import subprocess
import sys

from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from sizes import ROPE_THETA, TEXT
from small_files import write_tokenizer


def save_language_model(weights, folder):
    """A folder that the builder takes, from the file with weights that the other environment wrote."""
    model = LlamaForCausalLM(LlamaConfig(**TEXT, rope_theta=ROPE_THETA)).eval()
    model.load_state_dict(load_file(weights))
    model.save_pretrained(folder)
    write_tokenizer(folder)


def build(source, folder, precision):
    """Runs the builder as its command line does; the path of its graph, with the weights in a file beside it."""
    output = folder / f"built-{precision}"
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
    command += ["-i", str(source), "-o", str(output), "-p", precision, "-e", "webgpu", "-c", str(folder / "cache")]
    subprocess.run([*command, "--extra_options", "exclude_embeds=true"], check=True, stdout=subprocess.DEVNULL)
    return output / "model.onnx"
