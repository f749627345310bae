/** Records the files of a model at one commit, with sizes and hashes, as the Hugging Face Hub reports them. */

import { VlmError } from "../protocol/errors.ts";
import { pinModelOptions, pinnedRevision } from "../schema/catalog-options.ts";
import { isCommit } from "../schema/manifest-fields.ts";
import { read } from "../schema/read.ts";
import { HUB, listPublicFiles } from "../schema/manifest-public-files.ts";
import type { ModelPins } from "../protocol/model-descriptor.ts";
import {
  hubRequestFailed,
  invalidAnswer,
  readFromHub,
  readJson,
  type Hub,
} from "./pin-model-hub.ts";
import { listFiles, type ListedFile } from "./pin-model-tree.ts";

/** Options of {@link pinModel}. */
export interface PinModelOptions {
  /** The hub's address, for mirrors. Default `https://huggingface.co`. */
  readonly endpoint?: string;
  /** Paths in the repository. Default: the files that `smolVlm()` lists for its repositories, else those of `fastvlm05b()`. */
  readonly files?: readonly string[];
  /** Makes the requests. Use your own to add a token, a proxy or retries. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/**
 * Returns the commit that `revision` is at now, and the size and SHA-256 of each file at that commit, sorted by path.
 * It runs in pages and in Node, and fetches a few kilobytes but no weights. Commit the result with the app's source and
 * pass it to `smolVlm({ pins })` or `fastvlm05b({ pins })`. From then on, bytes that differ from today's are refused.
 *
 * The hub reports the hashes of large files. Small files, which git itself stores, are fetched, compared with git's hash,
 * and hashed here. All hashes come from the host that also serves the files. So pins prove that the files have not
 * changed since the pins were made; they do not prove who made the files.
 *
 * @param repository `owner/name` of a model
 * @param revision a branch, a tag or a commit
 * @throws {VlmError} `download-failed` when the hub does not answer, or wrong bytes arrive; `model-invalid` when its
 *   answer makes no sense or a file is missing; the signal's reason when aborted
 * @throws {TypeError} when an argument is malformed
 * @throws {DOMException} `NotSupportedError` without WebCrypto, which pages have on https and localhost
 *
 * @example
 * const pins = await pinModel("onnx-community/FastVLM-0.5B-ONNX");
 * console.log(JSON.stringify(pins, null, 2));
 */
export async function pinModel(
  repository: string,
  revision = "main",
  given: PinModelOptions = {},
): Promise<ModelPins> {
  const options = readArguments(repository, revision, given);
  const { endpoint = HUB, files: wanted = listPublicFiles(repository) } = options;
  if (!("subtle" in crypto)) {
    throw new DOMException(
      "Pinning needs WebCrypto, which pages have on https and localhost only. Use one of those, or `fastvlm-pin`.",
      "NotSupportedError",
    );
  }
  const hub: Hub = {
    endpoint: endpoint.replace(/\/+$/, ""),
    repository,
    fetch: options.fetch ?? globalThis.fetch,
    signal: options.signal,
  };
  const commit = await readCommit(hub, revision);
  const paths = [...new Set(wanted)].sort();
  const listed = await listFiles(hub, commit, new Set(paths));
  const missing = paths.filter((path) => !listed.has(path));
  if (missing[0] !== undefined) {
    throw new VlmError(
      "model-invalid",
      `${repository} has no ${missing.join(", ")} at ${commit}. Check the repository and its revision, or name its own files.`,
      { file: missing[0], reason: "not in the repository" },
    );
  }
  const files: Record<string, ModelPins["files"][string]> = {};
  for (const path of paths) {
    const file = listed.get(path)!;
    files[path] = { bytes: file.bytes, sha256: file.sha256 ?? (await hashFile(hub, commit, file)) };
  }
  return { repository, revision: commit, files };
}

function readArguments(repository: unknown, revision: unknown, given: unknown): PinModelOptions {
  read(pinnedRevision, { repository, revision }, "options");
  return read(pinModelOptions, given, "options");
}

async function readCommit(hub: Hub, revision: string): Promise<string> {
  const path = `api/models/${hub.repository}/revision/${encodeURIComponent(revision)}`;
  const { value } = await readJson(hub, path);
  const { sha } = (value ?? {}) as { sha?: unknown };
  if (!isCommit(sha)) throw invalidAnswer(hub, "its `sha` is not a commit of 40 hex digits");
  if (isCommit(revision) && sha !== revision) throw invalidAnswer(hub, "it is of another commit");
  return sha;
}

/** The hub takes nothing above 10 MB outside of Large File Storage; this leaves room for mirrors. */
const MAX_PLAIN_BYTES = 32 * 2 ** 20;

/** The SHA-256 of a file that git itself stores, whose id there is a SHA-1 of its size and content. */
async function hashFile(hub: Hub, commit: string, file: ListedFile): Promise<string> {
  if (file.bytes > MAX_PLAIN_BYTES) {
    throw invalidAnswer(hub, `it is too large to have no SHA-256`, file.path);
  }
  const path = `${hub.repository}/resolve/${commit}/${file.path}`;
  const { bytes } = await readFromHub(hub, path, file.bytes);
  if (bytes.byteLength !== file.bytes) {
    throw hubRequestFailed(hub, path, "length", `brought less than ${file.bytes} bytes`);
  }
  const header = new TextEncoder().encode(`blob ${file.bytes}\0`);
  const blob = new Uint8Array(header.byteLength + bytes.byteLength);
  blob.set(header);
  blob.set(bytes, header.byteLength);
  if ((await hash("SHA-1", blob)) !== file.gitId) {
    throw hubRequestFailed(hub, path, "integrity", "brought other bytes than git has");
  }
  return hash("SHA-256", bytes);
}

async function hash(algorithm: "SHA-1" | "SHA-256", bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
