/** What each error code carries. A code exists when the caller would do something different about it. */
export interface OnnxErrorDetails {
  /** A file cannot be read as what it should be. Check the path, or download it again. */
  "file-invalid": { path: string };
  /** The weights lack a tensor that the model needs. They are of another architecture or incomplete. */
  "tensor-missing": { tensor: string };
  /** A tensor is not shaped as the rest of the model says. Check that config and weights belong together. */
  "tensor-shape": { tensor: string; expected: readonly number[]; found: readonly number[] };
  /** The tensor's element type cannot be converted. Save the weights as F32, F16 or BF16. */
  "dtype-unsupported": { tensor: string; dtype: string };
  /** The model's config lacks a field or has a value that makes no sense. */
  "config-invalid": { field: string };
  /** A weight does not fit the chosen element type. Write this graph as fp32. */
  "value-out-of-range": { tensor: string };
  /** One ONNX file holds at most 2 GiB. Choose a smaller dtype. */
  "file-too-large": { path: string; sizeBytes: number };
  /** The bytes of `file`, a name that the caller chose, are not a whole ONNX model. Fetch the file again. */
  "model-invalid": { file: string; reason: string };
}

/** The codes an {@link OnnxError} can have. */
export type OnnxErrorCode = keyof OnnxErrorDetails;

const brand = Symbol.for("@fastvlm-kit/onnx/error");

/** The one error class of this package: a code to act on, details to show, a sentence of advice. */
export class OnnxError<Code extends OnnxErrorCode = OnnxErrorCode> extends Error {
  readonly code: Code;
  readonly details: OnnxErrorDetails[Code];

  constructor(
    code: Code,
    details: OnnxErrorDetails[Code],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "OnnxError";
    this.code = code;
    this.details = details;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether `error` is one of ours (also when two copies of this package are installed), narrowed to `code`. */
  static is<Code extends OnnxErrorCode>(error: unknown, code?: Code): error is OnnxError<Code> {
    if (!(error instanceof Error) || !(brand in error)) return false;
    return code === undefined || ("code" in error && error.code === code);
  }
}
