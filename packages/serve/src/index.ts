/**
 * An OpenAI-compatible server on the engine of `@fastvlm-kit/web`, which runs in threads of Node.
 *
 * @module
 */

export { chooseModel } from "./engine/choose-model.ts";
export type { ModelChoice } from "./engine/choose-model.ts";
export { createSharpDecoder } from "./engine/sharp-decoder.ts";
export { runCommand } from "./command/run-command.ts";
export { startServer } from "./start-server.ts";
export type { RunningServer, ServerOptions } from "./start-server.ts";
export type { RequestLimits } from "./openai/to-question.ts";
