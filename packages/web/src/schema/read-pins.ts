/** Whether pins, each well-formed, are those of the model that is asked for: somebody may have exchanged them. */

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
  if (revision !== undefined && revision !== pins.revision) {
    throw new TypeError(
      `Expected \`revision\` to be left out or that of \`pins\`, \`${pins.revision}\`, got \`${revision}\``,
    );
  }
  const files = paths.map((path): [string, ModelPins["files"][string]] => {
    if (!Object.hasOwn(pins.files, path)) {
      throw new TypeError(`Expected \`pins\` to have the file \`${path}\`; make them anew`);
    }
    return [path, pins.files[path]!];
  });
  return { repository, revision: pins.revision, files: Object.fromEntries(files) };
}
