/** What the small files of a SmolVLM say. */

import { idefics3Config, idefics3Preprocessor } from "../../schema/idefics3-config.ts";
import { generationConfig } from "../../schema/model-files.ts";
import type { ConfigFiles, DescribedSizes } from "../family.ts";
import { modelFileInvalid, readModelFile } from "../read-model-file.ts";
import type { TileForm } from "./images.ts";
import { smolVlmSides } from "./sides.ts";

export interface SmolVlmConfig extends TileForm {
  /** Positions that a sequence may have. */
  readonly maxPositions: number;
  /** Ids that end an answer. */
  readonly endIds: readonly number[];
}

/** Of `Idefics3Config` and its parts in transformers: what a file leaves out has these values. */
const DEFAULTS = { imageSize: 224, patchSize: 32, scaleFactor: 2, maxPositions: 2048 } as const;

const NAME = "SmolVLM";

const HALF = [0.5, 0.5, 0.5] as const;

/** @throws {VlmError} `model-invalid` */
export function readSmolVlmConfig(files: ConfigFiles, described?: DescribedSizes): SmolVlmConfig {
  const config = readModelFile(idefics3Config, files.config, "config.json", NAME);
  const { eos_token_id: endIds = [] } = readModelFile(
    generationConfig,
    files.generation ?? {},
    "generation_config.json",
    NAME,
  );
  const preprocessor = readModelFile(
    idefics3Preprocessor,
    files.preprocessor ?? {},
    "preprocessor_config.json",
    NAME,
  );
  const { image_size: imageSize = DEFAULTS.imageSize, patch_size: patch = DEFAULTS.patchSize } =
    config.vision_config ?? {};
  const tile = preprocessor.max_image_size?.longest_edge ?? imageSize;
  // So many pixels in each direction become one token.
  const stride = patch * (config.scale_factor ?? DEFAULTS.scaleFactor);
  if (tile % stride !== 0) {
    const tokens = `tiles of ${String(tile)} px and tokens of ${String(stride)} px`;
    throw modelFileInvalid(NAME, "config.json", `${tokens}, which do not fill a tile`);
  }
  if (described) assertDescribed(tile, described);
  return {
    tile,
    tokens: (tile / stride) ** 2,
    range: { mean: preprocessor.image_mean ?? HALF, deviation: preprocessor.image_std ?? HALF },
    maxPositions: config.text_config?.max_position_embeddings ?? DEFAULTS.maxPositions,
    endIds,
  };
}

/** @throws {VlmError} `model-invalid` unless the descriptor has the same tiles, and images of whole tiles */
function assertDescribed(tile: number, described: DescribedSizes): void {
  const { imageSize } = described;
  const { step } = smolVlmSides(described);
  if (step !== tile) {
    const said = `\`tileSize\` ${String(step)} in the model's descriptor`;
    throw modelFileInvalid(
      NAME,
      "preprocessor_config.json",
      `tiles of ${String(tile)} px, and ${said}`,
    );
  }
  if (imageSize % tile !== 0) {
    const said = `\`imageSize\` ${String(imageSize)} in the model's descriptor`;
    throw modelFileInvalid(
      NAME,
      "imageSize",
      `${said} is no multiple of the tiles' ${String(tile)} px`,
    );
  }
}
