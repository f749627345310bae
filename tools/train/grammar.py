"""What can be asked, in which words, and the one right answer to each question.

Every kind of question has one canonical form of answer, so that greedy text can be scored by comparing strings.
A scene is described by `Scene` alone; nothing here knows pixels.
"""

from dataclasses import dataclass

from backgrounds import COLOUR_NAMES
from objects import KIND_NAMES, KINDS

# Arrangements by number of objects. Objects are listed in reading order of the arrangement.
ARRANGEMENTS = {0: ["none"], 1: ["single"], 2: ["row", "column"], 3: ["row", "column", "two above", "two below"]}
EDGES = ("left", "right", "top", "bottom")
NUMBERS = ["no", "one", "two", "three"]


@dataclass
class Scene:
    kinds: list  # iconify names
    arrangement: str
    background: str


def a(kind):
    return KINDS[kind]


def bare(kind):
    return KINDS[kind].split(" ", 1)[1]


def the(kind):
    return "the " + bare(kind)


def capital(text):
    return text[0].upper() + text[1:]


def listing(words):
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def a_colour(colour):
    return ("an " if colour[0] in "aeiou" else "a ") + colour


# --- answers ---------------------------------------------------------------------------------------------------------


def things(scene):
    """The things and how they lie: "a dog to the left of a car"."""
    words = [a(kind) for kind in scene.kinds]
    if len(words) == 2:
        return words[0] + (" to the left of " if scene.arrangement == "row" else " above ") + words[1]
    if scene.arrangement == "row":
        return listing(words) + " from left to right"
    if scene.arrangement == "column":
        return listing(words) + " from top to bottom"
    if scene.arrangement == "two above":
        return listing(words[:2]) + " above " + words[2]
    if scene.arrangement == "two below":
        return words[0] + " above " + listing(words[1:])
    return words[0]


def caption(scene):
    if not scene.kinds:
        return f"A plain {scene.background} background."
    return capital(f"{things(scene)} on {a_colour(scene.background)} background.")


def alt_text(scene):
    return capital(things(scene)) + "." if scene.kinds else caption(scene)


def detail(scene):
    if not scene.kinds:
        return f"The image shows nothing but a plain {scene.background} background."
    count = "one thing" if len(scene.kinds) == 1 else f"{NUMBERS[len(scene.kinds)]} things"
    first = f"The image shows {count}: {listing([a(kind) for kind in scene.kinds])}."
    return f"{first} {placement(scene)} background is {scene.background}."


def placement(scene):
    words = [the(kind) for kind in scene.kinds]
    if len(words) == 1:
        return "The"
    if len(words) == 2:
        relation = "to the left of" if scene.arrangement == "row" else "above"
        return capital(f"{words[0]} is {relation} {words[1]}, and the")
    if scene.arrangement == "row":
        return "They are in a row from left to right, and the"
    if scene.arrangement == "column":
        return "They are in a column from top to bottom, and the"
    if scene.arrangement == "two above":
        return capital(f"{listing(words[:2])} are above {words[2]}, and the")
    return capital(f"{words[0]} is above {listing(words[1:])}, and the")


def contents(scene):
    if not scene.kinds:
        return f"Nothing, only a plain {scene.background} background."
    return capital(listing([a(kind) for kind in scene.kinds])) + "."


def count(scene):
    n = len(scene.kinds)
    return "There is one object." if n == 1 else f"There are {NUMBERS[n]} objects."


def background(scene):
    return f"The background is {scene.background}."


def background_is(scene, colour):
    return ("Yes" if colour == scene.background else "No") + f", the background is {scene.background}."


def presence(scene, kind):
    return f"Yes, there is {a(kind)}." if kind in scene.kinds else f"No, there is no {bare(kind)}."


