// What `#onnxruntime/*` declares; see `imports` in package.json. The declarations of onnxruntime-web
// are bound to its own name.

export * from "onnxruntime-web";
