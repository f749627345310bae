/** The options of each kind of call. */

import type { CaptionPresetName } from "../protocol/model-descriptor.ts";
import type {
  AnswerFormat,
  CallPriority,
  ChatTurn,
  GenerationOptions,
  ImageDetail,
  ImageFit,
} from "../protocol/options.ts";
import type { NodeMode } from "../protocol/remote.ts";
import type { ImageSource } from "./image-source.ts";

/** Options that every call has. */
export interface CallOptions extends GenerationOptions {
  /** Ends this call at once with the signal's reason; the model stays loaded. */
  readonly signal?: AbortSignal;
  /**
   * How long the call may take, in milliseconds, for loading the images and for inference together. The wait for an
   * image element or a slow address counts; the wait in the queue of calls does not. Default 30,000.
   */
  readonly timeoutMs?: number;
  /**
   * How an image that is not square is fitted into the encoder's square. The model's family has a default, which cuts nothing
   * off: `pad` for FastVLM, `stretch` for SmolVLM.
   */
  readonly fit?: ImageFit;
  /**
   * The resolution that the encoder sees; a lower one is faster. Default `high` for FastVLM, which is the model's own size,
   * and `auto` for SmolVLM. Some encoders take one size only, and then always get that size. `images` of the result has the
   * size that was used.
   */
  readonly detail?: ImageDetail;
  /** How long encoding may take with `detail: "auto"`, in milliseconds. Default 250 on WebGPU, 2000 on WASM. */
  readonly targetLatencyMs?: number;
  /**
   * With `false` everything is computed anew: the call takes no answer, features or KV cache from earlier calls, and
   * keeps none for later ones. Default `true`.
   */
  readonly cache?: boolean;
  /** Whether somebody waits for the answer (`interactive`, default), or other calls go first (`background`). */
  readonly priority?: CallPriority;
}

/** The option of calls that remote nodes may answer. */
interface PlaceOptions {
  /**
   * Where this call may be answered: on the device, or on the nodes of `remote`. Default: the mode of `remote`; without
   * nodes, the device.
   */
  readonly mode?: NodeMode;
}

/** A question, with or without images. */
export interface GenerateRequest extends CallOptions, PlaceOptions {
  readonly prompt: string;
  /** One image or several, in the order in which the prompt mentions them. An empty list is the same as no image. */
  readonly image?: ImageSource | readonly ImageSource[];
  /** A system text in place of the one in the chat template. */
  readonly system?: string;
  /**
   * Earlier turns of the conversation; the first is the user's. The images belong to the first turn. The KV cache of
   * earlier calls with the same beginning is reused.
   */
  readonly history?: readonly ChatTurn[];
  /**
   * The form that the answer has to have. The model can take no token that breaks it, and has enough of its tokens left to
   * complete it, so that `JSON.parse(result.text)` works for a schema. It cannot be combined with `stop`.
   */
  readonly format?: AnswerFormat;
}

/** Options that set how the encoder sees an image. */
export type ImageViewOption = "fit" | "detail" | "targetLatencyMs";

/** Options of `vlm.open`. */
export type OpenOptions = Pick<CallOptions, ImageViewOption | "signal" | "timeoutMs" | "priority">;

/** Options of `vlm.caption`. */
export interface CaptionOptions extends CallOptions, PlaceOptions {
  /** Which kind of caption to write. Default `brief`. */
  readonly preset?: CaptionPresetName;
  /** The greatest number of words. The caption still ends with a whole sentence. */
  readonly maxWords?: number;
}
