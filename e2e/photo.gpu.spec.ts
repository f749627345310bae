/** An open picture on the GPU, where the KV cache that questions share never leaves it. */

import { expect, test } from "./fixtures.ts";

test("questions about an open picture share its KV cache on the GPU, and answer the same", async ({
  kitPage,
}) => {
  test.setTimeout(300_000);
  const { reused, plain } = await kitPage.evaluate(async () => {
    const { ask, collect, fetchBlob, observe, tinyModel } = window.kit;
    const { vlm } = await observe({ model: tinyModel({ precision: "q4" }), device: "webgpu" });
    const image = await fetchBlob("/scenes/scene-02.png");
    const prompts = ["Describe this image.", "How many objects are there?"];
    const photo = await vlm.open(image);
    const [reused, plain] = [[], []] as Awaited<ReturnType<typeof collect>>[][];
    for (const prompt of prompts) reused!.push(await collect(photo.ask(prompt, { cache: false })));
    for (const prompt of prompts) plain!.push(await ask(vlm, { image, prompt, cache: false }));
    return { reused: reused!, plain: plain! };
  });
  expect(reused.map(({ text }) => text)).toEqual(plain.map(({ text }) => text));
  expect(reused.map(({ device }) => device)).toEqual(["webgpu", "webgpu"]);
  for (const { tokens } of reused) expect(tokens.reused).toBeGreaterThan(tokens.image);
  for (const { tokens } of plain) expect(tokens.reused).toBe(0);
});
