/**
 * Images that a fake client sends in place of the app's. Node and jsdom can read no pixels, and a test's image may be one that
 * no server has. The client recognises a stand-in as it recognises an image of the app: the same object, the same image.
 */

import type { ImageSource } from "../api/image-source.ts";
import { recogniseImages } from "../sources/image-source.ts";
import { isBlob, isBytes, isDrawable, isImageData } from "../sources/kinds.ts";
import type { WireImage } from "../wire/worker-api.ts";

export class StandIns {
  readonly #byObject = new WeakMap<object, Blob>();
  readonly #byAddress = new Map<string, Blob>();
  /** Those that the client has not named yet. */
  readonly #unnamed = new Map<Blob, ImageSource>();
  readonly #byName = new Map<string, ImageSource>();

  /** Anything that is no image stays as it is, so that the client refuses it in its own words. */
  standInFor(image: ImageSource): ImageSource {
    if (typeof image === "string") return image.trim() === "" ? image : this.#ofAddress(image);
    if (!isObjectOfImage(image)) return image;
    const stable = isBlob(image);
    const known = stable ? this.#byObject.get(image) : undefined;
    const standIn = known ?? this.#create(image);
    if (stable) this.#byObject.set(image, standIn);
    return standIn;
  }

  /** Of a video, each of whose frames is another image. */
  standInForFrame(video: ImageSource): ImageSource {
    return this.#create(video);
  }

  /** The app's own object, for an image that reached the worker. */
  readonly imageOf = ({ id = "" }: WireImage): ImageSource => {
    for (const [blob, image] of this.#unnamed) {
      const [named] = recogniseImages([blob]) ?? [];
      if (named?.id === undefined) continue;
      this.#unnamed.delete(blob);
      this.#byName.set(named.id, image);
    }
    const image = this.#byName.get(id);
    if (image === undefined) throw new Error("An image of a fake client reached no fake");
    return image;
  };

  #ofAddress(address: string): Blob {
    const standIn = this.#byAddress.get(address) ?? this.#create(address);
    this.#byAddress.set(address, standIn);
    return standIn;
  }

  #create(image: ImageSource): Blob {
    const standIn = new Blob(["a stand-in of @fastvlm-kit/web/testing"]);
    this.#unnamed.set(standIn, image);
    return standIn;
  }
}

function isObjectOfImage(image: unknown): boolean {
  return isBlob(image) || isDrawable(image) || isImageData(image) || isBytes(image);
}
