/** One frame from the camera, which is on only while its dialog is open. */

import { button, element } from "./elements.ts";
import type { Picture } from "./picture.ts";
import { errorInWords } from "./words.ts";

/** @returns opens the dialog */
export function createCameraDialog(onPicture: (picture: Picture) => void): () => void {
  const dialog = element("camera", HTMLDialogElement);
  const video = element("camera-video", HTMLVideoElement);
  const step = element("camera-step", HTMLElement);
  const problem = element("camera-problem", HTMLElement);
  const take = button("camera-take", () => void takeFrame());
  button("camera-cancel", () => {
    dialog.close();
  });
  video.addEventListener("loadeddata", () => {
    take.disabled = false;
    step.textContent = "";
  });
  dialog.addEventListener("close", () => {
    if (video.srcObject) stop(video.srcObject as MediaStream);
    video.srcObject = null;
    take.disabled = true;
  });

  const open = async (): Promise<void> => {
    problem.textContent = "";
    step.textContent = "Waiting for the camera";
    dialog.showModal();
    try {
      const stream = await openCamera();
      // The question for permission may outlive the dialog.
      if (dialog.open) video.srcObject = stream;
      else stop(stream);
    } catch (error) {
      step.textContent = "";
      problem.textContent = cameraErrorInWords(error);
    }
  };

  const takeFrame = async (): Promise<void> => {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    dialog.close();
    const source = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
    onPicture({ name: "Camera picture", source });
  };

  return () => void open();
}

async function openCamera(): Promise<MediaStream> {
  // Typed as always there; it is missing on pages that are not served securely.
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (!devices) throw new DOMException("This page has no access to cameras.", "SecurityError");
  return devices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
    audio: false,
  });
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

const NO_CAMERA = "No camera was found. Connect one, or choose a file.";

const CAMERA_ERRORS: Readonly<Record<string, string>> = {
  NotAllowedError:
    "The camera was refused. Allow it in the browser’s settings for this page, or choose a file.",
  NotFoundError: NO_CAMERA,
  // WebKit says so where there is none.
  OverconstrainedError: NO_CAMERA,
  NotReadableError:
    "The camera is in use by another program. Close that program, or choose a file.",
  SecurityError:
    "Browsers lend the camera only to pages served over HTTPS or from localhost. Choose a file instead.",
};

function cameraErrorInWords(error: unknown): string {
  // An `OverconstrainedError` is no `DOMException` in every browser.
  const { name = "" } = (error ?? {}) as Partial<Error>;
  return (
    CAMERA_ERRORS[name] ??
    `The camera could not be opened: ${errorInWords(error)} Choose a file instead.`
  );
}
