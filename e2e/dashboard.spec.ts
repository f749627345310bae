/** The dashboard on a page with a strict policy, fed by real calls and by a file. */

import type { VlmDashboard } from "@fastvlm-kit/ops/dashboard";
import { otherEngine } from "../tools/tested-engine.ts";
import { expect, notIn, test } from "./fixtures.ts";

test("the dashboard shows calls as they end, and a file, under a strict policy", async ({
  page,
  context,
  server,
}) => {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy|requires '?Trusted/.test(message.text()))
      problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  server.policy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' data:; " +
    "require-trusted-types-for 'script'";
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.addInitScript(() => {
    // The app starts its own worker. HTML from text stays forbidden.
    const { trustedTypes } = globalThis as unknown as {
      trustedTypes: { createPolicy: (name: string, rules: object) => unknown };
    };
    trustedTypes.createPolicy("default", { createScriptURL: (url: string) => url });
  });
  await page.goto(`${server.origin}/examples/dashboard/index.html`);
  const dashboard = page.locator("vlm-dashboard");

  await page.getByRole("button", { name: "Caption the image" }).click();
  await expect(page.locator("output")).toContainText("crab");
  // The browser is asked again when a model was stored, and not only twice a minute.
  const storage = dashboard.locator(".tiles > div", { hasText: "Storage" }).locator("dd").first();
  // WebKitGTK leaves out the Blobs in IndexedDB, and with them the weights.
  const unit = otherEngine === "webkit" ? "[KM]B" : "MB";
  await expect(storage).toHaveText(new RegExp(`^\\d[\\d.]* ${unit}$`), { timeout: 20_000 });
  await page.getByRole("button", { name: "Try a damaged image" }).click();
  const errors = dashboard.getByRole("table", { name: "Errors by code" });
  await expect(errors).toContainText("image-unsupported");
  await expect(errors).toContainText("refused");
  const calls = dashboard.getByRole("table", { name: "The last 20 calls" });
  await expect(calls.getByRole("img", { name: /vision \d.*decode \d/ })).toBeVisible();
  await expect(dashboard.getByRole("table", { name: "Storage by model" })).toContainText("tiny");
  await expect(dashboard.getByRole("table", { name: "Latency by stage" })).toContainText("Prefill");

  const nodes = dashboard.getByRole("table", { name: "Nodes" });
  await expect(nodes).toContainText("worker-1");
  await expect(nodes).toContainText("loaded");
  await expect(dashboard.getByRole("table", { name: "Scaling" })).toContainText("Workers wanted");

  const plot = dashboard.getByRole("figure").filter({ hasText: "Calls a minute" });
  await plot.getByText("As a table").click();
  await expect(plot.getByRole("table")).toContainText("answered");
  await expect(plot.locator(".readout")).toContainText(/answered \d/);
  const canvas = plot.getByRole("group", { name: /arrow keys/ });
  for (let minute = 0; minute < 5; minute += 1) await canvas.press("ArrowLeft");
  await expect(plot.locator(".readout")).toContainText("answered –");

  await dashboard.getByRole("button", { name: "Copy as JSON" }).click();
  await expect(dashboard).toContainText("Copied.");
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as object;
  const alert = {
    rule: "errors",
    severity: "critical",
    message: "<b>Ten calls</b> failed.",
    value: 10,
    threshold: 3,
    firedAt: Date.now(),
  };
  const choose = async (text: string) => {
    const chooser = page.waitForEvent("filechooser");
    await dashboard.getByRole("button", { name: "Open a file" }).click();
    await (
      await chooser
    ).setFiles({ name: "a.json", mimeType: "application/json", buffer: Buffer.from(text) });
  };
  await choose(JSON.stringify({ ...copied, alerts: [alert] }));
  await expect(dashboard.locator("[aria-live]")).toContainText("<b>Ten calls</b> failed.");
  await expect(dashboard).toContainText("A snapshot of");
  await choose("{}");
  await expect(dashboard).toContainText("This is no snapshot.");
  await dashboard.getByRole("button", { name: "Back to live" }).click();
  await expect(dashboard.locator("[aria-live]")).not.toContainText("Ten calls");
  expect(problems).toEqual([]);
});

const NO_CLICK = "A click of these tests waits for a timer of the page, whose clock stands still.";

test(
  "the answer to a click stays for five seconds, whatever is shown meanwhile",
  notIn("webkit", NO_CLICK),
  async ({ page, context, server }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(`${server.origin}/examples/dashboard/index.html`);
    const dashboard = page.locator("vlm-dashboard");
    await expect(dashboard).toContainText("Live, ");
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await dashboard.getByRole("button", { name: "Copy as JSON" }).click();
    await expect(dashboard).toContainText("Copied.");
    await dashboard.evaluate(async (element) => {
      const dashboard = element as VlmDashboard;
      dashboard.show(await dashboard.source!.read(60_000));
    });
    await expect(dashboard.getByRole("button", { name: "Back to live" })).toBeVisible();
    await page.clock.runFor(4900);
    await expect(dashboard).toContainText("Copied.");
    await page.clock.runFor(200);
    await expect(dashboard).toContainText("A snapshot of");
  },
);
