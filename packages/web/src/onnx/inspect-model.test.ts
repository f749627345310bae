import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openExported } from "../../test/exported-files.ts";
import type { ByteSource } from "./byte-source.ts";
import { buildModel, stored } from "./fixtures/build-model.ts";
import { inspectModel, type ModelInspection } from "./inspect-model.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

describe("inspectModel", () => {
  it("tells a decoder of the official builder, and that everything is done for it", () => {
    const found = inspectModel(openExported("decoder_model_merged_q4"), "decoder.onnx");
    expect(found).toMatchObject({
      graph: "decoder",
      irVersion: 7,
      opsets: [
        { domain: "ai.onnx", version: 14 },
        { domain: "com.microsoft", version: 1 },
      ],
      saidToBeHere: 18,
      canBeCaptured: true,
      unknown: [],
    });
    expect(found.producer).toContain("onnxruntime-genai");
    expect(found.inputs[0]).toEqual({
      name: "inputs_embeds",
      type: "float32",
      shape: ["batch_size", "sequence_length", 64],
    });
    const products = found.tensors.find(({ type }) => type === "uint8");
    expect(products).toMatchObject({ usedBy: "com.microsoft::MatMulNBits", count: 22 });
    expect(appliedOf(found)).toEqual({
      "last-logits": 1,
      "no-wide-window": 0,
      "fused-biases": 9,
      "fused-rotation": 3,
      "joined-products": 3,
      "told-lengths": 3,
    });
  });

  it("tells the sizes of pictures of an encoder, and the rows of an embedding", () => {
    const encoder = inspectModel(openExported("vision_encoder"), "vision.onnx");
    expect(encoder).toMatchObject({ graph: "vision", imageSize: "any" });
    expect(appliedOf(encoder)).toEqual({ "mean-over-map": 1 });
    const embedding = inspectModel(openExported("embed_tokens_int8"), "embed.onnx");
    expect(embedding.graph).toBe("embed");
    expect(appliedOf(embedding)).toEqual({ "looked-up-rows": 1 });
  });

  it("reads a small part of a large file", () => {
    const weights = new Float32Array(4_000_000);
    const file = buildModel({
      nodes: [{ operator: "Gather", inputs: ["table", "input_ids"], outputs: ["inputs_embeds"] }],
      inputs: { input_ids: [7, ["batch", "tokens"]] },
      outputs: { inputs_embeds: [1, ["batch", "tokens", 1000]] },
      tensors: [stored("table", [4000, 1000], weights, "float32")],
    });
    let readBytes = 0;
    const counting: ByteSource = {
      size: file.byteLength,
      read: (start, end) => {
        readBytes += end - start;
        return file.subarray(start, end);
      },
    };
    expect(inspectModel(counting, "large.onnx").graph).toBe("embed");
    expect(readBytes).toBeLessThan(1_000_000);
  });
});

describe("fastvlm-inspect", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fastvlm-inspect-"));
    const whole = openExported("embed_tokens_int8");
    await writeFile(join(folder, "cut.onnx"), whole.read(0, whole.size - 100));
    await writeFile(join(folder, "picture.png"), "\u0089PNG, and no model");
    await writeFile(join(folder, "empty.onnx"), "");
    await writeFile(join(folder, "lfs.onnx"), "version https://git-lfs.github.com/spec/v1\noid x");
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("prints text for people and JSON for programs, and goes on after a file that is none", async () => {
    const file = "e2e/fixtures/exported/onnx/embed_tokens_int8.onnx";
    const text = await inspect(file);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/graph: embed[^]*looked-up-rows: 1/);

    const json = await inspect("--json", join(folder, "cut.onnx"), file);
    expect(json.code).toBe(1);
    expect(json.stderr).toMatch(/^fastvlm-inspect: The .*cut\.onnx file is not a whole ONNX model/);
    expect(JSON.parse(json.stdout)).toMatchObject([{ file, graph: "embed" }]);
  });

  it("answers what is no model with a sentence for each", async () => {
    const names = ["picture.png", "empty.onnx", "lfs.onnx", "nothing.onnx", "."];
    const { code, stdout, stderr } = await inspect(...names.map((name) => join(folder, name)));
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr.trim().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/picture\.png file is not a whole ONNX model/),
      expect.stringMatching(/empty\.onnx is not an ONNX model with one graph/),
      expect.stringMatching(/lfs\.onnx stands for a file that Git LFS did not fetch/),
      expect.stringMatching(/no such file.*nothing\.onnx/),
      expect.stringMatching(/is not a file/),
    ]);
  });
});

function appliedOf({ devices: { webgpu } }: ModelInspection): Record<string, number> {
  expect(webgpu.flatMap(({ missed }) => missed)).toEqual([]);
  return Object.fromEntries(webgpu.map(({ name, applied }) => [name, applied]));
}

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run inspect -- ...args` runs, without npm. */
async function inspect(...args: string[]): Promise<Outcome> {
  const { scripts } = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as {
    scripts: { inspect: string };
  };
  const [, ...words] = scripts.inspect.split(" ");
  const child = spawn(process.execPath, [...words, ...args], { cwd: ROOT });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, ...output });
    });
  });
}
