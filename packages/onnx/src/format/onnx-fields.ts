/** Field numbers of onnx.proto's messages, and numbers that its fields hold. */

/** `ModelProto` */
export const MODEL = {
  irVersion: 1,
  producer: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  functions: 25,
} as const;

/** `OperatorSetIdProto` */
export const OPSET = { domain: 1, version: 2 } as const;

/** `GraphProto` */
export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
} as const;

/** `NodeProto` */
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;

/** `AttributeProto` */
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  integer: 3,
  text: 4,
  tensor: 5,
  subgraph: 6,
  integers: 8,
  subgraphs: 11,
  type: 20,
} as const;

/** Values of an attribute's `type`. */
export const ATTRIBUTE_TYPE = { float: 1, integer: 2, tensor: 4, integers: 7 } as const;

/** `TensorProto` */
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

/** `ValueInfoProto`, and the fields on the way to a dimension: its type, the type of a tensor, the shape. */
export const VALUE = { name: 1, type: 2 } as const;
export const VALUE_TYPE = { tensor: 1 } as const;
export const TENSOR_TYPE = { element: 1, shape: 2 } as const;
export const SHAPE = { dimension: 1, size: 1, axisName: 2 } as const;
