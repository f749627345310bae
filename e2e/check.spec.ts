/** `fastvlm-check` on apps that are deployed well and badly: what it finds, and how it ends. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { GOOD, openSite, type SiteFile } from "../packages/check/test/site.ts";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";
import { startNginx } from "./nginx-server.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Report {
  readonly findings: readonly {
    readonly check: string;
    readonly level: string;
    readonly message: string;
    readonly urls?: readonly string[];
  }[];
}

/** Runs the command as a process of its own. */
async function check(...args: readonly string[]): Promise<Report & { code: number | null }> {
  const condition = ["--import", "tsx", "--conditions", "@fastvlm-kit/source"];
  const command = here("../packages/check/bin/fastvlm-check.js");
  const child = spawn(process.execPath, [...condition, command, "--json", ...args], {
    cwd: here(".."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { ...(JSON.parse(output === "" ? '{"findings":[]}' : output) as Report), code };
}

function notOk({ findings }: Report): string[] {
  return findings
    .filter(({ level }) => level !== "ok")
    .map(({ level, check, message }) => `${level} ${check}: ${message}`);
}

test("an app that is deployed well has no finding, also where warnings count", async () => {
  await using site = await openSite(GOOD);
  const report = await check(site.url, "--strict");
  expect(notOk(report)).toEqual([]);
  expect(report.findings).toHaveLength(11);
  expect(report.code).toBe(0);
});

test("each fault of a bad deployment is a finding, and the command ends with 2", async () => {
  const page = GOOD["/"]!;
  const plain = (file: SiteFile, change: Partial<SiteFile> = {}): SiteFile => ({
    ...file,
    headers: {},
    isCompressed: false,
    ...change,
  });
  await using site = await openSite(
    {
      "/": {
        ...plain(page),
        body: String(page.body) + `<script src="/gone-12ab34cd.js"></script>`,
        // The page's own icon is against it.
        headers: {
          "content-security-policy":
            "img-src 'none'; script-src * 'unsafe-inline' 'wasm-unsafe-eval'",
        },
      },
      "/assets/app-9c8d7e6f.js": plain(GOOD["/assets/app-9c8d7e6f.js"]!, {
        body: `console.error("It went wrong."); new Image().src = "/icon.png";
          fetch("/assets/engine-1a2b3c4d.wasm"); fetch("/models/1/model.onnx"); fetch("/models/2/model.onnx");
          globalThis.fastvlm = { checkSupport: () => ({ isSupported: false, missing: ["threads"] }) };
          navigator.serviceWorker.register("/service-worker.js");
          setTimeout(() => { throw new Error("Nobody caught this."); }, 100);`,
      }),
      "/assets/engine-1a2b3c4d.wasm": plain(GOOD["/assets/engine-1a2b3c4d.wasm"]!, {
        type: "application/octet-stream",
      }),
      "/models/1/model.onnx": plain(GOOD["/models/1/model.onnx"]!, {
        hasRanges: false,
        isCompressed: true,
      }),
      // It keeps nothing.
      "/service-worker.js": plain(GOOD["/service-worker.js"]!, {
        body: "onfetch = (event) => event.respondWith(fetch(event.request));",
        headers: { "cache-control": "max-age=31536000" },
      }),
    },
    { type: "text/html", body: "<!doctype html>The app." },
  );
  const report = await check(site.url, "--wait", "30");
  const found = notOk(report);
  for (const expected of [
    /^error page: The page threw: .*Nobody caught this\./,
    /^error page: The Content-Security-Policy refused something: .*icon\.png/,
    /^warning page: The page wrote errors to its console: It went wrong\./,
    /^warning isolation/,
    /^warning content-security-policy: .*'unsafe-inline', \*/,
    /^warning security-headers: .*X-Content-Type-Options/,
    /^warning security-headers: .*Referrer-Policy/,
    /^warning security-headers: .*frame-ancestors/,
    /^error files: A web page comes in the place of 2 files/,
    /^warning files: .*WebAssembly/,
    /^warning compression: .*without compression/,
    /^warning caching: .*names have a hash/,
    /^warning caching: .*The page and The service worker/,
    /^warning model-files: .*not sent in ranges/,
    /^warning model-files: .*compressed where no range/,
    /^warning offline: .*does not open without a network/,
    /^error health: checkSupport\(\) .*threads/,
  ]) {
    expect(found).toContainEqual(expect.stringMatching(expected));
  }
  const disguised = report.findings.find(({ message }) => message.startsWith("A web page"));
  expect(disguised!.urls!.map((url) => new URL(url).pathname).sort()).toEqual([
    "/gone-12ab34cd.js",
    "/models/2/model.onnx",
  ]);
  expect(report.code).toBe(2);
});

test("a service worker that keeps nothing does not open the page without a network", async () => {
  const passing = "onfetch = (event) => event.respondWith(fetch(event.request));";
  const worker = { ...GOOD["/service-worker.js"]!, body: passing };
  await using site = await openSite({ ...GOOD, "/service-worker.js": worker });
  expect(notOk(await check(site.url, "--wait", "30"))).toEqual([
    expect.stringMatching(/^warning offline: .*does not open without a network/),
  ]);
});

test("an address that does not answer is an error, and a wrong argument is none of the deployment's", async () => {
  const closed = await check("http://127.0.0.1:1/");
  expect(notOk(closed)).toEqual(["error page: The page did not open: net::ERR_UNSAFE_PORT."]);
  expect(closed.code).toBe(2);
  expect((await check("app.example.com")).code).toBe(3);
});

test(`the demo says through its page that the kit can answer, in a worker ${EXHAUSTIVE_TAG}`, async ({
  server,
}) => {
  const { findings } = await check(`${server.origin}/demo/index.html`, "--wait", "60");
  const levels = (name: string) =>
    findings.filter((one) => one.check === name).map(({ level }) => level);
  expect(findings.find(({ check: name }) => name === "health")!.message).toMatch(
    /^(checkSupport\(\) and vlm\.health\(\) say|vlm\.health\(\) says `warn`: device:fallback\.$)/,
  );
  expect(levels("health")).not.toContain("warning");
  expect(levels("page")).toEqual(["ok"]);
  expect(levels("model-files")).not.toContain("note"); // The worker's requests for weights were seen.
});

test(`the installable app behind the nginx of deploy/ has no finding but that it shows nothing of the kit ${EXHAUSTIVE_TAG}`, async () => {
  const nginx = await startNginx();
  try {
    const weights = ["--file", "models/tiny/1/onnx/decoder_model_merged_int8.onnx"];
    const report = await check(`${nginx.origin}/`, "--strict", "--wait", "30", ...weights);
    expect(notOk(report)).toEqual([expect.stringMatching(/^note health: The page shows nothing/)]);
    expect(report.code).toBe(0);
  } finally {
    nginx.close();
  }
});
