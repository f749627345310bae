/** Field numbers of onnx.proto's `TensorProto`. */
export const TENSOR = {
  dims: 1,
  dataType: 2,
  name: 8,
  rawData: 9,
  docString: 12,
  externalData: 13,
  dataLocation: 14,
  metadata: 16,
} as const;

/** Values of `data_location`. */
export const LOCATION = { here: 0, external: 1 } as const;
