/** Where a call is answered: on the device, on which node, or on the next one. */

import { describe, expect, it, vi } from "vitest";
import {
  beginStream,
  ChatServer,
  piece,
  sendJson,
  streamOf,
  writeEvent,
} from "../../test/chat-server.ts";
import { createRemoteClient, namedImage, nodeAt } from "../../test/remote-client.ts";
import { makeResult } from "../../test/results.ts";
import { VlmError } from "../protocol/errors.ts";
import { createRateLimiter } from "../serving/rate-limiter.ts";
import type { RunOnDevice } from "../serving/route.ts";

const onDevice: RunOnDevice = async (question) => {
  question.onEvent({ type: "queued", position: 0 });
  await question.take();
  question.onEvent({ type: "text-delta", text: "On the device." });
  return makeResult({ text: "On the device." });
};

const lost = new VlmError("device-lost", "The GPU was lost.", { reason: "unknown" });
const failing: RunOnDevice = () => Promise.reject(lost);

const waitForCall = (chat: ChatServer): Promise<void> =>
  vi.waitFor(() => {
    expect(chat.asked).toHaveLength(1);
  });

describe("device-only", () => {
  it("sends nothing, not even a health check", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ mode: "device-only", nodes: [nodeAt(chat.baseUrl)] });
    await expect(client.ask({}, { onDevice })).resolves.toMatchObject({
      ranOn: { kind: "device" },
    });
    await expect(client.ask({}, { onDevice: failing })).rejects.toBe(lost);
    expect(chat.requests).toEqual([]);
  });
});

describe("prefer-device", () => {
  it("sends nothing that the device answers", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ mode: "prefer-device", nodes: [nodeAt(chat.baseUrl)] });
    await expect(client.ask({}, { onDevice })).resolves.toMatchObject({ text: "On the device." });
    expect(chat.requests).toEqual([]);
  });

  it("asks a node when the device is in trouble, and says why", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ mode: "prefer-device", nodes: [nodeAt(chat.baseUrl)] });
    const result = await client.ask({}, { onDevice: failing });
    expect(result).toMatchObject({ text: "A cat.", ranOn: { kind: "remote" } });
    const fallback = { from: "device", to: "remote", reason: "device-lost" };
    expect(client.events).toContainEqual({ type: "node-fallback", ...fallback });
  });

  it.each([
    new VlmError("image-unreadable", "Broken.", { reason: "malformed" }),
    new VlmError("context-overflow", "Too long.", { tokens: 2, limit: 1, excess: 1 }),
    new VlmError("timeout", "Too slow.", { timeoutMs: 1, stage: "vision" }),
    new DOMException("Disposed", "InvalidStateError"),
  ])("sends nothing for an error that is not the device's: $message", async (error) => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ mode: "prefer-device", nodes: [nodeAt(chat.baseUrl)] });
    await expect(client.ask({}, { onDevice: () => Promise.reject(error) })).rejects.toBe(error);
    expect(chat.requests).toEqual([]);
  });

  it("answers nothing twice: text that the app has seen stays, and the error comes", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ mode: "prefer-device", nodes: [nodeAt(chat.baseUrl)] });
    const late: RunOnDevice = ({ onEvent }) => {
      onEvent({ type: "text-delta", text: "Half" });
      return Promise.reject(lost);
    };
    await expect(client.ask({}, { onDevice: late })).rejects.toBe(lost);
    expect(chat.requests).toEqual([]);
  });
});

describe("prefer-remote", () => {
  it("asks the device when no node answers, and takes the images once", async () => {
    await using chat = await ChatServer.start();
    chat.answer = sendJson(500, {});
    const client = createRemoteClient({ mode: "prefer-remote", nodes: [nodeAt(chat.baseUrl)] });
    const result = await client.ask({ images: [namedImage] }, { onDevice });
    expect(result).toMatchObject({ ranOn: { kind: "device" } });
    const types = client.shown.map(({ type }) => type);
    expect(types).toEqual(["queued", "image-ready", "text-delta"]);
    expect(client.events).toContainEqual(
      expect.objectContaining({ type: "node-fallback", to: "device", reason: "http-status" }),
    );
  });

  it("asks the device what no node can do", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ mode: "prefer-remote", nodes: [nodeAt(chat.baseUrl)] });
    const result = await client.ask({ choices: [["a"], ["b"]] }, { onDevice });
    expect(result.ranOn).toEqual({ kind: "device" });
    expect(chat.requests).toEqual([]);
  });

  it("does not ask the device after text has come", async () => {
    await using chat = await ChatServer.start();
    chat.answer = (response) => {
      beginStream(response);
      writeEvent(response, piece({ content: "Half" }));
      setTimeout(() => response.destroy(), 100);
    };
    const client = createRemoteClient({ mode: "prefer-remote", nodes: [nodeAt(chat.baseUrl)] });
    await expect(client.ask({}, { onDevice })).rejects.toMatchObject({
      details: { hasText: true },
    });
  });
});

