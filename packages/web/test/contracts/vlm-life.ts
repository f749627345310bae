/** What every client does from its load to its end. Each check opens a client of its own. */

import { VlmError } from "../../src/protocol/errors.ts";
import type { Metric } from "../../src/protocol/metric.ts";
import type { EndedCall, VlmEvent } from "../../src/protocol/result.ts";
import type { WatchResult } from "../../src/api/watch.ts";
import { same } from "./store.ts";
import { collect, nameOf, thrownBy, until, type VlmCheck } from "./vlm-subject.ts";

/** Some of what a load and a call with an image are measured by. */
const MEASURED: readonly Metric["name"][] = [
  "vlm.model.load.duration",
  "vlm.queue.wait.duration",
  "vlm.vision.duration",
  "vlm.decode.duration",
  "gen_ai.client.operation.duration",
  "gen_ai.client.token.usage",
];

export const LIFE_CHECKS: Readonly<Record<string, VlmCheck>> = {
  "each call is reported when it ends, and measured": async ({ open, image, prompt }) => {
    const calls: EndedCall[] = [];
    const metrics: Metric[] = [];
    const vlm = await open({
      onEvent: (event) => {
        if (event.type === "call-ended") calls.push(event.call);
      },
      onMetric: (metric) => metrics.push(metric),
    });
    await vlm.caption(image(1), { cache: false });
    await collect(vlm.generate({ prompt, cache: false }));
    await thrownBy(() => vlm.caption(image(1), { signal: AbortSignal.abort() }));
    await thrownBy(() => vlm.caption(image(1), { cache: false, timeoutMs: 1 }));
    same(
      calls.map(({ task, outcome, errorType, imageKinds }) => [
        task,
        outcome,
        errorType ?? "-",
        imageKinds.length,
      ]),
      [
        ["brief", "answered", "-", 1],
        ["prompt", "answered", "-", 0],
        ["brief", "aborted", "-", 0],
        ["brief", "failed", "timeout", 1],
      ],
    );
    const has = (name: Metric["name"]) => metrics.some((metric) => metric.name === name);
    for (const name of MEASURED) await until(() => has(name), name);
    const { calls: counts } = vlm.stats();
    same(counts, { answered: 2, cached: 0, failed: 1, aborted: 1, errors: { timeout: 1 } });
    await vlm.dispose();
  },
  "a full queue refuses one more call": async ({ open, image }) => {
    const vlm = await open({ maxQueue: 1 });
    const call = () => vlm.caption(image(1), { cache: false });
    const [first, second, third] = await Promise.allSettled([call(), call(), call()]);
    same([first.status, second.status], ["fulfilled", "fulfilled"]);
    const error: unknown = third.status === "rejected" ? third.reason : undefined;
    if (!VlmError.is(error, "queue-full")) throw new Error("The third call was not refused");
    same([error.details.reason, error.details.limit], ["max-queue", 1]);
    await vlm.dispose();
  },
  "the end of a client ends its calls, and refuses later ones": async ({ open, image, prompt }) => {
    const vlm = await open();
    const openImage = await vlm.open(image(1));
    const running = thrownBy(() => vlm.caption(image(1), { cache: false }));
    const waiting = thrownBy(() => collect(vlm.generate({ prompt, cache: false })));
    await vlm.dispose();
    await vlm.dispose();
    const later = [
      await running,
      await waiting,
      await thrownBy(() => vlm.caption(image(1))),
      await thrownBy(() => collect(vlm.generate({ prompt }))),
      await thrownBy(() => vlm.open(image(1))),
      await thrownBy(() => openImage.caption({ cache: false })),
      await thrownBy(() => vlm.updateModel({} as never)),
    ];
    same(
      later.map(nameOf),
      later.map(() => "InvalidStateError"),
    );
    same((await vlm.health()).status, "fail");
  },
  "a worker that dies takes its call with it, and another one answers": async (subject) => {
    const events: VlmEvent[] = [];
    const vlm = await subject.open({ onEvent: (event) => events.push(event) });
    const { prompt } = subject;
    const dying = thrownBy(async () => {
      for await (const { type } of vlm.generate({ prompt, cache: false })) {
        if (type === "text-delta") subject.killWorker();
      }
    });
    const error = await dying;
    if (!VlmError.is(error, "worker-crashed")) throw error;
    same(error.details, { phase: "generate" });
    same((await vlm.caption(subject.image(1), { cache: false })).text !== "", true);
    const restarts = events.filter(({ type }) => type === "worker-restarted");
    same(restarts, [{ type: "worker-restarted", reason: "worker-crashed" }]);
    await vlm.dispose();
  },
  "another revision takes over, and the earlier one comes back": async (subject) => {
    const vlm = await subject.open();
    const { revision } = vlm.model;
    const next = subject.otherRevision();
    same((await vlm.updateModel(next)).revision, next.revision);
    const { model } = await vlm.caption(subject.image(1), { cache: false });
    same(model.revision, next.revision);
    same((await vlm.rollBack()).revision, revision);
    await vlm.dispose();
  },
  "a load that is aborted rejects with the signal's reason": async ({ open }) => {
    const reason = new Error("enough");
    same((await thrownBy(() => open({ signal: AbortSignal.abort(reason) }))) === reason, true);
    const controller = new AbortController();
    const opening = thrownBy(() => open({ signal: controller.signal }));
    controller.abort(reason);
    same((await opening) === reason, true);
  },
  "wrong options are type errors": async ({ open }) => {
    same(nameOf(await thrownBy(() => open({ maxQueue: -1 }))), "TypeError");
    same(nameOf(await thrownBy(() => open({ unknown: 1 } as never))), "TypeError");
  },
  "a model whose licence was not accepted is not loaded": async ({ open, otherRevision }) => {
    const model = otherRevision();
    const license = { ...model.license, isAccepted: false };
    const error = await thrownBy(() => open({ model: { ...model, license } }));
    same(nameOf(error), "VlmError license-not-accepted");
  },
  "a video is asked about when its frame has changed, until that is stopped": async (subject) => {
    const vlm = await subject.open();
    const { video } = subject;
    const seen: WatchResult[] = [];
    const onCaption = (result: WatchResult): void => void seen.push(result);
    const watch = vlm.watch(video.source, { onCaption, minIntervalMs: 0 });
    await until(() => seen.length === 1, "The first answer");
    video.change();
    await until(() => seen.length === 2, "The answer about the next frame");
    watch.stop();
    await watch.done;
    video.change();
    same(seen.length, 2);
    const ended = vlm.watch(video.source, { onCaption, minIntervalMs: 0 });
    await until(() => seen.length === 3, "The first answer of the second watch");
    const failed = thrownBy(() => ended.done);
    await vlm.dispose();
    same(nameOf(await failed), "InvalidStateError");
  },
};
