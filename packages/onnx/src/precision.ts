/** The kinds of file that can be written; the name is the file's suffix (`fp32` has none). */
export const dtypes = ["fp32", "fp16", "int8", "q4", "q4f16"] as const;

/** How a graph's weights are stored and what its arithmetic is done in. */
export type Dtype = (typeof dtypes)[number];

/** What a {@link Dtype} means for each part of a graph. */
export interface Precision {
  /** How the matrices of linear layers are stored and multiplied. */
  readonly matrices: "float" | "int8" | "q4";
  /** What everything else is calculated in. float16 needs the `shader-f16` feature on WebGPU. */
  readonly compute: "float32" | "float16";
  /** What floating-point weights are stored in: float16 halves the file and is widened when the model loads. */
  readonly storage: "float32" | "float16";
}

/** Choices beside the dtype. */
export interface PrecisionOptions {
  /** Store what stays floating-point as float16 and still calculate in float32. Default `fp32`. */
  storage?: "fp32" | "fp16";
}

/** What `dtype` means. */
export function precisionOf(dtype: Dtype, { storage = "fp32" }: PrecisionOptions = {}): Precision {
  const isHalf = dtype === "fp16" || dtype === "q4f16";
  return {
    matrices: dtype === "int8" ? "int8" : dtype.startsWith("q4") ? "q4" : "float",
    compute: isHalf ? "float16" : "float32",
    storage: isHalf || storage === "fp16" ? "float16" : "float32",
  };
}

/** The file of a graph in a dtype, as the public models name it. */
export function fileName(graph: string, dtype: Dtype): string {
  return dtype === "fp32" ? `${graph}.onnx` : `${graph}_${dtype}.onnx`;
}
