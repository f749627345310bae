/** Pages with a strict Content-Security-Policy, as the docs show it: addresses, workers and Trusted Types. */

import type { Page } from "@playwright/test";
import { expect, openKit, test } from "./fixtures.ts";

/** What an app that is strict would send: no `data:` or `blob:` in `connect-src`. */
const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/** Takes images from `blob:` addresses as well, as most apps do that show what a user chose. */
const SHOWS_BLOBS = `${STRICT}; img-src 'self' blob:`;

test.beforeEach(({ server }) => {
  server.policy = SHOWS_BLOBS;
});

test("a model's file and a picture in data: addresses are read without a request", async ({
  page,
  server,
}) => {
  await openKit(page, server);
  const seen = await page.evaluate(async () => {
    const { failureOf, fetchBlob, observe, tinyModel } = window.kit;
    const toDataAddress = async (url: string): Promise<string> => {
      const bytes = new Uint8Array(await (await fetchBlob(url)).arrayBuffer());
      const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
      return `data:application/octet-stream;base64,${btoa(text)}`;
    };
    const plain = tinyModel();
    // As Vite does with small JSON, and has done with some of the embedded model's.
    const url = await toDataAddress("/models/tiny/config.json");
    const files = { ...plain.files, "config.json": { ...plain.files["config.json"]!, url } };
    const { vlm, progress } = await observe({ model: { ...plain, files } });
    const picture = await toDataAddress("/scenes/scene-01.png");
    const [fromData, fromFile] = [
      await vlm.caption(picture, { cache: false }),
      await vlm.caption("/scenes/scene-01.png", { cache: false }),
    ];
    return {
      texts: [fromData.text, fromFile.text],
      states: [...new Set(progress.map(({ state }) => state))],
      malformed: await failureOf(() => vlm.caption(`${picture}*`)),
      isRefused: (await failureOf(() => fetch("data:,"))).name,
    };
  });
  expect(seen.isRefused).toBe("TypeError"); // The policy is in force.
  expect(seen.texts[0]).toBe(seen.texts[1]);
  expect(seen.texts[0]).not.toBe("");
  expect(seen.states).not.toContain("retrying");
  expect(seen.malformed).toMatchObject({
    code: "image-unreadable",
    details: { reason: "malformed" },
  });
  expect(seen.malformed.message.length).toBeLessThan(300);
});

test("a blob: address is read as a picture where the page may show it, else refused at once", async ({
  page,
  server,
}) => {
  const caption = () =>
    page.evaluate(async () => {
      const { fetchBlob, observe, tinyModel } = window.kit;
      const picture = URL.createObjectURL(await fetchBlob("/scenes/scene-01.png"));
      const { vlm } = await observe({ model: tinyModel() });
      const expected = await vlm.caption("/scenes/scene-01.png", { cache: false });
      const { text } = await vlm.caption(picture, { cache: false });
      return { text, expected: expected.text };
    });
  await openKit(page, server);
  const { text, expected } = await caption();
  expect(text).toBe(expected);

  server.policy = STRICT;
  await openKit(page, server);
  const errors = await page.evaluate(async () => {
    const { observe, plainPicture, timedFailureOf, tinyModel } = window.kit;
    const picture = URL.createObjectURL(await plainPicture("red"));
    const { vlm } = await observe({ model: tinyModel() });
    const plain = tinyModel();
    const config = { ...plain.files["config.json"]!, url: URL.createObjectURL(new Blob(["{}"])) };
    const files = { ...plain.files, "config.json": config };
    return {
      picture: await timedFailureOf(() => vlm.caption(picture)),
      file: await timedFailureOf(() => observe({ model: { ...plain, id: "blob", files } })),
    };
  });
  expect(errors.picture).toMatchObject({ code: "image-fetch-failed" });
  expect(errors.file).toMatchObject({ code: "download-failed", details: { reason: "address" } });
  expect(errors.file.message).toContain("connect-src blob:");
  expect(errors.file.milliseconds).toBeLessThan(20_000); // Retries would take half a minute more.
});

/** What packages/web/README.md shows. */
const TRUSTED =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' blob:; " +
  "style-src 'self'; require-trusted-types-for 'script'; trusted-types default fastvlm-kit; report-uri /violations";

/** The default policy that packages/web/README.md shows. */
async function trustOwnScripts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    interface Rules {
      readonly createScriptURL: (url: string) => string;
    }
    const { trustedTypes } = window as unknown as {
      trustedTypes: { createPolicy: (name: string, rules: Rules) => void };
    };
    trustedTypes.createPolicy("default", {
      createScriptURL(url) {
        if (new URL(url, location.href).origin === location.origin) return url;
        throw new TypeError("This page starts scripts of its own origin only");
      },
    });
  });
}

test("the whole kit works where scripts need Trusted Types, with all its threads", async ({
  page,
  server,
}) => {
  server.policy = TRUSTED;
  await trustOwnScripts(page);
  await openKit(page, server);
  const seen = await page.evaluate(async () => {
    const { ask, failureOf, fetchBlob, observe, openLibrary, tinyModel } = window.kit;
    const { vlm, events } = await observe({ model: tinyModel(), wasmThreads: 2 });
    const image = await fetchBlob("/scenes/scene-01.png");
    const text = (await vlm.caption(image, { cache: false })).text;
    const answer = await ask(vlm, { image, prompt: "What is on the left?" });
    const open = await vlm.open("/scenes/scene-01.png");
    const asked = await open.caption();
    open.close();
    const library = openLibrary();
    await library.prepareOffline(tinyModel(), { device: "wasm" });
    const output = document.createElement("output");
    return {
      texts: [text, answer.text, asked.text],
      events: events.map(({ type }) => type),
      isReady: await library.isOfflineReady(tinyModel(), { device: "wasm" }),
      isRefused: (
        await failureOf(() => {
          output.innerHTML = text; // eslint-disable-line no-unsanitized/property -- shows that the policy refuses it
          return Promise.resolve();
        })
      ).name,
    };
  });
  expect(seen.isRefused).toBe("TypeError"); // The policy is in force.
  expect(seen.texts.map((text) => text !== "")).toEqual([true, true, true]);
  expect(seen.isReady).toBe(true);
  expect(seen.events).not.toContain("threads-fallback");
  const violations = server.requests.filter((path) => path.startsWith("/violations"));
  expect(violations).toHaveLength(1); // what the test itself tried
});

test("without the kit's policy, one thread answers, and an event says so", async ({
  page,
  server,
}) => {
  server.policy = TRUSTED.replace("default fastvlm-kit", "default");
  await trustOwnScripts(page);
  await openKit(page, server);
  const { text, events } = await page.evaluate(async () => {
    const { observe, tinyModel } = window.kit;
    const { vlm, events } = await observe({ model: tinyModel(), wasmThreads: 2 });
    return { text: (await vlm.caption("/scenes/scene-01.png")).text, events };
  });
  expect(text).not.toBe("");
  expect(events).toContainEqual(expect.objectContaining({ type: "threads-fallback" }));
});
