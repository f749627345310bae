/** What counts as right. */

import type { Confidence } from "@fastvlm-kit/web";

export interface EvaluatedScene {
  readonly file: string;
  readonly objects: readonly { readonly kind: string; readonly words: string }[];
  readonly questions: Readonly<
    Record<string, { readonly prompt: string; readonly answer: string }>
  >;
}

export interface EvaluatedAnswers {
  readonly caption: string;
  readonly confidence: Confidence;
  readonly background: string;
}

export interface Scores {
  /** By number of things: all of them named, in the caption's order. */
  readonly thingsRight: Readonly<Record<string, number>>;
  /** By number of things: the caption to the letter. */
  readonly captionExact: Readonly<Record<string, number>>;
  /** The background's colour, asked for. */
  readonly backgroundRight: number;
  /** How well each number of a caption's confidence tells captions that name all things from others; see {@link auroc}. */
  readonly confidenceAuroc: Readonly<Record<keyof Confidence, number>>;
}

/** Shares between 0 and 1. */
export function scoreAnswers(
  scenes: readonly EvaluatedScene[],
  answers: readonly EvaluatedAnswers[],
): Scores {
  const counts = [...new Set(scenes.map(({ objects }) => objects.length))].sort((a, b) => a - b);
  const share = (count: number, isRight: (index: number) => boolean): number => {
    const indices = [...scenes.keys()].filter((index) => scenes[index]!.objects.length === count);
    return round(indices.filter(isRight).length / indices.length);
  };
  const byCount = (isRight: (index: number) => boolean): Record<string, number> =>
    Object.fromEntries(counts.map((count) => [count, share(count, isRight)]));
  const isRight = answers.map(({ caption }, index) => namesAllInOrder(caption, scenes[index]!));
  const tells = (read: (confidence: Confidence) => number): number =>
    round(
      auroc(
        answers.map(({ confidence }, at) => ({ score: read(confidence), isRight: isRight[at]! })),
      ),
    );
  return {
    confidenceAuroc: {
      mean: tells(({ mean }) => mean),
      least: tells(({ least }) => least),
      firstTokenEntropy: tells(({ firstTokenEntropy }) => -firstTokenEntropy),
    },
    thingsRight: byCount((index) => isRight[index]!),
    captionExact: byCount(
      (index) => answers[index]!.caption === answerTo(scenes[index]!, "caption"),
    ),
    backgroundRight: round(
      [...scenes.keys()].filter(
        (index) => answers[index]!.background === answerTo(scenes[index]!, "background"),
      ).length / scenes.length,
    ),
  };
}

/** The share of pairs of a right and a wrong answer in which the right one has the higher score; a tie counts half. */
function auroc(answers: readonly { readonly score: number; readonly isRight: boolean }[]): number {
  const scores = (isRight: boolean) =>
    answers.filter((answer) => answer.isRight === isRight).map(({ score }) => score);
  const wrong = scores(false);
  const pairs = scores(true).flatMap((right) =>
    wrong.map((other) => (right > other ? 1 : right === other ? 0.5 : 0)),
  );
  return pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length;
}

/** The things, in the order in which the right caption names them. */
function namesAllInOrder(caption: string, scene: EvaluatedScene): boolean {
  const right = answerTo(scene, "caption").toLowerCase();
  const given = caption.toLowerCase();
  const ordered = scene.objects
    .map(({ words }) => words.toLowerCase())
    .sort((a, b) => right.indexOf(a) - right.indexOf(b));
  let from = 0;
  for (const words of ordered) {
    const at = given.indexOf(words, from);
    if (at < 0) return false;
    from = at + words.length;
  }
  return true;
}

function answerTo(scene: EvaluatedScene, question: string): string {
  return scene.questions[question]?.answer ?? "";
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}
