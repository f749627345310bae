"""Writes golden-pixels.json: hashes of the tiles that Pillow makes of images, for SmolVLM's family to agree with.

Run it with numpy, Pillow 9.4 to 12, and transformers of any version that has `Idefics3ImageProcessor` in numpy (4.46 to
4.57). Pillow 13 resizes along the columns first where that costs less, and rounds to bytes after the first direction: for
tall images it makes other bytes (decisions/2026-11-26-smolvlm-tiles.md).

    python3 tools/smolvlm-pixels/make-golden.py

The chain of resizes is written out here with Pillow alone. For `stretch` the tiles are compared with those of
transformers' own image processor, and the script fails where they differ. Images are drawn by a rule that the test
repeats, so that none of them is stored.
"""

import hashlib
import json
import math
import pathlib

import numpy
import PIL
from PIL import Image

assert int(PIL.__version__.split(".")[0]) < 13, "use a Pillow that resizes along the rows first"

OUT = pathlib.Path(__file__).parents[2] / "packages/web/src/families/smolvlm/fixtures/golden-pixels.json"

# Width, height, longest side, tile, fit. Photos in both directions, images of one tile, extreme ratios, images that are
# enlarged, and images of which nothing has to be resized.
CASES = [
    (1333, 1000, 1024, 512, "stretch"),
    (640, 480, 512, 512, "stretch"),
    (512, 512, 512, 512, "stretch"),
    (1024, 512, 1024, 512, "stretch"),
    (300, 200, 512, 512, "stretch"),
    (97, 211, 128, 32, "stretch"),
    (211, 97, 128, 32, "stretch"),
    (61, 60, 64, 32, "stretch"),
    (700, 9, 128, 32, "stretch"),
    (1, 90, 96, 32, "stretch"),
    (33, 31, 64, 32, "stretch"),
    (200, 131, 128, 32, "pad"),
    (60, 201, 64, 32, "pad"),
    (200, 131, 128, 32, "crop"),
    (61, 200, 32, 32, "crop"),
]


def draw(width, height):
    """Noise over hard-edged blocks: Lanczos overshoots at the edges and must be clipped there."""
    values = numpy.empty(width * height * 3, dtype=numpy.int64)
    state = 1
    for at in range(values.size):
        state = (state * 1664525 + 1013904223) % 2**32
        values[at] = (state >> 24) % 81 - 40
    y, x = numpy.mgrid[:height, :width]
    blocks = ((x // 5 + y // 5) % 2 * 255)[..., None]
    return numpy.clip(blocks + values.reshape(height, width, 3), 0, 255).astype(numpy.uint8)


def window(picture, fit):
    """All of the image, the image on a black square, or the square in its middle."""
    width, height = picture.size
    if fit == "stretch":
        return picture
    side = max(width, height) if fit == "pad" else min(width, height)
    square = Image.new("RGB", (side, side))
    if fit == "pad":
        square.paste(picture, ((side - width) // 2, (side - height) // 2))
        return square
    left, top = (width - side) // 2, (height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def even(side):
    return max(1, int(side) + int(side) % 2)


def up(side, tile):
    return math.ceil(side / tile) * tile


def tiles_of(picture, longest, tile):
    width, height = picture.size
    ratio = width / height
    scaled = (longest, even(longest / ratio)) if width >= height else (even(longest * ratio), longest)
    picture = picture.resize(scaled, Image.LANCZOS)

    width, height = scaled
    ratio = width / height
    if width >= height:
        stretched = (up(width, tile), up(int(up(width, tile) / ratio), tile))
    else:
        stretched = (up(int(up(height, tile) * ratio), tile), up(height, tile))
    picture = picture.resize(stretched, Image.LANCZOS)

    columns, rows = stretched[0] // tile, stretched[1] // tile
    if columns == rows == 1:
        return [picture], 0, 0
    crops = [
        picture.crop((column * tile, row * tile, (column + 1) * tile, (row + 1) * tile))
        for row in range(rows)
        for column in range(columns)
    ]
    return [*crops, picture.resize((tile, tile), Image.LANCZOS)], rows, columns


def planes(picture):
    return numpy.ascontiguousarray(numpy.asarray(picture).transpose(2, 0, 1))


def compare_with_transformers(picture, longest, tile, tiles, rows, columns):
    from transformers.models.idefics3.image_processing_idefics3 import Idefics3ImageProcessor

    processor = Idefics3ImageProcessor(
        size={"longest_edge": longest}, max_image_size={"longest_edge": tile}, do_normalize=False, do_rescale=False
    )
    given = processor(picture, return_tensors="np", return_row_col_info=True)
    assert given["rows"] == [[rows]] and given["cols"] == [[columns]], (given["rows"], given["cols"])
    expected = given["pixel_values"][0]
    assert len(expected) == len(tiles)
    for mine, theirs in zip(tiles, expected):
        assert numpy.array_equal(planes(mine), theirs.astype(numpy.uint8))


def main():
    golden = []
    for width, height, longest, tile, fit in CASES:
        picture = Image.fromarray(draw(width, height))
        seen = window(picture, fit)
        tiles, rows, columns = tiles_of(seen, longest, tile)
        compare_with_transformers(seen, longest, tile, tiles, rows, columns)
        sha256 = [hashlib.sha256(planes(one).tobytes()).hexdigest() for one in tiles]
        golden.append(
            {"width": width, "height": height, "longest": longest, "tile": tile, "fit": fit}
            | {"rows": rows, "columns": columns, "sha256": sha256}
        )
    OUT.write_text(json.dumps(golden, indent=2) + "\n")
    print(f"{len(golden)} images, {sum(len(one['sha256']) for one in golden)} tiles: {OUT}")


main()
