/** What the system knows of the installed app. All addresses are relative to the manifest's own. */

import type { ManifestOptions } from "vite-plugin-pwa";
import { SHARE_FIELD, SHARE_PATH } from "./share-target.ts";

const PICTURE_TYPES = {
  "image/png": [".png"],
  "image/jpeg": [".jpg", ".jpeg"],
  "image/webp": [".webp"],
  "image/gif": [".gif"],
  "image/avif": [".avif"],
  "image/bmp": [".bmp"],
} as const;

export const webAppManifest: Partial<ManifestOptions> = {
  name: "FastVLM captions",
  short_name: "Captions",
  description: "Captions pictures on this device, also without a network.",
  lang: "en",
  dir: "ltr",
  start_url: "./",
  scope: "./",
  display: "standalone",
  background_color: "#f6f5f1",
  theme_color: "#f6f5f1",
  categories: ["photo", "productivity", "utilities"],
  icons: [
    { src: "icons/icon-192.png", sizes: "192x192", type: "image/png" },
    { src: "icons/icon-512.png", sizes: "512x512", type: "image/png" },
    { src: "icons/maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
  ],
  share_target: {
    action: SHARE_PATH,
    method: "POST",
    enctype: "multipart/form-data",
    params: { files: [{ name: SHARE_FIELD, accept: ["image/*"] }] },
  },
  file_handlers: [{ action: "./", accept: toAccept() }],
  // One window: a second one would only wait for the first one's batch.
  launch_handler: { client_mode: ["navigate-existing", "auto"] },
};

function toAccept(): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(PICTURE_TYPES).map(([type, endings]) => [type, [...endings]]),
  );
}
