/** The choice of a model for photos: nothing of it is loaded before the user takes it. */

import { button, element } from "../shared/elements.ts";
import { createPhotoChoice } from "../shared/photo-choice.ts";
import type { PhotoModelName } from "../shared/photo-models.ts";

/**
 * @param first what is offered first
 * @param onTake hears which model the user takes; its licence is accepted then
 */
export function showPhotosCard(
  first: PhotoModelName,
  onTake: (name: PhotoModelName) => void,
): void {
  const card = element("photos", HTMLElement);
  const use = button("photos-use", () => {
    card.hidden = true;
    onTake(choice.name);
  });
  const choice = createPhotoChoice(() => {
    use.disabled = !choice.isReady;
  });
  card.hidden = false;
  void choice.begin(first);
}
