"""A Qwen2 of 50,000 weights that has learnt ten answers, so that its exports can be compared by what they say.

Every export in `e2e/fixtures/exporter-decoders` is of these weights. They are trained here rather than random: a random
decoder repeats itself, and a wrong attention may then change no word of it.
"""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import Qwen2Config, Qwen2ForCausalLM

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "packages/tiny/model/tokenizer.json"

END = "<|im_end|>"
SYSTEM = "Answer in a few words."
BRIEF = "Describe this image in one short sentence."

# Asked with and without the system prompt, so that a sequence shares what the other began with.
ANSWERS = {
    "What is the first color?": "The first color is red.",
    "What is the second color?": "It is blue, after the first.",
    "How many objects are there?": "There are three objects.",
    "What is on the left?": "On the left is a small clock.",
    "What is on the right?": "A large green crab.",
    "Is there a dog?": "No, there is no dog.",
    "What can you do?": "I can describe pictures.",
}
CAPTION = "A picture of a red circle and a blue square."


def config():
    return Qwen2Config(
        vocab_size=1184,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=48,
        max_position_embeddings=512,
        rope_theta=10000.0,
        tie_word_embeddings=True,
        initializer_range=0.05,
        eos_token_id=1158,
        bos_token_id=1156,
        pad_token_id=1156,
        use_sliding_window=False,
    )


def chat(question, system=None):
    """As the chat template renders it, up to where the answer begins."""
    system = "You are a helpful assistant." if system is None else system
    return (
        f"<|im_start|>system\n{system}{END}\n<|im_start|>user\n{question}{END}\n<|im_start|>assistant\n"
    )


class Text:
    def __init__(self):
        self.tokenizer = Tokenizer.from_file(str(TOKENIZER))

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=True)


def samples(text):
    """Pairs of ids before the answer and ids of the answer; None stands for a picture's features."""
    found = []
    for question, answer in ANSWERS.items():
        for system in (None, SYSTEM):
            found.append((text.encode(chat(question, system)), text.encode(answer + END)))
    before, after = chat("\0" + BRIEF).split("\0")
    prompt = text.encode(before) + [None] + text.encode(after)
    found.append((prompt, text.encode(CAPTION + END)))
    return found


def embed(model, prompt, features):
    table = model.get_input_embeddings().weight
    parts = [features if one is None else table[one][None] for one in prompt]
    return torch.cat(parts)


def train(seed=7, steps=700):
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config())
    text = Text()
    pairs = samples(text)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    length = max(len(prompt) + len(answer) for prompt, answer in pairs) + 64
    for step in range(steps):
        embeds = torch.zeros(len(pairs), length, 32)
        labels = torch.full((len(pairs), length), -100)
        for row, (prompt, answer) in enumerate(pairs):
            # Pictures of any content and of 1 to 64 image tokens are all the same to it.
            features = torch.randn(int(torch.randint(1, 65, ())), 32) * 0.05
            given = embed(model, prompt + answer, features)
            embeds[row, : len(given)] = given
            labels[row, len(given) - len(answer) : len(given)] = torch.tensor(answer)
        loss = model(inputs_embeds=embeds, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 49:
            print(step + 1, float(loss), flush=True)
    return model.eval()


@torch.no_grad()
def answer(model, prompt_ids, count=32):
    """Greedy ids without the end token, and how far the likeliest is ahead of the second, at least."""
    ids, lead = list(prompt_ids), float("inf")
    while len(ids) < len(prompt_ids) + count:
        logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
        first, second = logits.topk(2)
        lead = min(lead, float(first[0] - first[1]))
        if int(second[0]) == 1158:
            break
        ids.append(int(second[0]))
    return ids[len(prompt_ids) :], lead


@torch.no_grad()
def expectations(model):
    """What every export is held to: answers, and the logits behind a prompt."""
    text = Text()
    questions = []
    for question in ANSWERS:
        for system in (None, SYSTEM):
            ids, lead = answer(model, text.encode(chat(question, system)))
            entry = {"prompt": question, "answer": text.decode(ids), "lead": round(lead, 3)}
            questions.append(entry if system is None else {**entry, "system": system})
    ids = text.encode(chat(next(iter(ANSWERS))))
    logits = model(input_ids=torch.tensor([ids])).logits[0]
    return {
        "questions": questions,
        "ids": ids,
        "logits": [round(float(one), 5) for one in logits[-1]],
    }


def write_json(path, content):
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
