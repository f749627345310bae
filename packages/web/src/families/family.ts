/**
 * What differs between models. A family owns how a model's small files are read, which tiles an image
 * becomes, what its place in the prompt looks like, and the names that its graphs use. All other rooms
 * ask it, so that another family is one folder here and one line in `index.ts`.
 */

import type { ChatMessage, ImageTensor, Runtime, VisionPorts } from "../engines/runtime.ts";
import type { ImagePixels } from "../image/tensor/resample.ts";
import type { ChannelRange } from "../image/tensor/channel-range.ts";
import type { Size } from "../image/formats/size.ts";
import type { ImageSides } from "../protocol/image-sides.ts";
import type { ChatStyle, Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { ImageDetail, ImageFit } from "../protocol/options.ts";
import type { TemplateShape } from "./template-shape.ts";

/** Models that are read, asked and shown images in the same way. */
export interface ModelFamily {
  readonly name: string;
  /**
   * Reads the small files of one model.
   *
   * @param described what the model's descriptor says, where there is one
   * @throws {VlmError} `model-invalid` when a file lacks what the family needs, or says another size than the descriptor
   */
  configure(files: ConfigFiles, described?: DescribedSizes): ModelSetup;
}

/** What a model's descriptor says of its images. */
export type DescribedSizes = Pick<ModelDescriptor, "imageSize" | "tileSize">;

/** The parsed content of a model's small files. */
export interface ConfigFiles {
  /** `config.json` */
  readonly config: unknown;
  /** `generation_config.json`, where the model has it. */
  readonly generation?: unknown;
  /** `preprocessor_config.json`, where the model has it. */
  readonly preprocessor?: unknown;
}

/** One model of a family, as its small files describe it. */
export interface ModelSetup {
  /** Positions that a sequence may have. */
  readonly maxPositions: number;
  /** What ends an answer: ids that the files name, and control tokens that the vocabulary may have. */
  readonly ends: { readonly ids: readonly number[]; readonly tokens: readonly string[] };
  readonly ports: VisionPorts;
  readonly prompt: PromptForm;
  readonly images: ImageForm;
}

/** How messages are written. */
export interface PromptForm {
  /** The control token that a written conversation has in the place of each image. */
  readonly imageToken: string;
  /** What an answer begins with, before its first word. */
  readonly answerPrefix: "" | " ";
  /**
   * Recognises the model's chat template, which is never executed.
   *
   * @returns undefined for a template that is not known: it may write messages in another way than {@link write}
   */
  readTemplate(shape: TemplateShape): ChatStyle | undefined;
  /** Writes a conversation as the family's template does, up to where the answer begins. */
  write(messages: readonly ChatMessage[], style: ChatStyle): string;
}

/** How images become what the encoder takes. */
export interface ImageForm {
  readonly sides: ImageSides;
  /** How images are seen where a call does not say it. */
  readonly byDefault: { readonly fit: ImageFit; readonly detail: ImageDetail };
  /** The range of the encoder's numbers. */
  readonly range: ChannelRange;
  /**
   * Part of the names under which it is stored what an image's tiles are: equal where equal images
   * become equal tiles. Empty for FastVLM, so that what older kits stored is still found.
   */
  readonly storedAs: string;
  /** Sides of the images of checks, in pixels. An encoder that takes one size only is shown that one. */
  readonly checkSides: CheckSides;
  /** Side of a tile of the largest kind, in pixels, for a model whose images have the side `imageSize`. */
  tileSide(imageSize: number): number;
  /** The sides that a call can choose from, after the encoder was opened. */
  choice(encoder: EncoderSize, imageSize: number): SideChoice;
  /** Pixels that the encoder computes for a square image of this side, all tiles together. */
  encodedPixels(side: number): number;
  /** What an image becomes. Its width and height are enough to say so; pixels may come later. */
  plan(image: Size, view: ImageView): ImagePlan;
}

/** What an encoder's file says about its input. */
type EncoderSize = Pick<Runtime, "imageSize" | "isImageSizeFree">;

interface CheckSides {
  /** The cheapest image that is still encoded rightly. */
  readonly least: number;
  /** An image of several tokens that a CPU can encode in about a second. */
  readonly small: number;
}

interface SideChoice {
  /** The side of `detail: "high"`, in pixels. */
  readonly largest: number;
  /** Whether a smaller side is possible at all. */
  readonly isFree: boolean;
  /** The side, in pixels, that `detail: "auto"` begins with on a device whose speed was not measured yet. */
  readonly first: Readonly<Record<Device, number>>;
}

/** How an image shall be seen. */
interface ImageView {
  /** The side that was chosen, in pixels. */
  readonly side: number;
  readonly fit: ImageFit;
}

/** One run of the encoder: a square of pixels. */
export interface ImageTile {
  /** In pixels. */
  readonly side: number;
  /** Positions that its features take in the prompt. */
  readonly tokens: number;
}

export interface ImagePlan {
  /** The side that is told to the app, in pixels. */
  readonly side: number;
  /** Positions that the image takes in the prompt, with all marks around its tiles. */
  readonly tokens: number;
  /** In the order in which the prompt has them. */
  readonly tiles: readonly ImageTile[];
  /** What stands in the prompt in the image's place; it has one place for each of `tiles`. */
  readonly pieces: readonly ImagePiece[];
  /**
   * Computes tiles from the image's pixels. What is large is made here, once: the function that is returned keeps no
   * more than the image as it will be seen, so that the pixels can go.
   *
   * @returns a function that takes the index of a tile. It computes that tile anew each time
   */
  draw(pixels: ImagePixels): (tile: number) => ImageTensor;
}

/** A part of what an image becomes in the prompt. */
export type ImagePiece =
  | { readonly kind: "tile" }
  | { readonly kind: "control"; readonly token: string }
  /** Text of the family's own, encoded by itself. */
  | { readonly kind: "text"; readonly text: string };
