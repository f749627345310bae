/** Each check with what a good deployment shows, and with one thing wrong. */

import { describe, expect, it } from "vitest";
import type { Answer, Observation, ObservedFile, PageState } from "../observation.ts";
import type { Level } from "../finding.ts";
import { judge } from "./index.ts";

const ORIGIN = "https://app.example.com";
const FOR_GOOD = "public, max-age=31536000, immutable";
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'none'";

const PAGE: PageState = {
  url: `${ORIGIN}/`,
  isSecureContext: true,
  isCrossOriginIsolated: true,
  workers: 1,
  metaPolicies: [],
  kit: {
    support: { isSupported: true, missing: [] },
    health: { status: "pass", notPassed: [] },
  },
};

function answer(headers: Readonly<Record<string, string>>, change: Partial<Answer> = {}): Answer {
  return { status: 200, headers, beginning: "", ...change };
}

function file(path: string, kind: ObservedFile["kind"], whole: Answer | undefined): ObservedFile {
  return { url: new URL(path, ORIGIN).href, kind, isOwn: true, whole, range: undefined };
}

const COMPRESSED = { "content-encoding": "br", vary: "Accept-Encoding", "content-length": "9000" };
const PAGE_HEADERS = {
  ...COMPRESSED,
  "content-type": "text/html",
  "cache-control": "no-cache",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};
const SCRIPT_HEADERS = {
  ...COMPRESSED,
  "content-type": "text/javascript",
  "cache-control": FOR_GOOD,
};
const WEIGHTS_HEADERS = { "content-length": "5000", etag: '"1"', "cache-control": FOR_GOOD };
const RANGE = answer({ "content-range": "bytes 0-15/5000" }, { status: 206 });

const page = (change: Readonly<Record<string, string>> = {}, without: string[] = []) =>
  file("/", "page", answer(leaveOut({ ...PAGE_HEADERS, ...change }, without)));
const script = (change: Readonly<Record<string, string>> = {}, without: string[] = []) =>
  file("/app-1a2b3c4d.js", "script", answer(leaveOut({ ...SCRIPT_HEADERS, ...change }, without)));
const weights = (change: Partial<ObservedFile> = {}): ObservedFile => ({
  ...file("/model.onnx", "weights", answer(WEIGHTS_HEADERS)),
  range: RANGE,
  ...change,
});

