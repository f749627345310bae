/**
 * "Share a photo to this app": the system posts a form to an address that no server answers. The
 * service worker takes it, keeps the pictures and sends the browser on to the app.
 */

/** The field that the web app manifest promises the pictures in. */
export const SHARE_FIELD = "pictures";

/** Relative to the app's folder. */
export const SHARE_PATH = "share";

/** What the app is opened with after a share, in its address. */
export const SHARE_RESULT = "share";
export type ShareResult = "received" | "nothing" | "failed";

export interface SharedPicture {
  readonly name: string;
  readonly blob: Blob;
}

/** @param keep stores the pictures; not called without any */
export async function receiveShare(
  request: Request,
  keep: (pictures: readonly SharedPicture[]) => Promise<void>,
): Promise<ShareResult> {
  try {
    const pictures = picturesOf(await request.formData());
    if (pictures.length === 0) return "nothing";
    await keep(pictures);
    return "received";
  } catch {
    // No form, or no room for the pictures. The app says so: nobody would see an error page's reason.
    return "failed";
  }
}

/** The form's pictures. What is no picture after all is for the model kit to say: it looks at the bytes. */
export function picturesOf(form: FormData): SharedPicture[] {
  return form
    .getAll(SHARE_FIELD)
    .filter((value) => value instanceof File)
    .filter(({ size }) => size > 0)
    .map((file, index) => ({ name: file.name || `Shared picture ${index + 1}`, blob: file }));
}

/** Where the browser goes after a share. */
export function addressAfterShare(appFolder: string, result: ShareResult): string {
  const address = new URL(appFolder);
  address.searchParams.set(SHARE_RESULT, result);
  return address.href;
}

export function readShareResult(address: string): ShareResult | undefined {
  const found = new URL(address).searchParams.get(SHARE_RESULT);
  return found === "received" || found === "nothing" || found === "failed" ? found : undefined;
}
