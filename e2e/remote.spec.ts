/** Remote nodes, as a page has them: what leaves the device, and what a caller sees of nodes that fail. */

import { startCommand } from "../packages/serve/test/start-command.ts";
import {
  beginStream,
  ChatServer,
  piece,
  sendJson,
  streamOf,
  writeEvent,
  type ChatAnswerer,
} from "../packages/web/test/chat-server.ts";
import { otherEngine } from "../tools/tested-engine.ts";
import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-05.png";
const CANARY = "canary7f3a";

/** The image parts of a request's first turn. */
function imagesOf(body: Readonly<Record<string, unknown>> | undefined): Buffer[] {
  const messages = body?.["messages"] as { content: { image_url?: { url: string } }[] }[];
  return messages[0]!.content.flatMap(({ image_url }) =>
    image_url ? Buffer.from(image_url.url.replace("data:image/jpeg;base64,", ""), "base64") : [],
  );
}

test("an image leaves the device as a smaller JPEG, with nothing of its file but its pixels, and no model is loaded", async ({
  kitPage,
}) => {
  await using chat = await ChatServer.start();
  const seen = await kitPage.evaluate(
    async ({ baseUrl, canary }) => {
      const { observe, remoteNode, remoteNodes } = window.kit;
      const canvas = new OffscreenCanvas(1600, 800);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "red";
      context.fillRect(0, 0, 1600, 800);
      const jpeg = await canvas.convertToBlob({ type: "image/jpeg" });
      const bytes = new Uint8Array(await jpeg.arrayBuffer());
      const text = new TextEncoder().encode(canary);
      const segment = (marker: number, head: readonly number[]): Uint8Array<ArrayBuffer> => {
        const length = 2 + head.length + text.length;
        return Uint8Array.of(0xff, marker, length >> 8, length & 0xff, ...head, ...text);
      };
      const exif = segment(0xe1, [...new TextEncoder().encode("Exif\0\0")]);
      const xmp = segment(0xe1, [...new TextEncoder().encode("http://ns.adobe.com/xap/1.0/\0")]);
      const parts = [bytes.slice(0, 2), exif, xmp, segment(0xfe, []), bytes.slice(2), text];
      const file = new File(parts, `${canary}.jpg`);
      const node = remoteNode({ baseUrl, model: "m", purpose: "A test", maxSide: 512 });
      const remote = remoteNodes({ mode: "remote-only", nodes: [node] });
      const { vlm, workers, events, metrics } = await observe({ remote, network: "any" });
      const result = await vlm.caption(file);
      const health = (await vlm.health()).status;
      const { device, model } = vlm;
      await vlm.dispose();
      const sent = metrics.find(({ name }) => name === "vlm.node.sent")?.value;
      const workerCount = workers.length;
      const told = JSON.stringify([events, metrics]);
      return { result, health, device, model, workerCount, sent, told };
    },
    { baseUrl: chat.baseUrl, canary: CANARY },
  );
  const [sent] = imagesOf(chat.asked[0]?.body);
  expect(sent!.includes(CANARY)).toBe(false);
  for (const word of ["Exif", "adobe"]) expect(sent!.includes(word), word).toBe(false);
  expect(JSON.stringify(chat.requests)).not.toContain(CANARY);
  expect(chat.asked[0]?.headers).not.toHaveProperty("referer");
  expect(chat.asked[0]?.headers).not.toHaveProperty("cookie");
  expect(seen.sent).toBe(sent!.length);
  expect(seen.result).toMatchObject({
    text: "A cat.",
    device: "remote",
    ranOn: { kind: "remote", origin: new URL(chat.baseUrl).origin, purpose: "A test" },
    images: [{ width: 1600, height: 800, size: 512 }],
  });
  expect(seen).toMatchObject({
    device: "remote",
    model: { variant: "not-loaded" },
    workerCount: 0,
  });
  expect(seen.told).not.toContain(CANARY);
});

const half: ChatAnswerer = (response) => {
  beginStream(response);
  writeEvent(response, piece({ content: "Half of an " }));
  setTimeout(() => response.destroy(), 200);
};

