/**
 * Weighs options against each other: how likely the model's answer is to begin with each of them. The prompt runs once. After
 * it, one token runs for each place where the options still differ, so that options of one token cost nothing more.
 */

import type { Decoding, PromptPart } from "../engines/runtime.ts";
import { createConfidenceMeter } from "./confidence.ts";
import { countPositions, type Generation, type GenerationContext } from "./generate.ts";
import { roomForAnswer } from "./room-for-answer.ts";
import { logProbabilities, weighToken } from "./token-choice.ts";

/** An option of the app: the answers that count as it, the way in which the app wrote it first. */
export type Option = readonly [string, ...(readonly string[])];

export interface WeighedOptions extends Generation {
  /** In the order of the options; together 1. */
  readonly probabilities: readonly number[];
}

/**
 * @param options at least one
 * @param prefix what the model's answers begin with, as the space of SmolVLM's
 * @throws {VlmError} `context-overflow` when the prompt leaves no room for the longest option
 */
export async function choose(
  context: GenerationContext,
  parts: readonly PromptPart[],
  options: readonly Option[],
  prefix: string,
): Promise<WeighedOptions> {
  const { codec, runtime, sequences } = context;
  const spelled = options.map((spellings) => spellings.map((text) => codec.encode(prefix + text)));
  const start = commonStart(spelled.flat());
  const longest = Math.max(...spelled.flat().map((ids) => ids.length));
  roomForAnswer(countPositions(parts) + longest - 1, 1, runtime.maxPositions);

  const weights = new Array<number>(options.length).fill(-Infinity); // ln of each option's probability
  const best: { weight: number; path: readonly number[] } = { weight: -Infinity, path: [] };
  const count = ({ options: ended }: Node, weight: number, path: readonly number[]): void => {
    for (const option of ended) weights[option] = addLogarithms(weights[option]!, weight);
    if (ended.length > 0 && weight > best.weight) Object.assign(best, { weight, path });
  };
  /** @param decoding the sequence that has these logits */
  const walk = async (place: Place, logits: Float32Array, decoding: Branching): Promise<void> => {
    const { node, weight, path } = place;
    const ids = [...node.children.keys()];
    const logarithms = logProbabilities(logits, ids);
    const next = ids.map((id, index): Place => {
      const logarithm = logarithms[index]!;
      return {
        node: node.children.get(id)!,
        weight: weight + logarithm,
        path: [...path, Math.exp(logarithm)],
      };
    });
    // What is left of a shorter option when no longer one goes on from it.
    const others = 1 - logarithms.reduce((sum, one) => sum + Math.exp(one), 0);
    if (path.length > 0) count(node, weight + Math.log(Math.max(others, 0)), path);
    const longer = next.filter((one) => one.node.children.size > 0);
    for (const one of next) if (!longer.includes(one)) count(one.node, one.weight, one.path);
    for (const one of longer) {
      const id = ids[next.indexOf(one)]!;
      const branch = decoding.fork(decoding.length);
      try {
        const prediction = await branch.append([{ kind: "tokens", ids: [id] }]);
        await context.checkpoint();
        await walk(one, await prediction.readLogits(), branch);
      } finally {
        branch.dispose();
      }
    }
  };

  // What all options begin with is given to the model with the prompt: it does not tell them apart.
  const begun = start.length > 0 ? [...parts, { kind: "tokens", ids: start } as const] : parts;
  const sequence = sequences.begin(begun);
  try {
    const prediction = await sequence.append(sequence.rest);
    context.onFirstToken();
    const root = toTree(spelled.map((all) => all.map((ids) => ids.slice(start.length))));
    const logits = await prediction.readLogits();
    const { entropy } = weighToken(logits, 0);
    await context.checkpoint();
    await walk({ node: root, weight: 0, path: [] }, logits, sequence.decoding);

    const probabilities = shares(weights);
    const chosen = probabilities.indexOf(Math.max(...probabilities));
    const confidence = createConfidenceMeter();
    for (const probability of best.path) confidence.add({ id: 0, probability, entropy });
    return {
      text: options[chosen]![0],
      finishReason: "stop",
      outputTokens: best.path.length,
      reusedTokens: sequence.reused,
      confidence: confidence.read(),
      probabilities,
    };
  } finally {
    sequence.end();
  }
}

type Branching = Pick<Decoding, "fork" | "length">;

/** A beginning of options, as tokens. */
interface Node {
  /** The options that end here. */
  readonly options: number[];
  readonly children: Map<number, Node>;
}

interface Place {
  readonly node: Node;
  /** ln of the probability of all tokens up to here. */
  readonly weight: number;
  /** The probabilities of these tokens. */
  readonly path: readonly number[];
}

function toTree(spelled: readonly (readonly (readonly number[])[])[]): Node {
  const root: Node = { options: [], children: new Map() };
  for (const [option, spellings] of spelled.entries()) {
    for (const ids of spellings) {
      let node = root;
      for (const id of ids) {
        const child = node.children.get(id) ?? { options: [], children: new Map() };
        node.children.set(id, child);
        node = child;
      }
      if (!node.options.includes(option)) node.options.push(option);
    }
  }
  return root;
}

/** The tokens that all texts begin with, so that at least one token is left of each. */
function commonStart(texts: readonly (readonly number[])[]): readonly number[] {
  const [first = []] = texts;
  const shortest = Math.min(...texts.map((ids) => ids.length));
  const isCommon = (at: number): boolean => texts.every((ids) => ids[at] === first[at]);
  let length = 0;
  while (length < shortest - 1 && isCommon(length)) length++;
  return first.slice(0, length);
}

function addLogarithms(one: number, other: number): number {
  const [more, less] = one > other ? [one, other] : [other, one];
  return more === -Infinity ? more : more + Math.log1p(Math.exp(less - more));
}

/** Weights as shares of their sum; equal ones if the model thinks all of them impossible. */
function shares(logarithms: readonly number[]): number[] {
  const most = Math.max(...logarithms);
  const weights = logarithms.map((one) => (most === -Infinity ? 1 : Math.exp(one - most)));
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((one) => one / sum);
}
