/**
 * How servers of the chat API spell what the API itself does not have. Sources, read in November 2026: vLLM's page "Structured
 * Outputs" and its list of extra parameters; SGLang's pages "OpenAI APIs" and "Sampling Parameters"; the README of llama.cpp's
 * server; Ollama's page "OpenAI compatibility"; LM Studio's pages "OpenAI Compatible Endpoints" and "Structured Output".
 */

import type { RemoteServer } from "../api/remote.ts";
import type { JsonSchema } from "../protocol/options.ts";

/** Fields of a request's body. */
export type BodyFields = Readonly<Record<string, unknown>>;

export interface Dialect {
  /** Each returns the fields that ask for it. One that is absent cannot be asked for. */
  readonly topK?: (value: number) => BodyFields;
  readonly repetitionPenalty?: (value: number) => BodyFields;
  readonly schema?: (schema: JsonSchema) => BodyFields;
  readonly regex?: (source: string) => BodyFields;
  readonly options?: (options: readonly string[]) => BodyFields;
  /** Whether it is known to return the probabilities of tokens. */
  readonly hasLogprobs: boolean;
  /** The path of its health check from the root; undefined where only the list of models shows that it lives. */
  readonly healthPath?: string;
}

const jsonSchema = (schema: JsonSchema): BodyFields => ({
  response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
});

export const DIALECTS: Readonly<Record<RemoteServer, Dialect>> = {
  openai: { schema: jsonSchema, hasLogprobs: false },
  vllm: {
    topK: (top_k) => ({ top_k }),
    repetitionPenalty: (repetition_penalty) => ({ repetition_penalty }),
    schema: jsonSchema,
    // The fields `guided_*` are gone since vLLM 0.12.
    regex: (regex) => ({ structured_outputs: { regex } }),
    options: (choice) => ({ structured_outputs: { choice } }),
    hasLogprobs: true,
    healthPath: "/health",
  },
  sglang: {
    topK: (top_k) => ({ top_k }),
    repetitionPenalty: (repetition_penalty) => ({ repetition_penalty }),
    schema: jsonSchema,
    regex: (regex) => ({ regex }),
    options: (options) => ({ regex: `(${options.map(escapeRegex).join("|")})` }),
    hasLogprobs: true,
    healthPath: "/health",
  },
  "llama.cpp": {
    topK: (top_k) => ({ top_k }),
    repetitionPenalty: (repeat_penalty) => ({ repeat_penalty }),
    schema: jsonSchema,
    options: (options) => ({ grammar: `root ::= ${options.map(toGrammarText).join(" | ")}` }),
    hasLogprobs: true,
    healthPath: "/health",
  },
  ollama: { schema: jsonSchema, hasLogprobs: false },
  "lm-studio": {
    topK: (top_k) => ({ top_k }),
    repetitionPenalty: (repeat_penalty) => ({ repeat_penalty }),
    schema: jsonSchema,
    hasLogprobs: false,
  },
};

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A text in llama.cpp's grammar, GBNF: in quotes, with the escapes of C. */
function toGrammarText(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r");
  return `"${escaped}"`;
}
