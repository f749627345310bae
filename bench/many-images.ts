/**
 * `npm run bench:many-images [KNOWN] [MEASURED]`: whether a caption takes longer where thousands of images are stored. Two clients
 * with the embedded model on WASM caption new images in turn: one that has stored few, and one that has stored many.
 */

import { buildKitPage } from "./kit-page.ts";
import type { ManyImagesTimes } from "./page/many-images.ts";
import { median, range } from "./statistics.ts";

const known = Number(process.argv[2] ?? 3000);
const measured = Number(process.argv[3] ?? 200);

const { withPage } = await buildKitPage("many-images", "measureManyImages");
const { few, many }: ManyImagesTimes = await withPage({ isIsolated: true }, (page) => {
  page.on("console", (message) => {
    console.error(message.text());
  });
  return page.evaluate((request) => window.measureManyImages(request), { known, measured });
});
const ratios = many.map((ms, at) => ms / few[at]!);
const [least, most] = range(ratios).map((ratio) => ratio.toFixed(2));
console.log(
  `a caption takes ${median(few).toFixed(0)} ms with few stored images, and ${median(many).toFixed(0)} ms with ${String(known)} more: ` +
    `${(median(many) / median(few)).toFixed(2)} times as long, by pair ${median(ratios).toFixed(2)} ` +
    `(${least} to ${most} in ${String(measured)} pairs)`,
);
