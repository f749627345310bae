// Draws every kind of packages/tiny/kinds.json from every icon set, plain and restyled, into .cache/train/.
// Output per group (known, openmoji): <group>.rgba (128x128x4 bytes each, not premultiplied) and <group>.json.
import { createRequire } from "node:module";
import { mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";

const SIZE = 128;
const KNOWN = ["noto", "twemoji", "fluent-emoji", "fluent-emoji-flat", "emojione", "fxemoji"];
const HELD_OUT = ["openmoji"];

// What a set calls a kind when it does not use the common name, and synonyms that draw the same thing.
const OTHER_NAMES = {
  "alarm-clock": ["alarmclock"],
  "deciduous-tree": ["tree"],
  "ear-of-corn": ["earofmaize"],
  "gem-stone": ["gem"],
  "high-heeled-shoe": ["heels"],
  "hourglass-done": ["hourglass"],
  "mobile-phone": ["cellphone"],
  "spouting-whale": ["spurtingwhale"],
  "t-shirt": ["mansshirt"],
  camel: ["bactriancamel"],
  cat: ["catside"],
  castle: ["europeancastle"],
  dog: ["dogside"],
  eggplant: ["aubergine"],
  house: ["housebuilding"],
  locked: ["lock"],
  panda: ["pandaface"],
  pig: ["pigside"],
  pizza: ["sliceofpizza"],
  rabbit: ["bunnyside"],
  robot: ["robotface"],
  scissors: ["blackscissors"],
  snowman: ["snowmanwithoutsnow"],
  sun: ["sunrays"],
};

// Outlines in the manner of a style no training set has. Widths are shares of the drawing's size.
const SHAPES = "path,circle,ellipse,rect,polygon,polyline,line";
const outline = (width) =>
  `stroke:#000;stroke-width:${width};stroke-linejoin:round;stroke-linecap:round;stroke-opacity:1`;
const STYLES = {
  plain: () => "",
  thin: (size) => `${SHAPES}{${outline(size * 0.018)}}`,
  thick: (size) => `${SHAPES}{${outline(size * 0.03)}}`,
  line: (size) => `${SHAPES}{fill:#fff;fill-opacity:1;${outline(size * 0.025)}}`,
  wire: (size) => `${SHAPES}{fill:none;${outline(size * 0.025)}}`,
};

const require = createRequire(import.meta.url);
const normalise = (name) => name.replaceAll("-", "");

function loadSet(name) {
  const set = require(`@iconify-json/${name}/icons.json`);
  const names = new Map(
    Object.keys({ ...set.aliases, ...set.icons }).map((icon) => [normalise(icon), icon]),
  );
  return {
    find: (kind) =>
      [kind, ...(OTHER_NAMES[kind] ?? [])].map((n) => names.get(normalise(n))).find(Boolean),
    get(name) {
      const icon = set.icons[name] ?? set.icons[set.aliases[name].parent];
      return {
        body: icon.body,
        width: icon.width ?? set.width ?? 16,
        height: icon.height ?? set.height ?? 16,
      };
    },
  };
}

const svg = (body, [x, y, w, h], css = "") =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${x} ${y} ${w} ${h}"` +
  ` width="${SIZE}" height="${SIZE}">${css && `<style>${css}</style>`}${body}</svg>`;

const pixels = (source) =>
  new Resvg(source, { fitTo: { mode: "width", value: SIZE } }).render().pixels;

/** The square around the drawn part, so that every object fills its picture whatever margin its set leaves. */
function drawnSquare({ body, width, height }) {
  const rgba = pixels(svg(body, [0, 0, width, height]));
  let [left, top, right, bottom] = [SIZE, SIZE, -1, -1];
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++)
      if (rgba[4 * (y * SIZE + x) + 3] > 8) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
  const scale = width / SIZE;
  const size = Math.max(right - left, bottom - top) + 1 + 6; // 3 pixels of room for an outline on each side
  return [
    ((left + right + 1 - size) / 2) * scale,
    ((top + bottom + 1 - size) / 2) * scale,
    size * scale,
    size * scale,
  ];
}

/** resvg's pixels are premultiplied; pictures are composed from plain ones. */
function unmultiply(rgba) {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3];
    if (alpha)
      for (let c = 0; c < 3; c++)
        rgba[i + c] = Math.min(255, Math.round((rgba[i + c] * 255) / alpha));
  }
  return rgba;
}

function renderGroup(group, sets, styles, kinds) {
  const out = openSync(`.cache/train/${group}.rgba`, "w");
  const index = [];
  for (const setName of sets) {
    const set = loadSet(setName);
    for (const kind of kinds) {
      const name = set.find(kind);
      if (!name) continue;
      const icon = set.get(name);
      const square = drawnSquare(icon);
      // Outlines on the many translucent layers of the 3D set are a scribble; the flat set has the same contours.
      for (const style of setName === "fluent-emoji" ? ["plain"] : styles) {
        writeSync(
          out,
          unmultiply(Buffer.from(pixels(svg(icon.body, square, STYLES[style](square[2]))))),
        );
        index.push({ kind, set: setName, style });
      }
    }
  }
  writeFileSync(`.cache/train/${group}.json`, JSON.stringify(index));
  console.log(group, index.length);
}

mkdirSync(".cache/train", { recursive: true });
const kinds = Object.keys(JSON.parse(readFileSync("packages/tiny/kinds.json", "utf8")));
renderGroup("known", KNOWN, Object.keys(STYLES), kinds);
renderGroup("openmoji", HELD_OUT, ["plain"], kinds);
