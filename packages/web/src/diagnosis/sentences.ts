/** What is wrong and what to do, for each problem that keeps a runtime from starting. */

import { VlmError, type StartPhase } from "../protocol/errors.ts";
import type { StartProblem } from "../protocol/start-problem.ts";
import { shownAddress } from "../schema/local-address.ts";

/** What was found out about a start that failed. */
export interface Finding {
  readonly problem: Exclude<StartProblem, "insecure-origin" | "no-ranges">;
  /** The file that it is about. */
  readonly url?: string | undefined;
  /** The HTTP status, if there was an answer that says what is wrong. */
  readonly status?: number | undefined;
}

/** The error for a start that failed for a reason that is known. */
export function startFailed(phase: StartPhase, finding: Finding): VlmError<"start-failed"> {
  const { problem, status } = finding;
  const url = finding.url === undefined ? undefined : shownAddress(finding.url);
  return new VlmError("start-failed", sentenceFor(finding, url), {
    phase,
    reason: problem,
    ...(url !== undefined && { url }),
    ...(status !== undefined && { status }),
  });
}

function sentenceFor({ problem, status }: Finding, url: string | undefined): string {
  const script = url === undefined ? "A script of the worker" : `The worker's script ${url}`;
  const file =
    url === undefined ? "The WebAssembly of onnxruntime" : `The file of onnxruntime, ${url},`;
  const sentences: Readonly<Record<Finding["problem"], string>> = {
    "script-missing": `${script} is not on the server (HTTP ${String(status)}). Serve all files of the app's build, those of older builds too while pages of them are open.`,
    "script-is-page": `${script} was answered with a web page. Serve all files of the app's build, and let the server answer a file that is missing with 404, not with the app's page.`,
    "script-wrong-type": `${script} has a \`Content-Type\` with which browsers run no scripts. Serve it as \`text/javascript\`.`,
    "script-unreachable": `${script} did not arrive. Check the connection, and whether an extension or a proxy keeps it back, then try again.`,
    "script-blocked": `The Content-Security-Policy forbids to run ${url ?? "the worker's script"}. Add its origin to \`worker-src\`: 'self', or blob: for a worker from a \`blob:\` address; and to \`script-src\` of the worker's own policy for what it imports.`,
    "script-not-isolated": `${script} came without the header \`Cross-Origin-Embedder-Policy\`, which the page has. Send the page's own value with all scripts too.`,
    "worker-other-origin": `${script} is of another origin than the page, and did not arrive. Check the connection, and that the other origin sends \`Access-Control-Allow-Origin\` with all scripts, or serve them from the page's origin.`,
    "worker-not-module":
      'The worker was started as a classic script. Pass `{ type: "module" }` to `new Worker`.',
    "bare-import": `${script} imports a package by its name, which browsers do not find in a worker. Build the worker with a bundler, or import the file's address; import maps do not apply to workers.`,
    "trusted-types":
      "The page demands Trusted Types for scripts (`require-trusted-types-for`). Let a `default` policy allow the app's own scripts, and list the kit's policy: `trusted-types default fastvlm-kit`.",
    "wasm-missing": `${file} is not on the server (HTTP ${String(status)}). Serve the \`.wasm\` files of the app's build, or name the place where they are with \`runtimeFiles\` in \`startWorker\`.`,
    "wasm-is-page": `${file} was answered with a web page. Serve the \`.wasm\` files of the app's build, and let the server answer a file that is missing with 404, not with the app's page.`,
    "wasm-unreachable": `${file} did not arrive. Check the connection, and that \`connect-src\` of the Content-Security-Policy and CORS allow it, then try again.`,
    "wasm-blocked":
      "The Content-Security-Policy of the worker's script forbids WebAssembly. Add 'wasm-unsafe-eval' to its `script-src`, in the answer that has the worker's script too.",
  };
  return sentences[problem];
}
