import { describe, expect, it } from "vitest";
import { makeCall } from "../../test/results.ts";
import { chooseNode } from "./choose-node.ts";
import type { Node } from "./node.ts";

const CALL = makeCall();

interface Seat {
  readonly phase?: Node["state"]["phase"];
  readonly outstanding?: number;
  readonly known?: number;
  readonly isHome?: boolean;
}

function seat(
  name: string,
  { phase = "loaded", outstanding = 0, known = 0, isHome = false }: Seat = {},
) {
  const node: Node = {
    name,
    state: { phase, device: "wasm" },
    maxCalls: 1,
    run: () => Promise.reject(new Error("not asked")),
    knownShareOf: () => known,
    keepsOpen: () => isHome,
    isFault: () => false,
    dispose: () => Promise.resolve(),
  };
  return { node, outstanding };
}

const chosen = (...seats: ReturnType<typeof seat>[]) => chooseNode(seats, CALL)?.name;

describe("chooseNode", () => {
  it("takes a free node, and of several the one that knows most of the call", () => {
    expect(chosen(seat("a", { outstanding: 1, known: 1 }), seat("b"))).toBe("b");
    expect(chosen(seat("a", { known: 0.1 }), seat("b", { known: 0.9 }))).toBe("b");
    expect(chosen(seat("a", { outstanding: 1 }))).toBeUndefined();
  });

  it("lets a call wait for a loaded node rather than for a start, and never for a lost one", () => {
    const starting = seat("s", { phase: "starting" });
    expect(chosen(seat("a", { outstanding: 1 }), starting)).toBeUndefined();
    expect(chosen(seat("n", { phase: "none" }), starting)).toBe("s");
    expect(chosen(seat("l", { phase: "lost" }), seat("n", { phase: "none" }))).toBe("n");
    expect(chosen(seat("l", { phase: "lost" }))).toBeUndefined();
  });

  it("lets a question about an open image wait for the node where it is open", () => {
    expect(chosen(seat("home", { isHome: true, outstanding: 1 }), seat("b"))).toBeUndefined();
    expect(chosen(seat("home", { isHome: true, phase: "none" }), seat("b"))).toBe("b");
  });
});
