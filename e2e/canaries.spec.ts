/** What belongs to the user is in no error, event, metric, timing, key of a store, or line of the console. */

import { expect, openKit, test } from "./fixtures.ts";

/** No part of the kit writes this word by itself. */
const CANARY = "canary7f3a";

test("names, prompts and keys leave no trace, whatever fails", async ({ page, server }) => {
  const lines: string[] = [];
  page.on("console", (message) => {
    // Chromium itself writes down requests that fail, with their addresses.
    if (!/^(Failed to load resource|Access to fetch)/.test(message.text())) {
      lines.push(message.text());
    }
  });
  server.faults.push({ path: "silent", kind: "stall" });
  await openKit(page, server);
  const { failures, seen } = await page.evaluate(
    async ({ canary, otherOrigin }) => {
      const { ask, fetchBlob, observe, tinyModel, VlmError } = window.kit;
      const failures: Record<string, { code: string; text: string }> = {};
      const describe = (error: unknown, depth = 0): unknown => {
        if (!(error instanceof Error) && !(error instanceof DOMException)) return String(error);
        const { name, message, stack, cause } = error as Error;
        const details = VlmError.is(error) ? error.details : undefined;
        return [name, message, stack, details, depth < 5 && describe(cause, depth + 1)];
      };
      const fail = async (name: string, work: () => Promise<unknown>): Promise<void> => {
        const error = await work().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        const code = VlmError.is(error) ? error.code : (error as Error | undefined)?.name;
        failures[name] = { code: code ?? "none", text: JSON.stringify(describe(error)) };
      };

      const jpeg = await (async () => {
        const canvas = new OffscreenCanvas(64, 64);
        canvas.getContext("2d")!.fillRect(0, 0, 64, 64);
        const file = await canvas.convertToBlob({ type: "image/jpeg" });
        const bytes = new Uint8Array(await file.arrayBuffer());
        // A comment, and an EXIF segment without entries, both with a name in them.
        const text = new TextEncoder().encode(canary);
        const comment = Uint8Array.of(0xff, 0xfe, 0, text.length + 2, ...text);
        const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, ...text];
        const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
        const segment = Uint8Array.of(0xff, 0xe1, 0, exif.length + 2, ...exif);
        return new File([bytes.slice(0, 2), comment, segment, bytes.slice(2)], `${canary}.jpg`);
      })();
      const bytes = await jpeg.arrayBuffer();
      const damaged = new File([bytes.slice(0, 150)], `${canary}.jpg`);
      const key = `?key=${canary}#${canary}`;
      const folder = `/token/${canary}/1`;
      const named = { prompt: canary, system: canary } as const;

      const { vlm, metrics, events, progress } = await observe({
        decoders: { "image/tiff": () => Promise.reject(new RangeError(`no memory: ${canary}`)) },
        imageLimits: { maxPixels: 1e6 },
      });
      // What succeeds leaves nothing either.
      await vlm.caption(jpeg);
      const history = [
        { role: "user", content: canary },
        { role: "assistant", content: canary },
      ] as const;
      await ask(vlm, { image: jpeg, ...named, history });
      await vlm.caption(`/scenes/scene-01.png${key}`);

      await fail("damaged", () => vlm.caption(damaged));
      await fail("text", () => vlm.caption(new File([canary], canary)));
      await fail("heic", () => vlm.caption(new Blob([`\0\0\0\x18ftypheic${canary}`])));
      await fail("decoder", () => vlm.caption(new Blob([`II*\0${canary}`])));
      await fail("large", () => vlm.caption(new ImageData(1200, 1200)));
      await fail("not found", () => vlm.caption(`/none.png${key}`));
      await fail("key in the path", () => vlm.caption(`${folder}/none.png`));
      await fail("key at the end of the path", () => vlm.caption(`${folder}/${canary}`));
      await fail("no CORS", () => vlm.caption(`${otherOrigin}/no-cors/scene-01.png${key}`));
      await fail("silent", () => vlm.caption(`/silent.png${key}`, { timeoutMs: 200 }));
      await fail("password", () => vlm.caption(`https://${canary}:${canary}@localhost/x.png`));
      await fail("no address", () => vlm.caption(`http://[${canary}`));
      await fail("data address", () => vlm.caption(`data:image/png;base64,*${canary}`));
      await fail("blob address", () => vlm.caption(`blob:${location.origin}/none#${canary}`));
      await fail("too long", () => ask(vlm, { image: jpeg, prompt: `${canary} `.repeat(2000) }));
      await fail("far too long", () => ask(vlm, { image: jpeg, prompt: canary.repeat(200_000) }));
      const option = { question: `What is ${canary}?` } as object;
      await fail("option", () => vlm.caption(jpeg, option));
      await fail("history", () => ask(vlm, { ...named, image: jpeg, history: [canary] as never }));
      const controller = new AbortController();
      controller.abort();
      await fail("aborted", () => ask(vlm, { ...named, image: jpeg, signal: controller.signal }));
      const offline = await observe({ network: "none" });
      await fail("offline", () => offline.vlm.caption(`${folder}/none.png${key}`));
      await offline.vlm.dispose();
      const plain = tinyModel();
      const config = { ...plain.files["config.json"]!, url: `${folder}/none.json${key}` };
      const files = { ...plain.files, "config.json": config };
      const download = { retries: 0 };
      const model = { ...plain, id: "other", files };
      const others: unknown[] = [];
      const noted = {
        onMetric: (one: unknown) => others.push(one),
        onEvent: (one: unknown) => others.push(one),
      };
      await fail("model", () => observe({ model, download, ...noted }));
      await vlm.dispose();
      await fail("disposed", () => ask(vlm, { ...named, image: jpeg }));

      const keys: string[] = [];
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise<IDBDatabase>((resolve, reject) => {
          const request = indexedDB.open(name!);
          request.onsuccess = () => {
            resolve(request.result);
          };
          request.onerror = () => {
            reject(new Error("The database did not open"));
          };
        });
        for (const store of database.objectStoreNames) {
          const request = database.transaction(store).objectStore(store).getAllKeys();
          await new Promise((resolve) => (request.onsuccess = resolve));
          keys.push(name!, ...request.result.map(String));
        }
        database.close();
      }
      const root = await navigator.storage.getDirectory();
      for await (const folder of root.keys()) keys.push(folder);
      for (const cache of await caches.keys()) {
        for (const { url } of await (await caches.open(cache)).keys()) keys.push(url);
      }
      const timeline = [
        ...performance.getEntriesByType("measure"),
        ...performance.getEntriesByType("mark"),
      ];
      await fetchBlob("/index.html"); // the worker's last lines arrive meanwhile
      return { failures, seen: { metrics, events, progress, others, keys, timeline } };
    },
    { canary: CANARY, otherOrigin: server.origin.replace("localhost", "127.0.0.1") },
  );

  expect(
    Object.fromEntries(Object.entries(failures).map(([name, { code }]) => [name, code])),
  ).toMatchObject({
    text: "image-unsupported",
    heic: "image-unsupported",
    decoder: "image-unreadable",
    large: "image-too-large",
    "not found": "image-fetch-failed",
    "key in the path": "image-fetch-failed",
    "key at the end of the path": "image-fetch-failed",
    "no CORS": "image-fetch-failed",
    silent: "timeout",
    password: "TypeError",
    "no address": "TypeError",
    "data address": "image-unreadable",
    "blob address": "image-fetch-failed",
    "too long": "context-overflow",
    "far too long": "context-overflow",
    option: "TypeError",
    history: "TypeError",
    aborted: "AbortError",
    offline: "network-forbidden",
    model: "download-failed",
    disposed: "InvalidStateError",
  });
  for (const [name, { text }] of Object.entries(failures)) {
    expect(text, name).not.toContain(CANARY);
  }
  expect(seen.metrics.length).toBeGreaterThan(20);
  expect(seen.keys.length).toBeGreaterThan(10);
  for (const [name, what] of Object.entries(seen)) {
    expect(JSON.stringify(what), name).not.toContain(CANARY);
  }
  expect(lines.join("\n")).not.toContain(CANARY);
});

test("the original error is there for an app that asks for it, and for no other", async ({
  page,
  server,
}) => {
  await openKit(page, server);
  const causes = await page.evaluate(async () => {
    const { failureOf, observe } = window.kit;
    const decoders = { "image/tiff": () => Promise.reject(new RangeError("no memory")) };
    const damaged = new Blob([
      Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 9, 0, 9, 1, 1, 17, 0, 0xff, 0xda, 0, 2),
    ]);
    const causesWith = async (options: object) => {
      const { vlm } = await observe({ decoders, ...options });
      const page = await failureOf(() => vlm.caption(new Blob(["II*\0"])));
      const worker = await failureOf(() => vlm.caption(damaged));
      const opened = await failureOf(() => vlm.open(damaged));
      await vlm.dispose();
      return [page.cause, worker.cause, opened.cause];
    };
    return { plain: await causesWith({}), debug: await causesWith({ debug: true }) };
  });
  expect(causes.plain).toEqual([undefined, undefined, undefined]);
  expect(causes.debug).toEqual([
    "RangeError: no memory",
    expect.stringMatching(/decode/),
    expect.stringMatching(/decode/),
  ]);
});
