/** The page's elements: found by id with their kind checked, or created with text and never with HTML. */

export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} with the id "${id}"`);
}

export function button(id: string, onPress: () => void): HTMLButtonElement {
  const found = element(id, HTMLButtonElement);
  found.addEventListener("click", onPress);
  return found;
}

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: { readonly className?: string; readonly textContent?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Fills a `<dl>` with terms and what is known of them. */
export function showFacts(
  list: HTMLElement,
  facts: readonly (readonly [term: string, fact: string])[],
): void {
  const rows = facts.map(([term, fact]) =>
    create("div", {}, create("dt", { textContent: term }), create("dd", { textContent: fact })),
  );
  list.replaceChildren(...rows);
}