const stall: ChatAnswerer = () => undefined;
const garbage: ChatAnswerer = (response) => {
  beginStream(response);
  response.end("data: <html>\n\n");
};

test("each fault of a node is an error that says what happened, and the node is asked again when it has come back", async ({
  kitPage,
}) => {
  const answers = { refuse: sendJson(500, {}), stall, garbage, half };
  await using chat = await ChatServer.start();
  const ask = (answer: ChatAnswerer | undefined, mode: "remote-only" | "prefer-remote") => {
    chat.answer = answer ?? streamOf(["A ", "cat."]);
    return kitPage.evaluate(
      async ({ baseUrl, url, mode, limit }) => {
        const { failureOf, fetchBlob, observe, remoteNode, remoteNodes } = window.kit;
        const timeouts = { answerMs: limit, firstTextMs: limit, stallMs: limit };
        const about = { model: "m", purpose: "A test", retries: 0, timeouts };
        const remote = remoteNodes({ mode, nodes: [remoteNode({ baseUrl, ...about })] });
        const { vlm } = await observe({ remote, network: "any" });
        const image = await fetchBlob(url);
        try {
          return { result: await vlm.caption(image, { cache: false }) };
        } catch {
          const { code, details } = await failureOf(() => vlm.caption(image, { cache: false }));
          return { code, details };
        } finally {
          await vlm.dispose();
        }
      },
      { baseUrl: chat.baseUrl, url: SCENE, mode, limit: answer === stall ? 1_000 : 30_000 },
    );
  };
  const seen: Record<string, unknown> = {};
  for (const [name, answer] of Object.entries(answers)) {
    seen[name] = await ask(answer, "remote-only");
  }
  expect(seen).toMatchObject({
    refuse: { code: "node-failed", details: { reason: "http-status", status: 500 } },
    stall: { code: "node-failed", details: { reason: "timeout", hasText: false } },
    garbage: { code: "node-failed", details: { reason: "garbage" } },
    // A connection that is cut looks to WebKit like an answer that ends too early.
    half: {
      code: "node-failed",
      details: { reason: otherEngine === "webkit" ? "cut-short" : "network", hasText: true },
    },
  });
  // The model of the device answers in its place, loaded for this call.
  const onDevice = await ask(answers.refuse, "prefer-remote");
  expect(onDevice).toMatchObject({ result: { ranOn: { kind: "device" }, device: "wasm" } });
  const back = await ask(undefined, "remote-only");
  expect(back).toMatchObject({ result: { text: "A cat." } });
});

const DASHBOARD =
  "the dashboard shows a node that fails, how often, why, and that no call goes there any more";
test(DASHBOARD, async ({ kitPage }) => {
  await using bad = await ChatServer.start();
  await using good = await ChatServer.start();
  bad.answer = sendJson(500, {});
  await kitPage.evaluate(
    async ({ badUrl, goodUrl, url }) => {
      const { createOps, fetchBlob, loadDashboard, observe, remoteNode, remoteNodes } = window.kit;
      const { defineVlmDashboard, opsSource } = await loadDashboard();
      const about = { model: "m", purpose: "A test", retries: 0 };
      const nodes = [
        remoteNode({ ...about, name: "bad", baseUrl: badUrl }),
        remoteNode({ ...about, name: "good", baseUrl: goodUrl }),
      ];
      const remote = remoteNodes({ mode: "remote-only", nodes });
      const ops = createOps();
      const { onMetric, onEvent } = ops;
      const { vlm } = await observe({ remote, network: "any", onMetric, onEvent });
      defineVlmDashboard();
      const dashboard = document.createElement("vlm-dashboard");
      dashboard.source = opsSource(ops, { nodes: () => remote.listNodes() });
      document.body.append(dashboard);
      const image = await fetchBlob(url);
      // A node that failed is asked last, and alone it has no other one after it.
      for (let call = 0; call < 6; call++) {
        if (call === 1) remote.removeNode("good");
        await vlm.caption(image, { cache: false }).catch(() => undefined);
      }
    },
    { badUrl: bad.baseUrl, goodUrl: good.baseUrl, url: SCENE },
  );
  const table = kitPage.locator("vlm-dashboard").getByRole("table", { name: "Nodes" });
  await expect(table).toContainText("circuit-open: http-status");
  const cells = table.getByRole("row", { name: /bad/ }).getByRole("cell");
  await expect(cells.nth(3)).toHaveText(String(bad.asked.length));
  expect(bad.asked.length).toBe(3);
  await expect(table).toContainText(new URL(bad.baseUrl).origin);
});

