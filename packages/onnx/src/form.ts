/**
 * Which of several spellings of the same arithmetic a graph uses. `own` is the shortest. `exporter` is what the public
 * files have: the decoder as onnxruntime-genai's model builder 0.8 writes it, the encoder as `torch.onnx.export`
 * (dynamo) does, both loaded and saved once more. A test or a benchmark on that form says something about other
 * people's files.
 */
export type Form = "own" | "exporter";

/** The choice of a {@link Form}. */
export interface FormOptions {
  /** Default `own`. */
  form?: Form;
}

/** Versions of ONNX's operators that a graph may be written for. */
export type Opset = 14 | 18 | 20;

/** The file format's version that goes with each. */
export const irVersions: Readonly<Record<Opset, number>> = { 14: 7, 18: 8, 20: 9 };

/** How the parts of a graph that are the same in every graph are written. */
export interface GraphStyle {
  /** Default 20: `Gelu` is one operator from there on, and onnxruntime-web runs all of it on WASM and WebGPU. */
  readonly opset?: Opset;
  /**
   * Write each tensor's `data_location`, which is the default and can be left out. `onnx.save` writes it for tensors
   * that were in an external file once.
   */
  readonly writesDataLocation?: boolean;
  /** Small integers as `Constant` nodes instead of stored tensors. */
  readonly writesConstantNodes?: boolean;
}

/** The style of a decoder in the given form. */
export function decoderStyle({ form }: FormOptions): GraphStyle {
  return form === "exporter"
    ? { opset: 14, writesDataLocation: true, writesConstantNodes: true }
    : {};
}

/** The style of an encoder or an embedding in the given form. */
export function torchStyle({ form }: FormOptions): GraphStyle {
  return form === "exporter" ? { opset: 18, writesDataLocation: true } : {};
}