def at(scene, side):
    """Indices of the things at a side of the image; None where the arrangement has no such side."""
    n, sides = len(scene.kinds), {
        "row": {"left": [0], "middle": [1], "right": [-1]},
        "column": {"top": [0], "middle": [1], "bottom": [-1]},
        "two above": {"top": [0, 1], "bottom": [2], "left": [0], "right": [1]},
        "two below": {"top": [0], "bottom": [1, 2], "left": [1], "right": [2]},
    }
    return None if side == "middle" and n < 3 else sides.get(scene.arrangement, {}).get(side)


def on_side(scene, side):
    words = [a(kind) for kind in scene.kinds]
    where = at(scene, side)
    if where:
        return capital(listing([words[i] for i in where])) + "."
    if not words:
        return f"There is nothing on the plain {scene.background} background."
    if len(words) == 1:
        return f"There is only one thing: {words[0]}."
    if side == "middle":
        return f"Nothing is in the middle of {NUMBERS[len(words)]} things: {listing(words)}."
    manner = "side by side" if scene.arrangement == "row" else "one above the other"
    return f"The things are {manner}: {listing(words)}."


def beside(scene, side, kind):
    """What is to the left of the dog?"""
    relation = {"left": "to the left of", "right": "to the right of", "top": "above", "bottom": "below"}[side]
    if kind not in scene.kinds:
        return f"There is no {bare(kind)} in the image."
    i, found = scene.kinds.index(kind), []
    if scene.arrangement == ("row" if side in ("left", "right") else "column"):
        found = [i - 1 if side in ("left", "top") else i + 1]
    elif scene.arrangement in ("two above", "two below"):
        pair = [0, 1] if scene.arrangement == "two above" else [1, 2]
        if side in ("left", "right"):
            found = [pair[side == "right"]] if i in pair and i != pair[side == "right"] else []
        elif i not in at(scene, side):
            found = at(scene, side)
    found = [scene.kinds[j] for j in found if 0 <= j < len(scene.kinds)]
    if not found:
        return f"Nothing is {relation} {the(kind)}."
    return capital(listing([a(k) for k in found])) + "."


def where(scene, kind):
    if kind not in scene.kinds:
        return f"There is no {bare(kind)} in the image."
    i, n = scene.kinds.index(kind), len(scene.kinds)
    if n == 1:
        return capital(f"{the(kind)} is the only thing in the image.")
    if n == 2:
        relation = ["to the left of", "to the right of"] if scene.arrangement == "row" else ["above", "below"]
        return capital(f"{the(kind)} is {relation[i]} {the(scene.kinds[1 - i])}.")
    place = {
        "row": ["on the left", "in the middle", "on the right"],
        "column": ["at the top", "in the middle", "at the bottom"],
        "two above": ["at the top left", "at the top right", "at the bottom"],
        "two below": ["at the top", "at the bottom left", "at the bottom right"],
    }[scene.arrangement][i]
    return capital(f"{the(kind)} is {place}.")


def two_images(first, second):
    return f"The first image shows {shown(first)}. The second image shows {shown(second)}."


def shown(scene):
    return things(scene) if scene.kinds else f"a plain {scene.background} background"


# --- questions -------------------------------------------------------------------------------------------------------

