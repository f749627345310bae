/**
 * `onnx-community/FastVLM-0.5B-ONNX`: Apple's FastVLM-0.5B as public ONNX files. Without pins sizes
 * are as the repository lists them, in rounded megabytes; the server's lengths count once a download
 * begins.
 */

import { HUB, PUBLIC_FILE_MEGABYTES, PUBLIC_REPOSITORY } from "../schema/manifest-public-files.ts";
import type {
  ModelDescriptor,
  ModelFile,
  ModelPins,
  ModelSource,
  ModelVariant,
  SelfCheck,
} from "../protocol/model-descriptor.ts";
import { isCommit } from "../schema/manifest-fields.ts";
import { baseOf } from "../schema/model-source.ts";
import { KNOWN_SHA256 } from "./fastvlm-05b-hashes.ts";
import { readPins } from "../schema/read-pins.ts";
import { fastVlm05bOptions } from "../schema/catalog-options.ts";
import { read } from "../schema/read.ts";

export interface FastVlm05bOptions {
  /**
   * `"apple-amlr"` says that the user saw and accepted Apple's licence for the weights, which allows
   * research only. Without it nothing is fetched.
   */
  readonly acceptLicense?: "apple-amlr";
  /**
   * A branch, tag or commit of the repository. Default `main`; in production give `pins`. Which commit a
   * branch or tag is at is asked once, before the first byte, and kept (see {@link ModelSource}).
   *
   * Files of `main` are held to the hashes that the kit knows. Another revision may have other files: it
   * is held to `pins` only. So is a `baseUrl` of files that you changed, when you name your revision.
   */
  readonly revision?: string;
  /**
   * What `pinModel` or `fastvlm-pin` wrote down: the files come from that commit, and bytes other
   * than those are refused.
   */
  readonly pins?: ModelPins;
  /** The hub's address, for mirrors. Default `https://huggingface.co`. */
  readonly endpoint?: string;
  /**
   * Where the repository's files are, when not on the Hugging Face Hub: `{baseUrl}/config.json`,
   * `{baseUrl}/onnx/vision_encoder.onnx` and so on. They must be the same files, unless `revision` gives
   * yours a name.
   */
  readonly baseUrl?: string;
  /** Side of the square that the encoder sees, in pixels; a multiple of 64. Default 1024, as trained. */
  readonly imageSize?: number;
  /**
   * What these files compute, as `fastvlm-selfcheck` wrote it down: every device is held to it, and the
   * longer questions that the first load asks without are left out.
   */
  readonly selfCheck?: SelfCheck;
}

const VARIANTS: readonly ModelVariant[] = [
  {
    id: "q4f16",
    device: "webgpu",
    requires: ["shader-f16"],
    graphs: {
      vision: "onnx/vision_encoder_fp16.onnx",
      embed: "onnx/embed_tokens_fp16.onnx",
      decoder: "onnx/decoder_model_merged_q4f16.onnx",
    },
  },
  {
    // The public vision_encoder_q4 holds the same float32 weights as vision_encoder.
    id: "q4",
    device: "webgpu",
    graphs: {
      vision: "onnx/vision_encoder.onnx",
      embed: "onnx/embed_tokens_fp16.onnx",
      decoder: "onnx/decoder_model_merged_q4.onnx",
    },
  },
  {
    // On the WASM CPU q4 has no fast kernel: 1.2 tokens/s against int8's 17.6.
    id: "int8",
    device: "wasm",
    graphs: {
      vision: "onnx/vision_encoder.onnx",
      embed: "onnx/embed_tokens_int8.onnx",
      decoder: "onnx/decoder_model_merged_int8.onnx",
    },
  },
];

/**
 * Describes FastVLM-0.5B. Fetches nothing.
 *
 * Without `pins`, the files of `main` whose hash is known carry it (`sha256`): the decoders q4 and int8
 * and the int8 embeddings. No hash is known of the two vision encoders, the fp16 embeddings, the decoder
 * q4f16, the tokenizer and the configurations: their first download is trusted, and later ones are held
 * to it. `pins` cover them all.
 *
 * @throws {TypeError} when an option is not what it may be, or is none; when `pins` are malformed, of another
 *   repository or of another commit than `revision`, or lack a file; when `selfCheck` is malformed
 */
export function fastvlm05b(given: FastVlm05bOptions = {}): ModelDescriptor {
  const options: FastVlm05bOptions = read(fastVlm05bOptions, given, "options");
  const { pins, selfCheck, imageSize = 1024 } = options;
  const paths = Object.keys(PUBLIC_FILE_MEGABYTES);
  const pinned = pins && readPins(pins, PUBLIC_REPOSITORY, options.revision, paths);
  const revision = pinned?.revision ?? options.revision ?? "main";
  const endpoint = options.endpoint?.replace(/\/+$/, "") ?? HUB;
  const source: ModelSource = { endpoint, repository: PUBLIC_REPOSITORY, revision };
  const baseUrl = options.baseUrl?.replace(/\/*$/, "/") ?? baseOf(source, revision);
  const files = Object.entries(PUBLIC_FILE_MEGABYTES).map(
    ([path, megabytes]): [string, ModelFile] => [
      path,
      {
        url: baseUrl + path,
        ...(pinned?.files[path] ?? {
          bytes: megabytes * 1e6,
          isApproximate: true,
          ...(revision === "main" && hashOf(path)),
        }),
      },
    ],
  );
  return {
    id: PUBLIC_REPOSITORY,
    revision,
    ...(options.baseUrl === undefined && !isCommit(revision) && { source }),
    license: {
      id: "apple-amlr",
      summary: "Apple's weights are for research purposes only, not for any product or service.",
      url: `${HUB}/apple/FastVLM-0.5B/blob/main/LICENSE`,
      isAccepted: options.acceptLicense === "apple-amlr",
    },
    files: Object.fromEntries(files),
    variants: VARIANTS,
    imageSize,
    ...(selfCheck && { selfCheck }),
    captions: {
      brief: { prompt: "Describe this image in one short sentence.", maxNewTokens: 64 },
      detailed: { prompt: "Describe this image in detail.", maxNewTokens: 256 },
      "alt-text": {
        prompt: "Write alt text for this image in one sentence, for a person who cannot see it.",
        maxNewTokens: 64,
      },
    },
  };
}

function hashOf(path: string): Pick<ModelFile, "sha256"> {
  const sha256 = KNOWN_SHA256[path];
  return sha256 === undefined ? {} : { sha256 };
}
