import { useEffect, useState } from "react";
import { createVlm, type Vlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

interface Outcome<Value> {
  value?: Value;
  error?: Error;
}

/** A client that lives as long as the component: unmounting ends its download, or its worker. */
export function useVlm(): Outcome<Vlm> {
  const [outcome, setOutcome] = useState<Outcome<Vlm>>({});
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const opened = createVlm({
      worker: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
      model: tinyModel(),
      signal,
    });
    opened.then(
      (value) => signal.aborted || setOutcome({ value }),
      (error) => signal.aborted || setOutcome({ error }),
    );
    return () => {
      controller.abort();
      setOutcome({});
      opened.then((vlm) => vlm.dispose()).catch(() => {}); // Shown above, or aborted.
    };
  }, []);
  return outcome;
}

/** The caption of a file. Another file, or unmounting, aborts the call. */
export function useCaption(vlm: Vlm | undefined, file: File | undefined): Outcome<string> {
  const [outcome, setOutcome] = useState<Outcome<string>>({});
  useEffect(() => {
    if (!vlm || !file) return;
    const controller = new AbortController();
    const { signal } = controller;
    vlm.caption(file, { signal }).then(
      ({ text }) => signal.aborted || setOutcome({ value: text }),
      (error) => signal.aborted || setOutcome({ error }),
    );
    return () => {
      controller.abort();
      setOutcome({});
    };
  }, [vlm, file]);
  return outcome;
}
