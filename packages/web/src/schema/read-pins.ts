/** Pins as an app gives them: JSON from its source, which somebody may have edited or exchanged. */

import { isByteCount, isCommit, isSha256 } from "./manifest-fields.ts";
import type { ModelPins } from "../protocol/model-descriptor.ts";

/**
 * The pins of exactly `paths`.
 *
 * @param revision what the app asked for beside the pins, if it did
 * @throws {TypeError} when they are not the pins of this repository, this revision and all these files
 */
export function readPins(
  pins: ModelPins,
  repository: string,
  revision: string | undefined,
  paths: readonly string[],
): ModelPins {
  if (pins.repository !== repository) {
    throw new TypeError(
      `Expected \`pins\` of \`${repository}\`, got those of \`${pins.repository}\``,
    );
  }
  if (!isCommit(pins.revision)) {
    throw new TypeError(
      `Expected \`pins.revision\` to be a commit of 40 hex digits, got \`${String(pins.revision)}\``,
    );
  }
  if (revision !== undefined && revision !== pins.revision) {
    throw new TypeError(
      `Expected \`revision\` to be left out or that of \`pins\`, \`${pins.revision}\`, got \`${revision}\``,
    );
  }
  const files = paths.map((path): [string, ModelPins["files"][string]] => {
    if (!Object.hasOwn(pins.files, path)) {
      throw new TypeError(`Expected \`pins\` to have the file \`${path}\`; make them anew`);
    }
    const { bytes, sha256 } = pins.files[path]!;
    if (!isByteCount(bytes) || !isSha256(sha256)) {
      throw new TypeError(`Expected \`pins\` to have size and SHA-256 of the file \`${path}\``);
    }
    return [path, { bytes, sha256 }];
  });
  return { repository, revision: pins.revision, files: Object.fromEntries(files) };
}
