/* global AbortController, Blob, setTimeout */
/** What the tests of all runners check of the app: cases by name, which throw nothing of a runner's. */

import { createFakeVlm, fakeError, inOrder } from "@fastvlm-kit/web/testing";
import { describeUpload } from "./upload.js";

/** Gives what the app shows. @param createOutput gives something with a text */
export const UPLOAD_CASES = {
  "shows an answer": async (createOutput) => {
    const vlm = await createFakeVlm({ prompts: { "What is this?": "A cat on a mat." } });
    const output = createOutput();
    await describeUpload(vlm, new Blob(["a"]), output);
    await vlm.dispose();
    return [output.textContent, "A cat on a mat."];
  },
  "says that an image is too large": async (createOutput) => {
    const vlm = await createFakeVlm({ image: fakeError("image-too-large") });
    const output = createOutput();
    await describeUpload(vlm, new Blob(["a"]), output);
    await vlm.dispose();
    return [output.textContent, "This image is too large."];
  },
  "answers after the worker died": async (createOutput) => {
    const vlm = await createFakeVlm({ answer: inOrder({ end: "crash" }, "A dog.") });
    const output = createOutput();
    const file = new Blob(["a"]);
    await describeUpload(vlm, file, output);
    const first = output.textContent;
    await describeUpload(vlm, file, output);
    await vlm.dispose();
    return [`${first} ${output.textContent}`, "Try again. A dog."];
  },
  "stops when the user says so": async (createOutput) => {
    const vlm = await createFakeVlm({ answer: { deltas: ["A "], end: "never" } });
    const output = createOutput();
    const controller = new AbortController();
    const done = describeUpload(vlm, new Blob(["a"]), output, controller.signal);
    while (output.textContent !== "A ") await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await done;
    await vlm.dispose();
    return [output.textContent, "Stopped."];
  },
  "gives the fake the very image": async () => {
    const vlm = await createFakeVlm({ answer: "A cat." });
    const file = new Blob(["a"]);
    await vlm.caption(file);
    await vlm.dispose();
    return [vlm.fake.requests[0].images[0] === file, true];
  },
};
