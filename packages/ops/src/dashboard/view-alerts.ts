/** The alerts that fire. The list is announced to screen readers when an alert comes or goes, and not else. */

import type { ActiveAlert } from "../alerts/alert-rule.ts";
import { create } from "./elements.ts";
import { formatNumber, formatTime } from "./format.ts";

/** @param acknowledge undefined where nobody can acknowledge, such as in a file */
export function createAlertsView(acknowledge: (rule: string) => void): {
  readonly element: HTMLElement;
  update(alerts: readonly ActiveAlert[], canAcknowledge: boolean): void;
} {
  const list = create("ul", { className: "alerts" });
  const live = create(
    "div",
    { attributes: { "aria-live": "polite", "aria-atomic": "false" } },
    list,
  );
  let shown = "";
  return {
    element: live,
    update(alerts, canAcknowledge) {
      // A list that is made anew takes the focus from its buttons, and is read aloud again.
      const state = JSON.stringify([
        alerts.map(({ rule, acknowledgedAt }) => [rule, acknowledgedAt]),
        canAcknowledge,
      ]);
      if (state === shown) return;
      shown = state;
      list.replaceChildren(
        ...(alerts.length === 0
          ? [create("li", { className: "quiet", textContent: "No alert fires." })]
          : alerts.map((alert) => toItem(alert, canAcknowledge ? acknowledge : undefined))),
      );
    },
  };
}

function toItem(
  { rule, severity, message, value, threshold, firedAt, acknowledgedAt }: ActiveAlert,
  acknowledge: ((rule: string) => void) | undefined,
): HTMLElement {
  const facts = `${rule}: ${formatNumber(value)}, limit ${formatNumber(threshold)}, since ${formatTime(firedAt)}`;
  const item = create(
    "li",
    { className: `card alert ${severity}` },
    create("strong", { textContent: severity }),
    create(
      "div",
      {},
      create("p", { textContent: message }),
      create("p", { className: "quiet", textContent: facts }),
    ),
  );
  if (acknowledgedAt !== undefined) {
    const seen = `seen ${formatTime(acknowledgedAt)}`;
    item.append(create("span", { className: "quiet", textContent: seen }));
  } else if (acknowledge) {
    const attributes = { type: "button", "aria-label": `Acknowledge ${rule}` };
    const button = create("button", { textContent: "Acknowledge", attributes });
    button.addEventListener("click", () => {
      acknowledge(rule);
    });
    item.append(button);
  }
  return item;
}
