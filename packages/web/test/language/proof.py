"""Shows that the weights are right: English from transformers, and the same logits from the fp32 ONNX decoder."""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transformers import AutoTokenizer, LlamaForCausalLM

FOLDER = Path(__file__).resolve().parents[4] / ".cache/language/smollm2-135m"
QUESTIONS = ["What is the capital of France?", "Why is the sky blue? Answer in one sentence."]
TOKENS = 32


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, report = LlamaForCausalLM.from_pretrained(folder, output_loading_info=True)
    wrong = {kind: names for kind, names in report.items() if names}
    assert not wrong, wrong
    onnx = Decoder(folder, model.config)
    for question in QUESTIONS:
        turns = [{"role": "user", "content": question}]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        prompt = tokenizer(text, return_tensors="pt").input_ids
        answer = model.generate(prompt, max_new_tokens=TOKENS, do_sample=False)
        print(question, "->", repr(tokenizer.decode(answer[0, prompt.shape[1] :])))
        expected = model(answer).logits[0].numpy()
        found = onnx.logits(answer.numpy())[0]
        print(f"  {answer.shape[1]} positions: largest difference of logits {np.abs(found - expected).max():.2e} of "
              f"{np.abs(expected).max():.1f}; likeliest token equal at {np.mean(found.argmax(1) == expected.argmax(1)):.0%}")


class Decoder:
    """The fp32 files of `packages/onnx`, in ONNX Runtime for Python."""

    def __init__(self, folder, config):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        paths = (folder / "onnx/embed_tokens.onnx", folder / "onnx/decoder_model_merged.onnx")
        self.embed, self.decoder = (onnxruntime.InferenceSession(str(path), options) for path in paths)
        self.empty = np.zeros((1, config.num_key_value_heads, 0, config.head_dim), np.float32)

    def logits(self, ids):
        (embeds,) = self.embed.run(None, {"input_ids": ids})
        feeds = {port.name: self.empty for port in self.decoder.get_inputs() if port.name.startswith("past")}
        feeds["inputs_embeds"] = embeds
        feeds["attention_mask"] = np.ones_like(ids)
        feeds["position_ids"] = np.arange(ids.shape[1])[None]
        names = {port.name for port in self.decoder.get_inputs()}
        return self.decoder.run(["logits"], {name: value for name, value in feeds.items() if name in names})[0]


if __name__ == "__main__":
    main()
