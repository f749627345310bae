// The builds of onnxruntime-web by the names of `imports` in package.json. Its own declarations are
// bound to its own names.

declare module "#onnxruntime/wasm" {
  export * from "onnxruntime-web";
}

declare module "#onnxruntime/jspi" {
  export * from "onnxruntime-web";
}

declare module "#onnxruntime/webgpu" {
  export * from "onnxruntime-web";
}
