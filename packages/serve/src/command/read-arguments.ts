/** Reads the arguments of `fastvlm-serve`. */

import { parseArgs } from "node:util";

export const HELP = `Serves a vision-language model on this machine's CPU with an OpenAI-compatible API.

  fastvlm-serve --model tiny|FOLDER|HUB-ID [options]

  --model NAME            tiny (the embedded model for drawings), a folder with a model's files, or a model of the
                          hub, such as HuggingFaceTB/SmolVLM-256M-Instruct
  --accept-license ID     accepts a licence that needs it: apple-amlr for FastVLM's weights, which are for research
  --revision NAME         branch, tag or commit of the hub's repository
  --pins FILE             the hashes that its files must have, as fastvlm-pin writes them
  --endpoint URL          the hub's address; default HF_ENDPOINT, else https://huggingface.co
  --image-size PIXELS     the longest side that the model sees; smaller is faster. Default: as the model was trained
  --alias NAME            another name for the model in requests; may be repeated
  --port N                default 8080; 0 takes a free one
  --metrics-port N        /metrics without a token at a port of its own; 0 takes a free one. Default: none
  --host ADDRESS          default 127.0.0.1. Any other needs a token, or --no-token
  --token-file FILE       holds the token that callers have to send; or set FASTVLM_TOKEN
  --no-token              lets everybody in who reaches the address
  --cors-origin ORIGIN    a page's origin that may call the server; may be repeated
  --workers N             workers with the same model, each with one call at a time; default 1
  --threads N             threads of each worker; default 1. Workers times threads should not be above the cores
  --max-queue N           requests that may wait; one more gets 429. Default 32
  --cache-dir FOLDER      where models are kept between starts; default ~/.cache/fastvlm-serve
  --max-cache BYTES       of models in it; default 17179869184
  --max-body BYTES        default 33554432
  --max-images N          in one request; default 4
  --max-tokens N          of an answer; default 1024
  --max-prompt N          characters of all messages; default 32768
  --timeout SECONDS       for one call, without its wait; default 120
  --stop-timeout SECONDS  for running calls after SIGTERM; default 25
  --image-host HOST       a host from which images may be fetched; may be repeated. Default: none
  --help
`;

export interface Arguments {
  readonly model: string;
  readonly acceptLicense: string | undefined;
  readonly revision: string | undefined;
  readonly pinsFile: string | undefined;
  readonly endpoint: string | undefined;
  readonly imageSize: number | undefined;
  readonly aliases: readonly string[];
  readonly port: number;
  readonly metricsPort: number | undefined;
  readonly host: string;
  readonly tokenFile: string | undefined;
  readonly noToken: boolean;
  readonly corsOrigins: readonly string[];
  readonly workers: number;
  readonly threads: number;
  readonly cacheFolder: string | undefined;
  readonly maxCacheBytes: number;
  readonly maxQueue: number;
  readonly maxBodyBytes: number;
  readonly maxImages: number;
  readonly maxTokens: number;
  readonly maxPromptCharacters: number;
  readonly timeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly imageHosts: readonly string[];
}

/**
 * @returns undefined where the help is asked for
 * @throws {TypeError} for an argument that is unknown or has a value that it may not have
 */
export function readArguments(given: readonly string[]): Arguments | undefined {
  const { values } = parseArgs({
    args: [...given],
    options: {
      model: { type: "string" },
      "accept-license": { type: "string" },
      revision: { type: "string" },
      pins: { type: "string" },
      endpoint: { type: "string" },
      "image-size": { type: "string" },
      alias: { type: "string", multiple: true, default: [] },
      port: { type: "string", default: "8080" },
      "metrics-port": { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      "token-file": { type: "string" },
      "no-token": { type: "boolean", default: false },
      "cors-origin": { type: "string", multiple: true, default: [] },
      workers: { type: "string", default: "1" },
      threads: { type: "string", default: "1" },
      "cache-dir": { type: "string" },
      "max-cache": { type: "string", default: String(16 * 2 ** 30) },
      "max-queue": { type: "string", default: "32" },
      "max-body": { type: "string", default: String(32 * 2 ** 20) },
      "max-images": { type: "string", default: "4" },
      "max-tokens": { type: "string", default: "1024" },
      "max-prompt": { type: "string", default: "32768" },
      timeout: { type: "string", default: "120" },
      "stop-timeout": { type: "string", default: "25" },
      "image-host": { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.model === undefined) {
    throw new TypeError("Expected --model. --help shows all options.");
  }
  return {
    model: values.model,
    acceptLicense: values["accept-license"],
    revision: values.revision,
    pinsFile: values.pins,
    endpoint: values.endpoint,
    imageSize:
      values["image-size"] === undefined
        ? undefined
        : toInteger("image-size", values["image-size"], 1, 16_384),
    aliases: values.alias,
    port: toInteger("port", values.port, 0, 65_535),
    metricsPort:
      values["metrics-port"] === undefined
        ? undefined
        : toInteger("metrics-port", values["metrics-port"], 0, 65_535),
    host: values.host,
    tokenFile: values["token-file"],
    noToken: values["no-token"],
    corsOrigins: values["cors-origin"].map(toOrigin),
    workers: toInteger("workers", values.workers, 1, 64),
    threads: toInteger("threads", values.threads, 1, 64),
    cacheFolder: values["cache-dir"],
    maxCacheBytes: toInteger("max-cache", values["max-cache"], 0, Number.MAX_SAFE_INTEGER),
    maxQueue: toInteger("max-queue", values["max-queue"], 0),
    maxBodyBytes: toInteger("max-body", values["max-body"], 1024),
    maxImages: toInteger("max-images", values["max-images"], 0),
    maxTokens: toInteger("max-tokens", values["max-tokens"], 1, 8192),
    maxPromptCharacters: toInteger("max-prompt", values["max-prompt"], 1),
    timeoutMs: 1000 * toInteger("timeout", values.timeout, 1, 86_400),
    stopTimeoutMs: 1000 * toInteger("stop-timeout", values["stop-timeout"], 0, 86_400),
    imageHosts: values["image-host"],
  };
}

function toInteger(name: string, text: string, min: number, max = 2 ** 31 - 1): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new TypeError(
    `Expected --${name} to be a whole number from ${String(min)} to ${String(max)}, got \`${text}\``,
  );
}

/** An origin as browsers send it. A wildcard would let every page in. */
function toOrigin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new TypeError(
    `Expected --cors-origin to be an origin such as https://app.example.com, got \`${text}\``,
  );
}
