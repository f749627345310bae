/** Where the files of a model on the Hugging Face Hub are, and what they have to be. */

import { HUB } from "../schema/manifest-public-files.ts";
import { isCommit } from "../schema/manifest-fields.ts";
import { baseOf } from "../schema/model-source.ts";
import { readPins } from "../schema/read-pins.ts";
import type {
  ModelDescriptor,
  ModelFile,
  ModelPins,
  ModelSource,
} from "../protocol/model-descriptor.ts";

/** Where the files of a public model come from. */
export interface HubOptions {
  /**
   * A branch, tag or commit of the repository; in production use `pins` instead. For a branch or a tag, the kit asks once
   * which commit it is at, before the first byte, and stores the answer (see {@link ModelSource}).
   */
  readonly revision?: string;
  /**
   * Pins, as `pinModel` or `fastvlm-pin` writes them. The files come from the commit of the pins, and other bytes are
   * refused.
   */
  readonly pins?: ModelPins;
  /** The hub's address, for mirrors. Default `https://huggingface.co`. */
  readonly endpoint?: string;
  /**
   * Where the files are, if not on the Hugging Face Hub: `{baseUrl}/config.json`, `{baseUrl}/onnx/vision_encoder.onnx`
   * and so on. They have to be the same files, unless `revision` has a name of your own.
   */
  readonly baseUrl?: string;
}

/** What the kit knows of a repository. */
export interface HubRepository {
  /** `owner/name` */
  readonly name: string;
  /** Path to size: estimates, which count until the server reports lengths. */
  readonly megabytes: Readonly<Record<string, number>>;
  /** Path to SHA-256, for files of the branch `main`. */
  readonly hashesOfMain?: Readonly<Record<string, string>>;
  /** What a caller without `revision` and `pins` gets. Default: the branch `main`. */
  readonly pins?: ModelPins;
}

/** @throws {TypeError} when `pins` belong to another repository or to another commit than `revision`, or lack a file */
export function hubFiles(
  repository: HubRepository,
  { pins: given, ...options }: HubOptions,
): Pick<ModelDescriptor, "revision" | "source" | "files"> {
  const { name, megabytes, hashesOfMain = {} } = repository;
  const pins = given ?? (options.revision === undefined ? repository.pins : undefined);
  const pinned = pins && readPins(pins, name, options.revision, Object.keys(megabytes));
  const revision = pinned?.revision ?? options.revision ?? "main";
  const endpoint = options.endpoint?.replace(/\/+$/, "") ?? HUB;
  const source: ModelSource = { endpoint, repository: name, revision };
  const baseUrl = options.baseUrl?.replace(/\/*$/, "/") ?? baseOf(source, revision);
  const toFile = (path: string, size: number): ModelFile => {
    const sha256 = revision === "main" ? hashesOfMain[path] : undefined;
    return {
      url: baseUrl + path,
      ...(pinned?.files[path] ?? {
        bytes: size * 1e6,
        isApproximate: true,
        ...(sha256 !== undefined && { sha256 }),
      }),
    };
  };
  const files = Object.entries(megabytes).map(([path, size]) => [path, toFile(path, size)]);
  return {
    revision,
    ...(options.baseUrl === undefined && !isCommit(revision) && { source }),
    files: Object.fromEntries(files) as ModelDescriptor["files"],
  };
}
