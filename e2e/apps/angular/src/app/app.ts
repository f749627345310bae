import { Component, DestroyRef, inject, signal } from "@angular/core";
import { createVlm, type Vlm } from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";

@Component({
  selector: "app-root",
  template: `
    <input #input type="file" accept="image/*" [disabled]="!vlm()" (change)="caption(input)" />
    <output>{{ text() }}</output>
  `,
})
export class App {
  protected readonly vlm = signal<Vlm | undefined>(undefined);
  protected readonly text = signal("");

  constructor() {
    const controller = new AbortController();
    const opened = createVlm({
      worker: "/vlm/worker-wasm.bundle.js",
      model: tinyModel({ baseUrl: "/vlm/tiny/model" }),
      signal: controller.signal,
    });
    opened.then((vlm) => this.vlm.set(vlm)).catch((error) => this.text.set(error.message));
    inject(DestroyRef).onDestroy(() => {
      controller.abort();
      opened.then((vlm) => vlm.dispose()).catch(() => {});
    });
  }

  protected async caption({ files }: HTMLInputElement) {
    const { text } = await this.vlm()!.caption(files![0]!);
    this.text.set(text);
  }
}