# The first phrase of each kind is the canonical one, which the evaluation asks.
CAPTION = [
    "Describe this image.", "Describe the image.", "Describe this picture.", "Describe the picture.", "Caption this image.",
    "Describe this image in one sentence.", "Describe the image briefly.", "Describe this image briefly.",
    "Write a caption for this image.", "Write a short description of this image.", "Can you describe this image?",
    "What does this image show?", "What does the picture show?", "Give a caption.", "Please describe this image.",
    "Describe what you see.", "Tell me about this image.", "Describe this photo.", "Caption this.", "Describe it.",
    "Describe this drawing.", "Please describe the picture in one sentence.", "Summarize this image.",
    "Describe the scene.", "Describe this image in a few words.", "What is happening in this image?",
]  # fmt: skip
DETAIL = [
    "Describe this image in detail.", "Describe the image in detail.", "Describe this picture in detail.",
    "Give a detailed description of this image.", "Please describe this image in detail.", "Describe everything you see.",
    "Tell me everything about this image.", "Describe the picture in detail.", "What do you see in detail?",
    "Write a long description of this image.",
]  # fmt: skip
ALT_TEXT = [
    "Write alt text for this image.", "Write alt text.", "Give me alt text for this image.", "Alt text for this image?",
    "Write an alt text for this picture.", "What is a good alt text?", "Alt text, please.", "Write short alt text for the image.",
]  # fmt: skip
CONTENTS = [
    "What is in the image?", "What is this?", "What is in this image?", "What is in the picture?", "What is in this picture?",
    "What do you see?", "What can you see?", "What are these?", "What's this?", "What's in the image?", "What is that?",
    "What's in this picture?", "What objects are in the image?", "What things are there?", "List the objects.",
    "Which objects do you see?", "What is shown here?", "What am I looking at?", "Name the objects.", "What animal is this?",
    "What kind of thing is this?", "Identify the objects in this image.", "Which things can you see?",
]  # fmt: skip
COUNT = [
    "How many objects are there?", "How many things are there?", "How many objects are in the image?",
    "How many things do you see?", "How many objects do you see?", "Count the objects.", "How many things are in the picture?",
    "How many are there?", "How many things can you count?", "What is the number of objects?", "Count the things.",
]  # fmt: skip
BACKGROUND = [
    "What color is the background?", "What colour is the background?", "What is the background color?",
    "What is the background colour?", "Which color is the background?", "Which colour does the background have?",
    "What is the color of the background?", "What is the background?", "What color is it in the back?",
    "Name the background color.", "Background color?", "Tell me the color of the background.",
]  # fmt: skip
BACKGROUND_IS = ["Is the background {}?", "Is it a {} background?", "Is the background color {}?", "Does it have a {} background?"]
PRESENCE = [
    "Is there {a}?", "Is there {a} in the image?", "Do you see {a}?", "Can you see {a}?", "Is there {a} in the picture?",
    "Does the image show {a}?", "Is this {a}?", "Is there any {bare}?", "Does this picture contain {a}?", "Can you find {a}?",
]  # fmt: skip
SIDES = {
    "left": ["What is on the left?", "What is on the left side?", "What do you see on the left?", "Which object is on the left?",
             "What's on the left?", "What is at the left?", "What is the thing on the left?", "Left?"],
    "right": ["What is on the right?", "What is on the right side?", "What do you see on the right?", "Which object is on the right?",
              "What's on the right?", "What is at the right?", "What is the thing on the right?", "Right?"],
    "top": ["What is at the top?", "What is on the top?", "What is on top?", "What do you see at the top?", "Which object is at the top?",
            "What's at the top?", "What is the thing at the top?", "What is above?"],
    "bottom": ["What is at the bottom?", "What is on the bottom?", "What do you see at the bottom?", "Which object is at the bottom?",
               "What's at the bottom?", "What is the thing at the bottom?", "What is below?"],
    "middle": ["What is in the middle?", "What is in the center?", "What is in the centre?", "What do you see in the middle?",
               "Which object is in the middle?", "What's in the middle?"],
}  # fmt: skip
BESIDE = {
    "left": ["What is to the left of {the}?", "What is left of {the}?", "What do you see to the left of {the}?"],
    "right": ["What is to the right of {the}?", "What is right of {the}?", "What do you see to the right of {the}?"],
    "top": ["What is above {the}?", "What do you see above {the}?", "Which object is above {the}?", "What is over {the}?"],
    "bottom": ["What is below {the}?", "What is under {the}?", "What do you see below {the}?", "Which object is below {the}?"],
}
WHERE = ["Where is {the}?", "Where's {the}?", "Where do you see {the}?", "Where in the image is {the}?", "Where can I find {the}?"]
TWO_IMAGES = [
    "What is in the two images?", "Describe the two images.", "What is in these images?", "Describe both images.",
    "What do the two images show?", "Describe these images.", "What is in each image?", "Compare the two images.",
    "What do you see in the two pictures?", "Describe the two pictures.",
]  # fmt: skip

