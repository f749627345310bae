"use client";

import { useState } from "react";
import { useCaption, useVlm } from "./use-vlm";

export function Captioner() {
  const [file, setFile] = useState<File>();
  const vlm = useVlm();
  const caption = useCaption(vlm.value, file);
  const error = vlm.error ?? caption.error;
  return (
    <>
      <input
        type="file"
        accept="image/*"
        disabled={!vlm.value}
        onChange={({ target }) => setFile(target.files?.[0])}
      />
      <output>{caption.value}</output>
      {error && <p role="alert">{error.message}</p>}
    </>
  );
}
