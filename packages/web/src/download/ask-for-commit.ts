/** Asks a hub which commit a branch or tag is at, with the same retries as for the download of a file. */

import { VlmError } from "../protocol/errors.ts";
import { isCommit } from "../schema/manifest-fields.ts";
import type { ModelSource } from "../protocol/model-descriptor.ts";
import { commitAddressOf } from "../schema/model-source.ts";
import type { DownloadPolicy } from "../wire/worker-api.ts";
import { downloadFailed, Interruption } from "./interruption.ts";
import { requestRange } from "./request.ts";
import { retry } from "./retry.ts";

export interface AskOptions {
  readonly fetch: typeof fetch;
  readonly policy: DownloadPolicy;
  readonly signal: AbortSignal;
  readonly onRetry: () => void;
}

/** The answer also lists the repository's files, so it has some kilobytes or some hundreds of them. */
const MAX_ANSWER_BYTES = 8 * 2 ** 20;

/**
 * @throws {VlmError} `download-failed` when the hub does not answer, `model-invalid` when its answer makes
 *   no sense; the signal's reason when it aborts
 */
export async function askForCommit(source: ModelSource, options: AskOptions): Promise<string> {
  let text = "";
  const ask = async (): Promise<void> => {
    text = await readText(source, options);
  };
  try {
    await retry(ask, options.policy, options.signal, options.onRetry);
  } catch (error) {
    throw error instanceof Interruption ? error.failure : error;
  }
  return parseCommit(source, text);
}

async function readText(
  source: ModelSource,
  { fetch, policy, signal }: AskOptions,
): Promise<string> {
  const file = {
    url: commitAddressOf(source),
    title: `The question for the commit of ${source.revision}`,
  };
  const { stallTimeoutMs } = policy;
  const request = { file, range: undefined, etag: undefined, signal, stallTimeoutMs, fetch };
  const answer = await requestRange(request);
  try {
    const decoder = new TextDecoder();
    let [text, bytes] = ["", 0];
    for (let chunk = await answer.read(); chunk; chunk = await answer.read()) {
      bytes += chunk.byteLength;
      text += decoder.decode(chunk, { stream: true });
      if (bytes <= MAX_ANSWER_BYTES) continue;
      throw new Interruption("permanent", downloadFailed(file, "length", "brought too many bytes"));
    }
    return text;
  } finally {
    answer.cancel();
  }
}

function parseCommit({ endpoint, repository }: ModelSource, text: string): string {
  const invalid = (reason: string, options?: ErrorOptions): VlmError<"model-invalid"> =>
    new VlmError(
      "model-invalid",
      `The answer of ${endpoint} about ${repository} cannot be used: ${reason}. Check that the address is a Hugging Face Hub.`,
      { file: repository, reason },
      options,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid("it is not JSON", { cause });
  }
  const { sha } = (value ?? {}) as { sha?: unknown };
  if (!isCommit(sha)) throw invalid("its `sha` is not a commit of 40 hex digits");
  return sha;
}