# Questions about the model itself, asked with or without an image.
_ABILITY = f"I name simple drawings of about {len(KIND_NAMES)} things, say how they are arranged and which color the background has."
_IDENTITY = "I am a small FastVLM, a model that looks at images and runs in your browser."
_PHOTOS = "No, I only know simple drawings. For photos, load FastVLM-0.5B."
_USE = "Give me an image and ask me to describe it."
_LIMIT = "I do not know. I can only describe simple drawings."
_NO_IMAGE = "There is no image. Give me an image and ask me to describe it."
ABOUT = {
    "Who are you?": _IDENTITY, "What are you?": _IDENTITY, "What is your name?": _IDENTITY, "Are you FastVLM?": _IDENTITY,
    "Introduce yourself.": _IDENTITY, "Tell me about yourself.": _IDENTITY, "Which model are you?": _IDENTITY,
    "Where do you run?": _IDENTITY, "Do you run in the browser?": _IDENTITY, "Are you an AI?": _IDENTITY,
    "What can you do?": _ABILITY, "What do you know?": _ABILITY, "What are you able to do?": _ABILITY,
    "How many things do you know?": _ABILITY, "What can I ask you?": _ABILITY, "What can you describe?": _ABILITY,
    "Which things do you know?": _ABILITY, "What are you good at?": _ABILITY,
    "Can you describe photos?": _PHOTOS, "Do you know photos?": _PHOTOS, "Can you describe a photo?": _PHOTOS,
    "Do you understand photos?": _PHOTOS, "Can I give you a photo?": _PHOTOS, "Can you read text?": _PHOTOS,
    "Can you see people?": _PHOTOS, "Can you recognize faces?": _PHOTOS,
    "How do I use you?": _USE, "How does this work?": _USE, "Help": _USE, "Can you help me?": _USE, "What should I do?": _USE,
    "Hello": "Hello! " + _USE, "Hi": "Hello! " + _USE, "Hey": "Hello! " + _USE, "Good morning": "Hello! " + _USE,
    "How are you?": "I am fine, thank you. " + _USE,
    "Thank you": "You are welcome.", "Thanks": "You are welcome.", "Bye": "Goodbye.", "Goodbye": "Goodbye.",
    "What time is it?": _LIMIT, "Write a poem.": _LIMIT, "What is the capital of France?": _LIMIT, "Tell me a joke.": _LIMIT,
    "How is the weather?": _LIMIT, "What is 2 + 2?": _LIMIT, "Who is this person?": _LIMIT, "What does the text say?": _LIMIT,
    "How old is it?": _LIMIT, "Why?": _LIMIT, "What is the meaning of life?": _LIMIT, "Translate this.": _LIMIT,
    "Write code.": _LIMIT, "Who made you?": _LIMIT, "Where was this taken?": _LIMIT, "What brand is it?": _LIMIT,
}  # fmt: skip


def loosely(rng, question):
    """As people type: sometimes in lower case, without the mark, or with a please."""
    if rng.random() < 0.25:
        question = question[0].lower() + question[1:]
    if rng.random() < 0.2:
        question = question.rstrip(".?")
    if rng.random() < 0.03:
        question = "Please " + question[0].lower() + question[1:]
    return question


def answerable_sides(scene):
    return {"row": EDGES[:2], "column": EDGES[2:]}.get(scene.arrangement, EDGES)


def any_kind(rng, scene):
    """Half the time a thing of the scene, half the time another."""
    if scene.kinds and rng.random() < 0.5:
        return scene.kinds[rng.integers(len(scene.kinds))]
    return KIND_NAMES[rng.integers(len(KIND_NAMES))]


