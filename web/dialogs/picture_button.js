/** A button to choose a picture, which is cropped to a square and uploaded. */

import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { uploadSquare } from "../state/picture.js";

/** The button. *run* is that of `useAttempt`; *onUploaded* gets the address of the picture. */
export function PictureButton({ run, onUploaded, children, ...rest }) {
  const input = useRef(null);

  async function upload(event) {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be chosen again
    if (!file) return;
    await run(async () => {
      await onUploaded(await uploadSquare(file));
      return true;
    });
  }

  return html`
    <button type="button" ...${rest} onClick=${() => input.current.click()}>${children}</button>
    <input ref=${input} type="file" accept="image/*" hidden onChange=${upload} />
  `;
}