it("lets a call choose another mode", async () => {
  await using chat = await ChatServer.start();
  const client = createRemoteClient({ mode: "remote-only", nodes: [nodeAt(chat.baseUrl)] });
  const result = await client.ask({}, { mode: "device-only", onDevice });
  expect(result.ranOn).toEqual({ kind: "device" });
  expect(chat.requests).toEqual([]);
});

describe("with several nodes", () => {
  it("a call goes on to the next one, whatever the first one did", async () => {
    await using bad = await ChatServer.start();
    await using good = await ChatServer.start();
    bad.answer = sendJson(500, {});
    const nodes = [nodeAt(bad.baseUrl), nodeAt(good.baseUrl)];
    const client = createRemoteClient({ nodes });
    for (let call = 0; call < 8; call++) {
      await expect(client.ask()).resolves.toMatchObject({ ranOn: { node: nodes[1]?.name } });
    }
    // It is asked until it was wrong often enough, and then left alone.
    expect(bad.asked.length).toBeLessThanOrEqual(3);
    expect(good.asked).toHaveLength(8);
  });

  it("those whose health check fails come last, and are asked if there is no other", async () => {
    await using ill = await ChatServer.start();
    await using good = await ChatServer.start();
    ill.healthStatus = 503;
    const client = createRemoteClient({ nodes: [nodeAt(ill.baseUrl), nodeAt(good.baseUrl)] });
    await Promise.all(client.nodes.nodes.map((node) => node.check()));
    const states = client.nodes.listNodes().map(({ state, reason }) => ({ state, reason }));
    expect(states).toEqual([
      { state: "unhealthy", reason: "http-status" },
      { state: "healthy", reason: undefined },
    ]);
    for (let call = 0; call < 4; call++) await client.ask();
    expect(ill.asked).toHaveLength(0);
    client.nodes.removeNode(client.nodes.listNodes()[1]!.name);
    await expect(client.ask()).resolves.toMatchObject({ text: "A cat." });
    expect(ill.asked).toHaveLength(1);
  });

  it("each runs as many calls at once as it may, and more wait", async () => {
    await using chat = await ChatServer.start();
    let most = 0;
    let now = 0;
    chat.answer = async (response, record) => {
      most = Math.max(most, ++now);
      await streamOf(["A cat."], { pauseMs: 50 })(response, record);
      now -= 1;
    };
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { maxConcurrent: 2 })] });
    const answers = await Promise.all(Array.from({ length: 6 }, () => client.ask()));
    expect(answers.every(({ text }) => text === "A cat.")).toBe(true);
    expect(most).toBe(2);
    expect(answers.some(({ timings }) => timings.queueMs > 20)).toBe(true);
  });

  it("they come and go while calls are made", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ nodes: [] });
    await expect(client.ask()).rejects.toMatchObject({ details: { reason: "no-node" } });
    const node = nodeAt(chat.baseUrl);
    client.nodes.registerNode(node);
    await expect(client.ask()).resolves.toMatchObject({ text: "A cat." });
    expect(client.nodes.removeNode(node.name)).toBe(true);
    expect(client.nodes.removeNode(node.name)).toBe(false);
    await expect(client.ask()).rejects.toMatchObject({ details: { reason: "no-node" } });
  });
});

