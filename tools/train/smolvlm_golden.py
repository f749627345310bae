"""Writes golden.json: what transformers' own classes answer with the tiny SmolVLM's checkpoint, for some fixture scenes.

Needs transformers 4.49. Later versions, 4.55 among them, give the wrong positions to patches: they compare i / n * (1 - 1e-6)
with multiples of 1 / n, so that all but the first come one too early. The ONNX files and the kit's family of models are tested against it.
"""

import argparse
import json

import tokenizers
import torch
import transformers
from PIL import Image
from transformers import (
    AutoTokenizer,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
)

import grammar
import tensor_file
from golden import PROMPTS, SCENES, rounded
from sequences import SMOLVLM_CHAT, Packer, smolvlm_image
from smolvlm_export import CHECKPOINT
from smolvlm_model import Config
from tokenizer import SMOLVLM, Tokenizer

LONGEST_EDGES = {128: (0, 0), 256: (2, 2)}  # pixels -> rows and columns
QUESTIONS = [*PROMPTS, grammar.BACKGROUND[0], "Is there a key?"]


def load(checkpoint):
    model = Idefics3ForConditionalGeneration(Idefics3Config.from_pretrained(SMOLVLM.folder)).eval()
    missing, unexpected = model.load_state_dict(tensor_file.read(checkpoint), strict=False)
    assert not missing and not unexpected, f"missing {missing}, unexpected {unexpected}"
    # The image processor of Pillow: the other one has no Lanczos filter.
    images = Idefics3ImageProcessor.from_pretrained(SMOLVLM.folder)
    tokenizer = AutoTokenizer.from_pretrained(SMOLVLM.folder)
    return model, Idefics3Processor(
        images, tokenizer, image_seq_len=Config().tile_tokens, chat_template=tokenizer.chat_template
    )


@torch.no_grad()
def answers(model, processor, file, edge):
    image = Image.open(SCENES / file).convert("RGB")
    out = []
    for question in QUESTIONS:
        turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}
        prompt = processor.apply_chat_template([turn], add_generation_prompt=True)
        inputs = processor(text=prompt, images=[image], size={"longest_edge": edge}, return_tensors="pt")
        ids = inputs["input_ids"][0].tolist()
        own = Packer(Tokenizer.load(SMOLVLM), SMOLVLM_CHAT)
        images = own.tokenizer.encode(smolvlm_image(*LONGEST_EDGES[edge], Config().tile_tokens))
        assert ids == own.start + images + own.encode(question) + own.ask, "trained on another prompt"
        said = model.generate(**inputs, max_new_tokens=64, do_sample=False, eos_token_id=own.end[0], pad_token_id=2)
        said = said[0, len(ids) :].tolist()
        out.append({"prompt": question, "prompt_ids": ids, "ids": said, "text": processor.tokenizer.decode(said[:-1])})
    features = []
    keep = model.model.connector.register_forward_hook(lambda *call: features.append(call[-1]))
    model(**inputs)
    keep.remove()
    features = features[0]
    return {
        "file": file,
        "longest_edge": edge,
        "image_features": {
            "shape": list(features.shape),
            "mean_per_token": rounded(features.mean(-1)),
            "first_16_of_token_0": rounded(features[0, 0, :16]),
        },
        "answers": out,
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--checkpoint", default=CHECKPOINT)
    arguments.add_argument("--out", default=CHECKPOINT.with_name("golden.json"))
    options = arguments.parse_args()
    model, processor = load(options.checkpoint)
    result = [answers(model, processor, f"scene-{i:02}.png", edge) for i in (1, 2, 3) for edge in LONGEST_EDGES]
    versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "torch": torch.__version__}
    with open(options.out, "w") as file:
        file.write(json.dumps({"written_by": versions, "scenes": result}) + "\n")
    for scene in result:
        print(scene["file"], scene["longest_edge"], [answer["text"] for answer in scene["answers"]])


if __name__ == "__main__":
    main()
