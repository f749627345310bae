/** The command with models of folders and of a hub, and what it keeps of them between starts. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type OpenAI from "openai";
import { afterAll, describe, expect, it } from "vitest";
import { startFaultServer } from "../../web/test/fault-server.ts";
import { startCommand, type RunningCommand } from "../test/start-command.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const TINY = here("../../tiny/model");
const FASTVLM = "onnx-community/FastVLM-0.5B-ONNX";
const SNAIL = "A snail on a brown background.";

const SCENE = here("../../../e2e/fixtures/scenes/scene-01.png");
const COMMIT = "c0ffee".padEnd(40, "0");

/** The sources are compiled and a model is loaded, while other tests use all cores. */
const STARTS_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), "fastvlm-models-"));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("a model in a folder", () => {
  it.each([
    ["the kit's SmolVLM", here("../../tiny/smolvlm/model"), SNAIL],
    // Its weights are random, so that what it says means nothing.
    ["a FastVLM of the official exporters", here("../../../e2e/fixtures/exported-fastvlm"), /./],
  ])(
    "answers, and its files are not copied: %s",
    async (_, model, expected) => {
      const cache = mkdtempSync(join(folder, "cache-"));
      await using server = await startCommand(["--model", model, "--cache-dir", cache]);
      expect(await ask(server)).toMatch(expected);
      for (const { bytes } of listFiles(cache)) expect(bytes).not.toEqual(weightsOf(model));
    },
    STARTS_MS,
  );
});

it(
  "downloads a model of the hub once, needs no hub for the next start, and fetches only the shard that is damaged",
  async () => {
    await using hub = await startFaultServer({ folders: { [`/cdn/${FASTVLM}/`]: TINY } });
    hub.hub.commit = COMMIT;
    const cache = join(folder, "of the hub");
    const start = () =>
      startCommand(
        [
          ...["--model", FASTVLM, "--accept-license", "apple-amlr", "--image-size", "256"],
          ...["--revision", "tiny", "--endpoint", `${hub.origin}/hub`, "--cache-dir", cache],
        ],
        {},
      );
    const startAndAsk = async (): Promise<string[]> => {
      hub.requests.length = 0;
      await using server = await start();
      expect(await ask(server)).toBe(SNAIL);
      return [...hub.requests];
    };

    const first = await startAndAsk();
    expect(first[0]).toBe(`/hub/api/models/${FASTVLM}/revision/tiny`);
    expect(first).toContain(`/cdn/${FASTVLM}/onnx/decoder_model_merged_int8.onnx`);

    hub.isDown = true;
    expect(await startAndAsk()).toEqual([]);

    hub.isDown = false;
    const encoder = weightsOf(TINY);
    const stored = listFiles(cache).find(({ bytes }) => bytes.equals(encoder))!;
    stored.bytes[1000]! ^= 1;
    writeFileSync(stored.path, stored.bytes);
    hub.log.length = 0;
    const again = await startAndAsk();
    expect(new Set(again.map((path) => path.replace("/hub/", "/").replace("/cdn/", "/")))).toEqual(
      new Set([
        `/${FASTVLM}/resolve/${COMMIT}/onnx/vision_encoder.onnx`,
        `/${FASTVLM}/onnx/vision_encoder.onnx`,
      ]),
    );
    expect(hub.log.at(-1)!.range).toEqual({ start: 0, end: 4194303 });
    expect(readFileSync(stored.path).equals(encoder)).toBe(true);
  },
  3 * STARTS_MS,
);

/** The file of the vision encoder with all digits. */
function weightsOf(model: string): Buffer {
  return readFileSync(join(model, "onnx/vision_encoder.onnx"));
}

function listFiles(within: string): { path: string; bytes: Buffer }[] {
  return readdirSync(within, { recursive: true, encoding: "utf8" })
    .map((name) => join(within, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

async function ask(server: RunningCommand): Promise<string> {
  const url = `data:image/png;base64,${readFileSync(SCENE).toString("base64")}`;
  const content = [
    { type: "text", text: "Describe this image." },
    { type: "image_url", image_url: { url } },
  ];
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content }], max_tokens: 16 }),
  });
  const { choices } = (await answer.json()) as OpenAI.ChatCompletion;
  return choices[0]!.message.content!;
}
