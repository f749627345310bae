/** Turns questions with options into calls, and the probabilities that come back into answers. */

import type { Check, Choice, ChoiceOptions, Score, ScoreOptions } from "../api/choices.ts";
import type { GenerateRequest } from "../api/calls.ts";
import type { ImageSource } from "../api/image-source.ts";
import type { ChoiceQuestions } from "../protocol/model-descriptor.ts";
import type { VlmResult } from "../protocol/result.ts";
import { choiceList, choiceOptions, promptText, scoreOptions } from "../schema/call-options.ts";
import { read } from "../schema/read.ts";

/** What answers the questions; the client does. */
export interface Chooser {
  /** How the present model is asked. */
  questions(): ChoiceQuestions | undefined;
  /** @param choices for each option the answers that count as it */
  ask(request: GenerateRequest, choices: readonly (readonly string[])[]): Promise<VlmResult>;
}

export async function choose<Option extends string>(
  chooser: Chooser,
  image: ImageSource,
  question: string,
  given: readonly Option[],
  callOptions: ChoiceOptions,
): Promise<Choice<Option>> {
  const text = read(promptText, question, "question");
  const options = read(choiceList, given, "options") as readonly Option[];
  const { answerStart, ...asked } = readOptions(callOptions, "callOptions");
  const prompt = fill(
    chooser.questions()?.choose ?? "{question}\nAnswer with one of these: {options}.",
    { question: text, options: options.join(", ") },
  );
  const result = await chooser.ask(
    { ...asked, prompt, image: [image] },
    options.map(spellingsAfter(answerStart)),
  );
  const weighed = probabilitiesOf(result, options.length).map((probability, index) => ({
    option: options[index]!,
    probability,
  }));
  const best = weighed.reduce((one, other) => (other.probability > one.probability ? other : one));
  return { choice: best.option, probability: best.probability, options: weighed, result };
}

export async function checkStatement(
  chooser: Chooser,
  image: ImageSource,
  statement: string,
  given: ChoiceOptions,
): Promise<Check> {
  const text = read(promptText, statement, "statement");
  const { answerStart, ...asked } = readOptions(given, "options");
  const prompt = fill(chooser.questions()?.check ?? "{question}\nIs this true? Answer yes or no.", {
    question: text,
  });
  const choices = ["Yes", "No"].map(spellingsAfter(answerStart));
  const result = await chooser.ask({ ...asked, prompt, image: [image] }, choices);
  const [probability = 0] = probabilitiesOf(result, choices.length);
  return { isTrue: probability > 0.5, probability, result };
}

export async function score(
  chooser: Chooser,
  image: ImageSource,
  question: string,
  given: ScoreOptions,
): Promise<Score> {
  const text = read(promptText, question, "question");
  const options: ScoreOptions = read(scoreOptions, given, "options");
  const { min = 1, max = 10, answerStart, ...asked } = options;
  const prompt = fill(
    chooser.questions()?.score ?? "{question}\nAnswer with a whole number from {min} to {max}.",
    { question: text, min: String(min), max: String(max) },
  );
  const numbers = Array.from({ length: max - min + 1 }, (_, index) => String(min + index));
  const choices = numbers.map(spellingsAfter(answerStart));
  const result = await chooser.ask({ ...asked, prompt, image: [image] }, choices);
  const probabilities = probabilitiesOf(result, numbers.length);
  return {
    score: probabilities.reduce((sum, one, index) => sum + one * (min + index), 0),
    likeliest: min + probabilities.indexOf(Math.max(...probabilities)),
    probabilities,
    result,
  };
}

function readOptions(given: ChoiceOptions, name: string): ChoiceOptions {
  return read(choiceOptions, given, name);
}

/** A model may write the first letter of an option in capitals where the app did not, and the other way round. */
function spellingsAfter(answerStart: string | undefined): (option: string) => readonly string[] {
  const start = answerStart === undefined ? "" : `${answerStart} `;
  return (option) => {
    const rest = option.slice(1);
    const first = option.charAt(0);
    const spellings = [option, first.toUpperCase() + rest, first.toLowerCase() + rest];
    return [...new Set(spellings)].map((spelling) => start + spelling);
  };
}

/** The app's words go in at once, so that braces in them stay as they are. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function probabilitiesOf({ probabilities }: VlmResult, count: number): readonly number[] {
  if (probabilities?.length !== count)
    throw new Error("An answer has a probability for each option");
  return probabilities;
}
