/** Finds what the script says to a request. */

import type { CaptionPresetName, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import {
  resolveScripted,
  type FakeAnswer,
  type FakeReply,
  type FakeRequest,
  type FakeScript,
} from "./script.ts";

/** What went wrong with the script, and not with the app. */
export class FakeScriptError extends Error {
  override readonly name = "FakeScriptError";
}

/** The kind of a call. The wire does not say it: a caption is asked with the words of the model's descriptor. */
export function taskOf(
  { choices, prompt }: Pick<GenerateCall, "choices" | "prompt">,
  { captions }: Pick<ModelDescriptor, "captions">,
): FakeRequest["task"] {
  if (choices) return "choice";
  const names = Object.keys(captions) as CaptionPresetName[];
  return names.find((name) => captions[name].prompt === prompt) ?? "prompt";
}

/** @throws {FakeScriptError} when the script has no answer, or one that does not fit the request */
export async function findAnswer(script: FakeScript, request: FakeRequest): Promise<FakeReply> {
  const { task } = request;
  const caption = task === "prompt" || task === "choice" ? undefined : script.captions?.[task];
  const scripted = caption ?? findByPrompt(script.prompts ?? {}, request) ?? script.answer;
  if (scripted === undefined) throw noAnswer(request);
  return toReply(await resolveScripted(scripted, request));
}

/** How probable each option is. */
export function probabilitiesFor(
  { text, probabilities }: FakeReply,
  choices: readonly string[],
): readonly number[] {
  if (probabilities) {
    if (probabilities.length === choices.length) return probabilities;
    throw new FakeScriptError(
      `The script has ${String(probabilities.length)} probabilities for ${String(choices.length)} options: ${listOf(choices)}.`,
    );
  }
  // With `answerStart` a choice is that start and the option.
  const wanted = text?.toLowerCase() ?? "";
  const chosen = choices
    .map((choice) => choice.toLowerCase())
    .findIndex((choice) => choice === wanted || choice.endsWith(` ${wanted}`));
  if (chosen < 0) {
    throw new FakeScriptError(
      `The script answers "${text ?? ""}", which is none of the options ${listOf(choices)}.`,
    );
  }
  return choices.map((_, index) => (index === chosen ? 1 : 0));
}

/** Descriptors add to a question what the options are; its own words come first. */
function findByPrompt<Answer>(
  answers: Readonly<Record<string, Answer>>,
  { prompt, task }: FakeRequest,
): Answer | undefined {
  if (Object.hasOwn(answers, prompt)) return answers[prompt];
  if (task !== "choice") return undefined;
  const question = Object.keys(answers).find((one) => prompt.startsWith(`${one}\n`));
  return question === undefined ? undefined : answers[question];
}

function toReply(answer: FakeAnswer): FakeReply {
  if (typeof answer === "string") return { text: answer };
  return answer instanceof Error ? { error: answer } : answer;
}

function noAnswer({ task, prompt }: FakeRequest): FakeScriptError {
  const where = task === "prompt" || task === "choice" ? `\`prompts\`` : `\`captions["${task}"]\``;
  return new FakeScriptError(
    `The fake has no answer to "${prompt}" (${task}). Add it to ${where}, or give one to all requests with \`answer\`.`,
  );
}

const listOf = (choices: readonly string[]): string =>
  choices.map((choice) => `"${choice}"`).join(", ");