function leaveOut(
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

const GOOD: Observation = {
  url: `${ORIGIN}/`,
  page: PAGE,
  failure: undefined,
  files: [page(), script(), weights()],
  problems: [],
  offline: { serviceWorker: "active", reload: { isShown: true, failed: [] } },
};

/** What is not well, in short. */
function find(change: Partial<Observation>): string[] {
  return judge({ ...GOOD, ...change })
    .filter(({ level }) => level !== "ok")
    .map(({ level, check, message }) => `${level} ${check}: ${message}`);
}

it("finds nothing wrong with a good deployment, and says so of each check", () => {
  expect(find({})).toEqual([]);
  expect(judge(GOOD).map(({ check }) => check)).toEqual([
    ...["page", "secure-context", "isolation", "content-security-policy", "security-headers"],
    ...["files", "compression", "caching", "model-files", "offline", "health"],
  ]);
});

it("says only that the page did not open where it did not", () => {
  const closed = { page: undefined, failure: "net::ERR_CONNECTION_REFUSED", files: [] };
  expect(find(closed)).toEqual(["error page: The page did not open: net::ERR_CONNECTION_REFUSED."]);
});

const html = answer({ "content-type": "text/html" }, { beginning: "<!DOCTYPE html><html>" });

const CASES: readonly (readonly [string, Partial<Observation>, Level, string, RegExp])[] = [
  [
    "an exception",
    { problems: [{ type: "exception", message: "x is undefined" }] },
    "error",
    "page",
    /x is undefined/,
  ],
  [
    "what the policy refused",
    { problems: [{ type: "policy-violation", message: "Refused" }] },
    "error",
    "page",
    /Refused/,
  ],
  [
    "a request without an answer",
    { problems: [{ type: "request-failed", message: "/a" }] },
    "warning",
    "page",
    /\/a/,
  ],
  [
    "a line of the console",
    { problems: [{ type: "console-error", message: "oh" }] },
    "warning",
    "page",
    /oh/,
  ],
  [
    "no HTTPS",
    { page: { ...PAGE, isSecureContext: false } },
    "error",
    "secure-context",
    /private storage/,
  ],
  [
    "no isolation",
    { page: { ...PAGE, isCrossOriginIsolated: false } },
    "warning",
    "isolation",
    /one thread/,
  ],
  [
    "no policy",
    { files: [page({}, ["content-security-policy"])] },
    "warning",
    "content-security-policy",
    /no Content-Security-Policy/,
  ],
  [
    "a policy without WebAssembly",
    { files: [page({ "content-security-policy": "script-src 'self'" })] },
    "error",
    "content-security-policy",
    /forbids WebAssembly/,
  ],
  [
    "a policy with holes",
    { files: [page({ "content-security-policy": "script-src 'unsafe-inline' 'unsafe-eval'" })] },
    "warning",
    "content-security-policy",
    /'unsafe-inline', 'unsafe-eval'/,
  ],
  [
    "no nosniff",
    { files: [page({}, ["x-content-type-options"])] },
    "warning",
    "security-headers",
    /X-Content-Type-Options/,
  ],
  [
    "no Referrer-Policy",
    { files: [page({}, ["referrer-policy"])] },
    "warning",
    "security-headers",
    /Referrer-Policy/,
  ],
  [
    "no HSTS",
    { files: [page({}, ["strict-transport-security"])] },
    "warning",
    "security-headers",
    /Strict-Transport-Security/,
  ],
  [
    "frames of others",
    {
      files: [page({ "content-security-policy": POLICY.replace("; frame-ancestors 'none'", "") })],
    },
    "warning",
    "security-headers",
    /frame-ancestors/,
  ],
  [
    "a missing file",
    { files: [page(), file("/gone.js", "script", answer({}, { status: 404 }))] },
    "error",
    "files",
    /1 file could not be fetched: status 404/,
  ],
  [
    "no answer for a file",
    { files: [page(), file("/gone.js", "script", undefined)] },
    "error",
    "files",
    /no answer/,
  ],
  [
    "a page in the place of weights",
    { files: [page(), weights({ whole: html })] },
    "error",
    "files",
    /A web page comes in the place of 1 file/,
  ],
  [
    "a page in the place of a tokenizer",
    { files: [page(), file("/tokenizer.json", "model", { ...html, headers: {} })] },
    "error",
    "files",
    /A web page/,
  ],
  [
    "a script as text",
    { files: [page(), script({ "content-type": "text/plain" })] },
    "error",
    "files",
    /browsers refuse it/,
  ],
  [
    "WebAssembly as bytes",
    {
      files: [
        page(),
        file(
          "/a.wasm",
          "wasm",
          answer({ ...COMPRESSED, "content-type": "application/octet-stream" }),
        ),
      ],
    },
    "warning",
    "files",
    /compiled while it arrives/,
  ],
  [
    "a plain script",
    { files: [page(), script({}, ["content-encoding"])] },
    "warning",
    "compression",
    /without compression/,
  ],
  [
    "compression without Vary",
    { files: [page(), script({}, ["vary"])] },
    "warning",
    "compression",
    /without Vary/,
  ],
  [
    "a hashed file for an hour",
    { files: [page(), script({ "cache-control": "max-age=3600" })] },
    "warning",
    "caching",
    /whose names have a hash/,
  ],
  [
    "a page for a day",
    { files: [page({ "cache-control": "max-age=86400" })] },
    "warning",
    "caching",
    /^The page may be taken/,
  ],
  [
    "a page without a word",
    { files: [page({}, ["cache-control"])] },
    "warning",
    "caching",
    /^The page may be taken/,
  ],
  [
    "a service worker for good",
    { files: [page(), file("/sw.js", "service-worker", script().whole)] },
    "warning",
    "caching",
    /^The service worker may be taken/,
  ],
  ["weights that nobody fetched", { files: [page()] }, "note", "model-files", /no weights/],
  [
    "no ranges",
    { files: [page(), weights({ range: answer(WEIGHTS_HEADERS) })] },
    "warning",
    "model-files",
    /not sent in ranges/,
  ],
  [
    "a compressed range",
    {
      files: [
        page(),
        weights({ range: { ...RANGE, headers: { ...RANGE.headers, "content-encoding": "gzip" } } }),
      ],
    },
    "error",
    "model-files",
    /its hash is wrong/,
  ],
  [
    "compressed weights",
    {
      files: [
        page(),
        weights({ whole: answer({ ...WEIGHTS_HEADERS, "content-encoding": "gzip" }) }),
      ],
    },
    "warning",
    "model-files",
    /hardly get smaller/,
  ],
  [
    "weights without a length",
    {
      files: [
        page(),
        weights({
          whole: answer({ etag: '"1"', "cache-control": FOR_GOOD }),
          range: answer({ "content-range": "bytes 0-15/*" }, { status: 206 }),
        }),
      ],
    },
    "warning",
    "model-files",
    /without a length/,
  ],
  [
    "weights without a version",
    { files: [page(), weights({ whole: answer(leaveOut(WEIGHTS_HEADERS, ["etag"])) })] },
    "warning",
    "model-files",
    /without an ETag/,
  ],
  [
    "headers that are hidden",
    { files: [page(), weights({ isOwn: false })] },
    "warning",
    "model-files",
    /does not show/,
  ],
  [
    "no service worker",
    { offline: { serviceWorker: "none", reload: undefined } },
    "note",
    "offline",
    /no service worker/,
  ],
  [
    "a service worker that does not start",
    { offline: { serviceWorker: "stuck", reload: undefined } },
    "warning",
    "offline",
    /did not become active/,
  ],
  [
    "a page that needs the network",
    { offline: { serviceWorker: "active", reload: { isShown: false, failed: [] } } },
    "warning",
    "offline",
    /does not open/,
  ],
  [
    "a file that needs the network",
    { offline: { serviceWorker: "active", reload: { isShown: true, failed: ["/a.js"] } } },
    "warning",
    "offline",
    /1 files/,
  ],
  [
    "a page that shows nothing",
    { page: { ...PAGE, kit: undefined } },
    "note",
    "health",
    /1 workers ran/,
  ],
  [
    "a browser that cannot",
    { page: { ...PAGE, kit: { support: { isSupported: false, missing: ["Web Locks"] } } } },
    "error",
    "health",
    /Web Locks/,
  ],
  [
    "health that fails",
    { page: { ...PAGE, kit: { health: { status: "fail", notPassed: ["model:readiness"] } } } },
    "error",
    "health",
    /model:readiness/,
  ],
  [
    "health that warns",
    { page: { ...PAGE, kit: { health: { status: "warn", notPassed: ["storage:quota"] } } } },
    "warning",
    "health",
    /storage:quota/,
  ],
  [
    "a browser without a GPU",
    { page: { ...PAGE, kit: { health: { status: "warn", notPassed: ["device:fallback"] } } } },
    "note",
    "health",
    /device:fallback/,
  ],
  [
    "a kit that does not answer",
    { page: { ...PAGE, kit: { failure: "too late" } } },
    "error",
    "health",
    /too late/,
  ],
  [
    "a client without a worker",
    { page: { ...PAGE, workers: 0 } },
    "warning",
    "health",
    /no worker ran/,
  ],
];

describe("finds one thing wrong, and nothing else of that check", () => {
  it.each(CASES)("%s", (_, change, level, check, message) => {
    const found = judge({ ...GOOD, ...change }).filter((one) => one.check === check);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ level, message: expect.stringMatching(message) as string });
  });
});

it("says what headers isolation lacks", () => {
  const files = [
    page({ "cross-origin-opener-policy": "same-origin-allow-popups" }, [
      "cross-origin-embedder-policy",
    ]),
  ];
  const [found] = judge({ ...GOOD, files, page: { ...PAGE, isCrossOriginIsolated: false } }).filter(
    ({ check }) => check === "isolation",
  );
  expect(found!.advice).toBe(
    "Send Cross-Origin-Opener-Policy: same-origin (it is `same-origin-allow-popups`) and Cross-Origin-Embedder-Policy: require-corp (it is missing) with the page.",
  );
});

it("takes a policy of the page's own HTML, and a nonce for what it is", () => {
  const metaPolicies = ["script-src 'nonce-abc' 'unsafe-inline' 'wasm-unsafe-eval'"];
  const files = [page({}, ["content-security-policy"])];
  const found = judge({ ...GOOD, files, page: { ...PAGE, metaPolicies } });
  expect(found.find(({ check }) => check === "content-security-policy")!.level).toBe("ok");
});
