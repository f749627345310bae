import { describe, expect, it } from "vitest";
import { FakeBrowser } from "../../test/fake-page.ts";
import { CRASH_COUNTS_MS, type Step } from "./crash-records.ts";

const LOAD: Step = { model: "m", device: "webgpu", variant: "q4f16", step: "load" };
const IMAGE: Step = { ...LOAD, step: "image high" };

/** A page ends in this step, without a word. */
function crashIn(browser: FakeBrowser, step: Step): void {
  const page = browser.openPage();
  page.marks.mark(step).begin();
  page.crash();
}

/** What the next visit is told of the device. */
async function reasonAtNextVisit(browser: FakeBrowser): Promise<string | undefined> {
  const { marks } = browser.openPage();
  await marks.collect();
  return marks.whyNot("m", "webgpu")?.reason;
}

describe("a page that ended without a word", () => {
  it.each([
    ["loaded the model", LOAD],
    ["encoded an image", IMAGE],
  ])("while its device %s turns that device down, and says why", async (what, step) => {
    const browser = new FakeBrowser();
    crashIn(browser, step);
    const { marks } = browser.openPage();
    await marks.collect();
    const why = marks.whyNot("m", "webgpu");
    expect(why).toMatchObject({ reason: "page-crashed" });
    expect(why?.message).toContain(`WebGPU ${what}`);
    expect(marks.isSuspect("m", "webgpu", "q4f16")).toBe(true);
    expect(marks.isSuspect("m", "webgpu", "q4")).toBe(false);
    expect(marks.whyNot("m", "wasm")).toBeUndefined();
    expect(marks.whyNot("another", "webgpu")).toBeUndefined();
  });

  it("counts for a day, and for longer the second time", async () => {
    const browser = new FakeBrowser();
    const [day, week] = CRASH_COUNTS_MS as [number, number];
    crashIn(browser, LOAD);
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
    browser.now += day;
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
    crashIn(browser, LOAD);
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
    browser.now += week - 1;
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
    browser.now += 1;
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
  });

  it("is forgotten when the step succeeds, and when the browser has another version", async () => {
    const browser = new FakeBrowser();
    crashIn(browser, LOAD);
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
    browser.openPage().marks.mark(LOAD).end(true);
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
    crashIn(browser, LOAD);
    browser.version = "Browser/2";
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
    expect(browser.texts.size).toBe(0);
  });
});

describe("another tab that was frozen while it looked for marks", () => {
  const LOCK = "fastvlm-kit.step:test:";

  it("is not waited for where there is no mark", async () => {
    const browser = new FakeBrowser();
    browser.frozen.add(LOCK);
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
    expect(browser.asked).toEqual([]);
  });

  it("loses its lock where there is one", async () => {
    const browser = new FakeBrowser();
    crashIn(browser, LOAD);
    browser.frozen.add(LOCK);
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
  });
});

describe("no crash is", () => {
  it("a step that ends, whether it succeeds or fails", async () => {
    const browser = new FakeBrowser();
    for (const isDone of [true, false]) {
      const page = browser.openPage();
      const mark = page.marks.mark(LOAD);
      mark.begin();
      expect(browser.texts.size).toBe(1);
      mark.end(isDone);
      page.crash();
      expect(await reasonAtNextVisit(browser)).toBeUndefined();
    }
  });

  it("a second image at the same detail", async () => {
    const browser = new FakeBrowser();
    const page = browser.openPage();
    page.marks.mark(IMAGE).end(true);
    page.marks.mark(IMAGE).begin();
    expect(browser.texts.size).toBe(0);
    page.marks.mark({ ...IMAGE, step: "image low" }).begin();
    page.marks.mark(LOAD).begin();
    expect(browser.texts.size).toBe(2);
    page.crash();
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
  });

  it("a step that did not begin", async () => {
    const browser = new FakeBrowser();
    const page = browser.openPage();
    page.marks.mark(LOAD);
    page.crash();
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
  });

  it("a page that is in this step in another tab", async () => {
    const browser = new FakeBrowser();
    const other = browser.openPage();
    other.marks.mark(LOAD).begin();
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
    other.crash();
    expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
  });

  it("a page that is closed, left or hidden before it ends", async () => {
    const browser = new FakeBrowser();
    const page = browser.openPage();
    page.marks.mark(LOAD).begin();
    page.setHidden(true);
    expect(browser.texts.size).toBe(0);
    page.setHidden(false);
    expect(browser.texts.size).toBe(1);
    page.setHidden(true);
    page.crash();
    expect(await reasonAtNextVisit(browser)).toBeUndefined();
  });

  it.each(["", "{", "[]", '{"model":1}', '[{"model":"m","count":0}]'])(
    "a stored text that the kit did not write: %s",
    async (text) => {
      const browser = new FakeBrowser();
      browser.texts.set("fastvlm-kit.step:test:1", text);
      browser.texts.set("fastvlm-kit.crashes:test", text);
      expect(await reasonAtNextVisit(browser)).toBeUndefined();
      crashIn(browser, LOAD);
      expect(await reasonAtNextVisit(browser)).toBe("page-crashed");
    },
  );
});