test("a node that lies about its health is left alone, and a device that cannot load the model is no error", async ({
  kitPage,
}) => {
  await using liar = await ChatServer.start();
  await using good = await ChatServer.start();
  liar.answer = sendJson(500, {});
  const seen = await kitPage.evaluate(
    async ({ liarUrl, goodUrl, url }) => {
      const { fetchBlob, observe, remoteNode, remoteNodes } = window.kit;
      const about = { model: "m", purpose: "A test", retries: 0 };
      const nodes = [
        remoteNode({ ...about, name: "liar", baseUrl: liarUrl }),
        remoteNode({ ...about, name: "good", baseUrl: goodUrl }),
      ];
      const remote = remoteNodes({ mode: "prefer-device", nodes, checkEveryMs: 100 });
      // A worker whose script is not there.
      const worker = () => new Worker("/no-such-worker.js", { type: "module" });
      const { vlm, events } = await observe({ remote, network: "any", worker });
      const image = await fetchBlob(url);
      const answers: string[] = [];
      for (let call = 0; call < 8; call++) {
        const { text, ranOn } = await vlm.caption(image, { cache: false });
        answers.push(`${text} ${ranOn.kind === "remote" ? ranOn.node : "device"}`);
      }
      const states = remote.listNodes().map(({ name, state }) => `${name} ${state}`);
      await vlm.dispose();
      const fallback = events.find(({ type }) => type === "node-fallback");
      return { answers, states, fallback };
    },
    { liarUrl: liar.baseUrl, goodUrl: good.baseUrl, url: SCENE },
  );
  expect(new Set(seen.answers)).toEqual(new Set(["A cat. good"]));
  expect(liar.asked.length).toBeLessThanOrEqual(3);
  expect(seen.fallback).toMatchObject({ from: "device", to: "remote" });
});

test(
  "the kit's own server is a node like others: the same model in two places gives the same answer",
  {
    tag: "@exhaustive",
  },
  async ({ kitPage, server }) => {
    const token = "a-token-of-this-test-0123456789";
    const args = ["--model", "tiny", "--cors-origin", server.origin];
    const served = await startCommand(args, { FASTVLM_TOKEN: token });
    try {
      const seen = await kitPage.evaluate(
        async ({ baseUrl, url, token }) => {
          const { fetchBlob, observe, remoteNode, remoteNodes } = window.kit;
          const about = { model: "tiny", purpose: "A test", apiKey: () => token };
          const nodes = [remoteNode({ baseUrl, ...about })];
          const remote = remoteNodes({ mode: "prefer-device", nodes });
          const { vlm } = await observe({ remote, network: "any" });
          const image = await fetchBlob(url);
          const there = await vlm.caption(image, { mode: "remote-only", cache: false });
          const here = await vlm.caption(image, { cache: false });
          const deltas: string[] = [];
          const request = {
            image,
            prompt: "Describe this image in detail.",
            cache: false,
          } as const;
          for await (const event of vlm.generate({ ...request, mode: "remote-only" })) {
            if (event.type === "text-delta") deltas.push(event.text);
          }
          await vlm.dispose();
          return { there, here, deltas: deltas.length };
        },
        { baseUrl: `${served.url}/v1`, url: SCENE, token },
      );
      expect(seen.here.ranOn).toEqual({ kind: "device" });
      expect(seen.there.ranOn).toMatchObject({
        kind: "remote",
        origin: new URL(served.url).origin,
      });
      expect(seen.there.text).toBe(seen.here.text);
      expect(seen.there.tokens.output).toBe(seen.here.tokens.output);
      expect(seen.deltas).toBeGreaterThan(2);
    } finally {
      await served.stop();
    }
  },
);
