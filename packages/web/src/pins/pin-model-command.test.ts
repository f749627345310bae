import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { pinModel } from "./pin-model.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const REPOSITORY = "owner/name";

let server: FaultServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fastvlm-pin-"));
  server = await startFaultServer({
    contents: {
      "/cdn/owner/name/config.json": Buffer.from("{}"),
      "/cdn/owner/name/model.onnx": Buffer.from("graph"),
    },
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run pin -- ...args` runs, without npm. */
async function pin(...args: string[]): Promise<Outcome> {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    scripts: { pin: string };
  };
  const [, ...words] = scripts.pin.split(" ");
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

const atServer = (): string[] => ["--endpoint", `${server.origin}/hub`, "--files"];

describe("fastvlm-pin", () => {
  it("prints pins as JSON", async () => {
    const files = ["config.json", "model.onnx"];
    const pins = await pinModel(REPOSITORY, "main", { endpoint: `${server.origin}/hub`, files });
    expect(await pin(REPOSITORY, ...atServer(), files.join())).toEqual({
      code: 0,
      stdout: `${JSON.stringify(pins, null, 2)}\n`,
      stderr: "",
    });
  });

  it("writes them to a file, at the revision asked for", async () => {
    const out = join(folder, "pins.json");
    const commit = "a".repeat(40);
    const outcome = await pin(REPOSITORY, commit, ...atServer(), "config.json", "--out", out);
    expect(outcome).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(JSON.parse(await readFile(out, "utf8"))).toMatchObject({
      repository: REPOSITORY,
      revision: commit,
      files: { "config.json": { bytes: 2 } },
    });
  });

  it("fails in one line, and writes nothing", async () => {
    const out = join(folder, "none.json");
    const outcome = await pin(REPOSITORY, ...atServer(), "other.onnx", "--out", out);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^fastvlm-pin: owner\/name has no other\.onnx at .*\n$/);
    expect(await readdir(folder)).not.toContain("none.json");
  });

  it("says what Node says of a connection that fails", async () => {
    server.isDown = true;
    const { code, stderr } = await pin(REPOSITORY, ...atServer(), "config.json");
    server.isDown = false;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^fastvlm-pin: .*did not get through.*\((other side closed|.*reset.*)\)\n$/i,
    );
  });

  it.each([
    [[], "Expected OWNER/NAME"],
    [["a/b", "main", "more"], "at most one REVISION"],
    [["name"], "Expected `repository`"],
    [["a/b", "--colour"], "Unknown option '--colour'"],
  ])("refuses %j", async (args, sentence) => {
    const { code, stdout, stderr } = await pin(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("explains itself", async () => {
    const { code, stdout, stderr } = await pin("--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const word of ["OWNER/NAME", "--out", "--endpoint", "--files"]) {
      expect(stdout).toContain(word);
    }
  });
});
