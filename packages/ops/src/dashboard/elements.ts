/** Elements made with text, never with HTML, so that a policy of Trusted Types has nothing to refuse. */

interface Properties {
  readonly className?: string;
  readonly textContent?: string;
  /** Other attributes, such as those of ARIA. */
  readonly attributes?: Readonly<Record<string, string>>;
}

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { attributes = {}, ...properties }: Properties = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function text(tag: keyof HTMLElementTagNameMap, textContent: string): HTMLElement {
  return create(tag, { textContent });
}

/** A cell is text, or an element that was made for it. */
type Cell = string | Node;

export interface TableContent {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell of each row names the row. */
  readonly rows: readonly (readonly Cell[])[];
  /** What is shown where there are no rows. */
  readonly empty?: string;
}

/** A table that scrolls by itself on a narrow screen, also with the keyboard. */
export function createTable({
  caption,
  columns,
  rows,
  empty = "Nothing yet.",
}: TableContent): HTMLElement {
  if (rows.length === 0) return create("p", { className: "quiet", textContent: empty });
  const head = create(
    "tr",
    {},
    ...columns.map((name) => create("th", { textContent: name, attributes: { scope: "col" } })),
  );
  const body = rows.map(([first = "", ...others]) =>
    create(
      "tr",
      {},
      create("th", { attributes: { scope: "row" } }, toNode(first)),
      ...others.map((cell) => create("td", {}, toNode(cell))),
    ),
  );
  const table = create(
    "table",
    {},
    create("caption", { className: "unseen", textContent: caption }),
    create("thead", {}, head),
    create("tbody", {}, ...body),
  );
  const attributes = { tabindex: "0", role: "region", "aria-label": caption };
  return create("div", { className: "scroll", attributes }, table);
}

function toNode(cell: Cell): Node {
  return typeof cell === "string" ? document.createTextNode(cell) : cell;
}
