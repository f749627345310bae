import { expect, it } from "vitest";
import { RESIZE_KERNEL } from "../src/image/tensor/resize-kernel.ts";
import { buildResizeKernel } from "../kernels/build.ts";

it("is what `npm run build:kernels` makes of the kernel's text", async () => {
  expect(await buildResizeKernel()).toContain(`"${RESIZE_KERNEL}"`);
});
