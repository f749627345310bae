/** A piece of an app: describes an uploaded image in an element of the page, or in anything with a text. */

import { VlmError } from "@fastvlm-kit/web";

export async function describeUpload(vlm, file, output, signal) {
  output.textContent = "";
  try {
    for await (const event of vlm.generate({ image: file, prompt: "What is this?", signal })) {
      if (event.type === "text-delta") output.textContent += event.text;
    }
  } catch (error) {
    if (signal?.aborted) output.textContent = "Stopped.";
    else if (VlmError.is(error, "image-too-large")) output.textContent = "This image is too large.";
    else output.textContent = "Try again.";
  }
}
