/** The options of a generation with every default filled in. */

import type {
  AnswerFormat,
  GenerationOptions,
  JsonSchema,
  ResolvedFormat,
  ResolvedGenerationOptions,
} from "../protocol/options.ts";

/** @param options checked already; others may stand beside them */
export function resolveGenerationOptions(
  options: GenerationOptions & { readonly maxWords?: number; readonly format?: AnswerFormat },
): ResolvedGenerationOptions {
  return {
    maxNewTokens: options.maxNewTokens ?? 128,
    temperature: options.temperature ?? 0,
    topP: options.topP ?? 1,
    topK: options.topK ?? 0,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    seed: options.seed,
    stop: options.stop ?? [],
    maxWords: options.maxWords,
    ...(options.format && { format: resolveFormat(options.format) }),
  };
}

/** A RegExp becomes its text, and a list or a schema a copy. */
function resolveFormat(format: AnswerFormat): ResolvedFormat {
  if ("options" in format) return { options: [...format.options] };
  if ("schema" in format)
    return { schema: JSON.parse(JSON.stringify(format.schema)) as JsonSchema };
  const { regex } = format;
  if (typeof regex === "string") return { regex, ignoreCase: false };
  return { regex: regex.source, ignoreCase: regex.ignoreCase };
}