describe("hedging", () => {
  it("asks a second node after a while; the first text wins, and the other request ends", async () => {
    await using slow = await ChatServer.start();
    await using quick = await ChatServer.start();
    slow.answer = streamOf(["Too late."], { pauseMs: 20_000, sendsRole: false });
    const client = createRemoteClient({ nodes: [nodeAt(slow.baseUrl)], hedgeAfterMs: 3_000 });
    const asked = client.ask();
    await waitForCall(slow);
    client.nodes.registerNode(nodeAt(quick.baseUrl));
    await expect(asked).resolves.toMatchObject({ text: "A cat." });
    expect(client.shown.map((event) => event.type === "text-delta" && event.text)).toEqual([
      false,
      "A ",
      "cat.",
    ]);
    await vi.waitFor(() => {
      expect(slow.asked[0]?.gone.aborted).toBe(true);
    });
    expect(client.metrics.map(({ name }) => name)).toContain("vlm.node.hedges");
  });

  it("knows the node that lost as slow, so that later calls begin elsewhere", async () => {
    await using slow = await ChatServer.start();
    await using quick = await ChatServer.start();
    slow.answer = streamOf(["Too late."], { pauseMs: 20_000, sendsRole: false });
    const client = createRemoteClient({ nodes: [nodeAt(slow.baseUrl)], hedgeAfterMs: 3_000 });
    const asked = client.ask();
    await waitForCall(slow);
    client.nodes.registerNode(nodeAt(quick.baseUrl));
    await asked;
    await vi.waitFor(() => {
      const latencies = client.nodes.listNodes().map(({ latencyMs = 0 }) => latencyMs);
      expect(Math.max(...latencies)).toBeGreaterThan(2500);
    });
    for (let call = 0; call < 4; call++) await client.ask();
    expect(slow.asked).toHaveLength(1);
  });

  it("asks one node if that one answers in time", async () => {
    await using one = await ChatServer.start();
    await using other = await ChatServer.start();
    const nodes = [nodeAt(one.baseUrl), nodeAt(other.baseUrl)];
    const client = createRemoteClient({ nodes, hedgeAfterMs: 5_000 });
    await client.ask();
    expect(one.asked.length + other.asked.length).toBe(1);
  });

  it("waits for the second node if the first one fails meanwhile", async () => {
    await using bad = await ChatServer.start();
    await using good = await ChatServer.start();
    bad.answer = (response) => void setTimeout(() => response.destroy(), 600);
    good.answer = streamOf(["A cat."], { pauseMs: 900 });
    const client = createRemoteClient({ nodes: [nodeAt(bad.baseUrl)], hedgeAfterMs: 200 });
    const asked = client.ask();
    await waitForCall(bad);
    client.nodes.registerNode(nodeAt(good.baseUrl));
    await expect(asked).resolves.toMatchObject({ text: "A cat." });
    expect(good.asked).toHaveLength(1);
  });

  it("fails as the first node did if both fail", async () => {
    await using one = await ChatServer.start();
    await using other = await ChatServer.start();
    for (const chat of [one, other]) {
      chat.answer = (response) => void setTimeout(() => response.destroy(), 300);
    }
    const nodes = [nodeAt(one.baseUrl), nodeAt(other.baseUrl)];
    const client = createRemoteClient({ nodes, hedgeAfterMs: 50 });
    await expect(client.ask()).rejects.toMatchObject({ details: { reason: "network" } });
    expect([one.asked.length, other.asked.length]).toEqual([1, 1]);
  });
});

describe("remembered answers", () => {
  const asked = { images: [namedImage] };

  it("are those of the same model only", async () => {
    await using chat = await ChatServer.start();
    const node = nodeAt(chat.baseUrl, { name: "one" });
    const client = createRemoteClient({ nodes: [node] });
    const known = [namedImage];
    await client.ask(asked, { known });
    await expect(client.ask(asked, { known })).resolves.toMatchObject({
      text: "A cat.",
      cached: true,
      ranOn: { kind: "remote", node: "one" },
    });
    expect(chat.asked).toHaveLength(1);
    client.nodes.removeNode("one");
    client.nodes.registerNode({ ...node, model: "another" });
    await expect(client.ask(asked, { known })).resolves.toMatchObject({ cached: false });
    expect(chat.asked).toHaveLength(2);
  });

  it("are not used by a call that does not want them", async () => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
    const known = [namedImage];
    for (let call = 0; call < 2; call++) await client.ask({ ...asked, useCache: false }, { known });
    expect(chat.asked).toHaveLength(2);
  });
});

it("counts calls to nodes for the app's rate limit", async () => {
  await using chat = await ChatServer.start();
  const limiter = createRateLimiter({ calls: 1, perMs: 60_000 });
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] }, limiter);
  await client.ask();
  await expect(client.ask()).rejects.toMatchObject({ code: "queue-full" });
  expect(chat.asked).toHaveLength(1);
});

it("ends its calls when the client is disposed of", async () => {
  await using chat = await ChatServer.start();
  chat.answer = () => undefined;
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  const asked = client.ask();
  await waitForCall(chat);
  client.route.dispose(new DOMException("Disposed", "InvalidStateError"));
  await expect(asked).rejects.toThrow("Disposed");
  await vi.waitFor(() => {
    expect(chat.asked[0]?.gone.aborted).toBe(true);
  });
});

it("checks nodes while calls are made, and stops when none is made any more", async () => {
  await using chat = await ChatServer.start();
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)], checkEveryMs: 50 });
  const checks = (): number => chat.requests.length - chat.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(checks()).toBe(0);
  await client.ask();
  await vi.waitFor(() => {
    expect(checks()).toBeGreaterThan(1);
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const stopped = checks();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(checks()).toBe(stopped);
});
