/** Which GPU there is to measure on. */

import { readdirSync } from "node:fs";
import { openChromium, type ChromiumOptions, type Graphics } from "./chromium.ts";

export interface FoundGraphics {
  readonly graphics: Graphics;
  /** As the browser describes it. */
  readonly name: string;
  readonly hasFloat16: boolean;
}

/** The machine's own GPU where WebGPU finds one, else one in software. */
export async function findGraphics(
  options: Omit<ChromiumOptions, "graphics">,
): Promise<FoundGraphics> {
  const hardware = mayHaveCard() && (await probe({ ...options, graphics: "hardware" }));
  if (hardware && !hardware.isSoftware) return { ...hardware, graphics: "hardware" };
  const software = await probe({ ...options, graphics: "software" });
  if (!software) throw new Error("This browser offers no WebGPU adapter, not even in software.");
  return { ...software, graphics: "software" };
}

/** Without a card, Chromium's arguments for one keep a CPU busy for minutes: it then draws the page in software. */
function mayHaveCard(): boolean {
  if (process.platform !== "linux") return true;
  return readdirSync("/dev").some((name) => /^(dri|dxg|kgsl|mali|nvidia)/.test(name));
}

async function probe(options: ChromiumOptions) {
  const chromium = await openChromium(options);
  try {
    const page = await chromium.open("kit");
    return await page.evaluate(async () => {
      const { gpu } = navigator as { gpu?: GPU };
      let adapter = await gpu?.requestAdapter();
      // A browser that was just started may have none yet: seen with a window and a software adapter.
      for (let attempt = 1; attempt < 4 && !adapter; attempt++) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        adapter = await gpu?.requestAdapter();
      }
      if (!adapter) return undefined;
      const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
      return {
        name: [vendor, architecture, description].filter((part) => part !== "").join(" "),
        isSoftware: isFallbackAdapter || architecture.includes("swiftshader"),
        hasFloat16: adapter.features.has("shader-f16"),
      };
    });
  } finally {
    await chromium.close();
  }
}