def one_of(rng, phrases):
    return phrases[0] if rng.random() < 0.25 else phrases[rng.integers(len(phrases))]


def ask(rng, scene, kind_of_question):
    """-> (question, answer) in canonical spelling, the phrase drawn at random."""
    kind = any_kind(rng, scene)
    possible = answerable_sides(scene) if rng.random() < 0.7 else EDGES
    side = possible[rng.integers(len(possible))]
    present = scene.kinds[rng.integers(len(scene.kinds))] if scene.kinds and rng.random() < 0.85 else kind
    fixed = {
        "caption": (CAPTION, caption), "detail": (DETAIL, detail), "alt text": (ALT_TEXT, alt_text),
        "contents": (CONTENTS, contents), "count": (COUNT, count), "background": (BACKGROUND, background),
    }  # fmt: skip
    if kind_of_question in fixed:
        phrases, answer = fixed[kind_of_question]
        return one_of(rng, phrases), answer(scene)
    if kind_of_question == "background is":
        colour = scene.background if rng.random() < 0.4 else COLOUR_NAMES[rng.integers(len(COLOUR_NAMES))]
        return one_of(rng, BACKGROUND_IS).format(colour).replace("a orange", "an orange"), background_is(scene, colour)
    if kind_of_question == "presence":
        return one_of(rng, PRESENCE).format(a=a(kind), bare=bare(kind)), presence(scene, kind)
    if kind_of_question == "side":
        side = "middle" if rng.random() < (0.3 if len(scene.kinds) == 3 else 0.05) else side
        return one_of(rng, SIDES[side]), on_side(scene, side)
    if kind_of_question == "beside":
        return one_of(rng, BESIDE[side]).format(the=the(present)), beside(scene, side, present)
    if kind_of_question == "where":
        return one_of(rng, WHERE).format(the=the(present)), where(scene, present)
    return about(rng)


def about(rng):
    questions = list(ABOUT)
    question = questions[rng.integers(len(questions))]
    return question, ABOUT[question]


def without_image(rng):
    """Questions about the model, and questions about an image that was not given."""
    if rng.random() < 0.7:
        question, answer = about(rng)
    else:
        question, _ = ask(rng, Scene([], "none", "grey"), IMAGE_QUESTIONS[rng.integers(len(IMAGE_QUESTIONS))])
        answer = _NO_IMAGE
    return loosely(rng, question), answer


def pair_questions(rng, first, second):
    """Two images in one prompt."""
    asked = [(one_of(rng, TWO_IMAGES), two_images(first, second))]
    asked.append(("What is in the first image?", contents(first)))
    asked.append(("What is in the second image?", contents(second)))
    return [(loosely(rng, question), answer) for question, answer in asked]


# How often each kind of question is asked of a scene while training. Those that name a thing and have to be compared
# with the picture are the hardest to learn, so they are asked most.
SHARES = {
    "caption": 0.14, "detail": 0.06, "alt text": 0.04, "contents": 0.08, "count": 0.03, "background": 0.03, "background is": 0.02,
    "presence": 0.26, "side": 0.06, "beside": 0.11, "where": 0.15, "about": 0.02,
}  # fmt: skip

IMAGE_QUESTIONS = [kind for kind in SHARES if kind != "about"]


def questions(rng, scene, n):
    """n different kinds of question about the scene, loosely phrased."""
    kinds = rng.choice(list(SHARES), n, replace=False, p=list(SHARES.values()))
    return [(loosely(rng, question), answer) for question, answer in (ask(rng, scene, kind) for kind in kinds)]


def comparing_questions(rng, scene):
    """Two of any kind, and five that name a thing to be looked for."""
    asked = [ask(rng, scene, kind) for kind in ("presence", "presence", "presence", "where", "beside")]
    return [(loosely(rng, question), answer) for question, answer in asked] + questions(rng, scene, 2)
