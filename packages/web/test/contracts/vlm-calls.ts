/** What every client does with its calls. These checks share one client, and leave it as it was. */

import type { Vlm } from "../../src/api/vlm.ts";
import { VlmError } from "../../src/protocol/errors.ts";
import { same } from "./store.ts";
import { collect, kindsOf, nameOf, thrownBy, type VlmSubject } from "./vlm-subject.ts";

type CallCheck = (vlm: Vlm, subject: VlmSubject) => Promise<void>;

const RESULT_FIELDS = [
  "cached",
  "confidence",
  "device",
  "finishReason",
  "images",
  "model",
  "ranOn",
  "text",
  "timings",
  "tokens",
  "tokensPerSecond",
];

/** The kinds of events of a question about an image. */
const WITH_IMAGE = ["queued", "image-ready", "text-delta", "done"];

export const CALL_CHECKS: Readonly<Record<string, CallCheck>> = {
  "a caption is a whole result": async (vlm, { image }) => {
    const result = await vlm.caption(image(1), { cache: false });
    same(Object.keys(result).sort(), RESULT_FIELDS);
    same(result.text.trim() !== "", true);
    same(result.cached, false);
    same(result.ranOn, { kind: "device" });
    same(result.device, vlm.device);
    same(result.model, vlm.model);
    same(Object.keys(result.images[0]!).sort(), ["height", "size", "tokens", "width"]);
  },
  "events come in order, and the pieces are the text": async (vlm, { image, prompt }) => {
    const events = await collect(vlm.generate({ image: image(1), prompt, cache: false }));
    same(kindsOf(events), WITH_IMAGE);
    const last = events.at(-1)!;
    if (last.type !== "done") throw new Error("`done` is not the last event");
    const deltas = events.flatMap((event) => (event.type === "text-delta" ? [event.text] : []));
    same(deltas.join(""), last.result.text);
    same(deltas.length > 1, true);
  },
  "without an image there is no `image-ready`": async (vlm, { prompt }) => {
    same(kindsOf(await collect(vlm.generate({ prompt, cache: false }))), [
      "queued",
      "text-delta",
      "done",
    ]);
  },
  "a call that waits is told how many are before it": async (vlm, { image, prompt }) => {
    const ask = () => collect(vlm.generate({ image: image(1), prompt, cache: false }));
    const [, second] = await Promise.all([ask(), ask()]);
    same(second[0], { type: "queued", position: 1 });
    same(kindsOf(second), WITH_IMAGE);
  },
  "the same question is answered from memory, until that is cleared": async (
    vlm,
    { image, prompt },
  ) => {
    await vlm.clearCache();
    const ask = async () => {
      const events = await collect(vlm.generate({ image: image(2), prompt }));
      const last = events.at(-1)!;
      if (last.type !== "done") throw new Error("`done` is not the last event");
      return { kinds: kindsOf(events), result: last.result };
    };
    const first = await ask();
    const second = await ask();
    same([first.result.cached, second.result.cached], [false, true]);
    same(second.result.text, first.result.text);
    same(second.kinds, WITH_IMAGE);
    await vlm.clearCache();
    same((await ask()).result.cached, false);
  },
  "a signal ends a call with its own reason": async (vlm, { image, prompt }) => {
    const reason = new Error("enough");
    const before = () => vlm.caption(image(1), { signal: AbortSignal.abort(reason) });
    same((await thrownBy(before)) === reason, true);
    const during = async () => {
      const controller = new AbortController();
      const request = { image: image(1), prompt, cache: false, signal: controller.signal };
      for await (const { type } of vlm.generate(request)) {
        if (type === "text-delta") controller.abort(reason);
      }
    };
    same((await thrownBy(during)) === reason, true);
  },
  "a loop that is left ends the call, and the next one is answered": async (
    vlm,
    { image, prompt },
  ) => {
    for await (const { type } of vlm.generate({ image: image(1), prompt, cache: false })) {
      if (type === "text-delta") break;
    }
    same((await vlm.caption(image(1), { cache: false })).text !== "", true);
  },
  "a call that takes too long rejects with `timeout`": async (vlm, { image, prompt }) => {
    const request = { image: image(1), prompt, cache: false, timeoutMs: 1 };
    const error = await thrownBy(() => collect(vlm.generate(request)));
    if (!VlmError.is(error, "timeout")) throw error;
    same(error.details.timeoutMs, 1);
  },
  "wrong arguments are type errors": async (vlm, { image, prompt }) => {
    const wrong = [
      () => vlm.caption(undefined as never),
      () => vlm.caption({} as never),
      () => vlm.caption([image(1)] as never),
      () => vlm.caption(""),
      () => vlm.caption(image(1), { maxWords: -1 }),
      () => vlm.choose(image(1), "?", ["only one"]),
      () => collect(vlm.generate({ prompt, image: [image(1), undefined as never] })),
      () => collect(vlm.generate({ prompt: 1 as never })),
      () => collect(vlm.generate(undefined as never)),
    ];
    for (const call of wrong) same(nameOf(await thrownBy(call)), "TypeError");
  },
  "an open image answers until it is closed": async (vlm, { image, prompt }) => {
    const open = await vlm.open(image(3));
    same(Object.keys(open.info).sort(), ["height", "size", "tokens", "width"]);
    const kinds = kindsOf(await collect(open.ask(prompt, { cache: false })));
    same(kinds, WITH_IMAGE);
    same((await open.caption({ cache: false })).text !== "", true);
    open.close();
    same(nameOf(await thrownBy(() => open.caption())), "InvalidStateError");
    same(nameOf(await thrownBy(() => collect(open.ask(prompt)))), "InvalidStateError");
  },
  "choices have probabilities whose sum is 1": async (vlm, { image }) => {
    const options = ["red", "blue", "green"] as const;
    const choice = await vlm.choose(image(1), "What colour is it?", options);
    same(
      choice.options.map(({ option }) => option),
      [...options],
    );
    const best = Math.max(...choice.options.map(({ probability }) => probability));
    same(choice.probability, best);
    same(isOne(choice.options.map(({ probability }) => probability)), true);
    same(choice.result.text, choice.choice);
    const check = await vlm.check(image(1), "It is red.");
    same(check.isTrue, check.probability > 0.5);
    const score = await vlm.score(image(1), "How bright is it?", { min: 1, max: 3 });
    same([score.probabilities.length, isOne(score.probabilities)], [3, true]);
    same(score.score >= 1 && score.score <= 3, true);
  },
  "many images have an outcome each, in their order": async (vlm, { image }) => {
    const images = [image(1), undefined as never, { image: image(2), key: "two" }];
    const progress: unknown[] = [];
    const onProgress = (seen: unknown): void => void progress.push(seen);
    const outcomes = [];
    for await (const one of vlm.captionMany(images, { cache: false, onProgress })) {
      outcomes.push([one.index, one.key, one.error ? nameOf(one.error) : typeof one.result.text]);
    }
    same(outcomes, [
      [0, "0", "string"],
      [1, "1", "TypeError"],
      [2, "two", "string"],
    ]);
    same(progress.at(-1), { answered: 2, failed: 1, skipped: 0, total: 3 });
  },
  "interactive calls go before background calls": async (vlm, { image }) => {
    const ended: string[] = [];
    const call = async (name: string, priority: "interactive" | "background") => {
      await vlm.caption(image(1), { cache: false, priority });
      ended.push(name);
    };
    await Promise.all([
      call("first", "background"),
      call("last", "background"),
      call("second", "interactive"),
    ]);
    same(ended, ["first", "second", "last"]);
  },
  "nothing to go back to is an `InvalidStateError`": async (vlm) => {
    same(nameOf(await thrownBy(() => vlm.rollBack())), "InvalidStateError");
  },
};

function isOne(probabilities: readonly number[]): boolean {
  return Math.abs(probabilities.reduce((sum, one) => sum + one, 0) - 1) < 1e-6;
}
