/** A node's description with every default filled in. */

import type { RemoteNodeDescription, RemoteNodeOptions } from "../api/remote.ts";
import { read } from "../schema/read.ts";
import { remoteNodeOptions } from "../schema/remote-options.ts";
import type { AskedNode } from "./chat-body.ts";
import type { ChatTimeouts } from "./chat-request.ts";
import { DIALECTS } from "./dialects.ts";

export interface NodeSettings extends AskedNode {
  readonly chatUrl: string;
  readonly healthUrl: string;
  readonly origin: string;
  readonly purpose: string;
  readonly apiKey: (() => Promise<string> | string) | undefined;
  readonly weight: number;
  readonly maxConcurrent: number;
  readonly timeouts: ChatTimeouts;
  readonly retries: number;
  readonly maxSide: number;
  /** Whether the health check gets the key: a list of models may need it, a path of its own does not. */
  readonly isCheckedWithKey: boolean;
}

/**
 * Describes a server that may answer calls: one with an OpenAI-compatible API, such as vLLM, SGLang, llama.cpp's server,
 * Ollama, LM Studio, or `fastvlm-serve`. It makes no request. Images that it answers about leave the device.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have; the message names the option
 * @example
 * const node = remoteNode({
 *   baseUrl: "https://vlm.example.com/v1",
 *   model: "Qwen/Qwen2.5-VL-3B-Instruct",
 *   server: "vllm",
 *   purpose: "Captions on devices that cannot run the model",
 *   apiKey: () => fetchShortLivedToken(),
 * });
 */
export function remoteNode(given: RemoteNodeOptions): RemoteNodeDescription {
  const options: RemoteNodeOptions = read(remoteNodeOptions, given, "options");
  const { name = `${new URL(options.baseUrl).host} ${options.model}`.slice(0, 100) } = options;
  return { ...options, name };
}

/** @throws {TypeError} when the description is not one of {@link remoteNode} */
export function resolveNode(given: RemoteNodeDescription): NodeSettings {
  const { name, ...options } = remoteNode(given);
  const { server = "openai", timeouts = {}, healthPath, apiKey } = options;
  const dialect = DIALECTS[server];
  const base = new URL(options.baseUrl);
  const api = `${base.origin}${base.pathname.replace(/\/+$/, "")}`;
  const path = healthPath ?? dialect.healthPath;
  return {
    name,
    model: options.model,
    dialect,
    logprobs: options.logprobs ?? dialect.hasLogprobs,
    chatUrl: `${api}/chat/completions`,
    healthUrl: path === undefined ? `${api}/models` : `${base.origin}${path}`,
    isCheckedWithKey: path === undefined,
    origin: base.origin,
    purpose: options.purpose,
    apiKey,
    weight: options.weight ?? 1,
    maxConcurrent: options.maxConcurrent ?? 4,
    timeouts: {
      answerMs: timeouts.answerMs ?? 20_000,
      firstTextMs: timeouts.firstTextMs ?? 30_000,
      stallMs: timeouts.stallMs ?? 15_000,
    },
    retries: options.retries ?? 1,
    maxSide: options.maxSide ?? 1024,
  };
}
