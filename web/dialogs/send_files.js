/** A preview of the chosen files before they are sent. */

import { html } from "htm/preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Icon, IconButton } from "../components/icons.js";
import { size } from "../format.js";
import { t } from "../i18n/words.js";
import { kindOf, sendAfterFiles, sendFiles } from "../state/files.js";
import { goToNewest } from "../state/history.js";
import { noteOwnMessage } from "../state/notifications.js";
import { isOfInputMethod } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function SendFiles({ conversation, files, close }) {
  const [chosen, setChosen] = useState(files);
  const [words, setWords] = useState("");
  const previews = useMemo(() => new Map(files.map((file) => [file, isPicture(file) ? URL.createObjectURL(file) : null])), []);
  useEffect(() => () => previews.forEach((url) => url && URL.revokeObjectURL(url)), []);

  async function send() {
    close();
    goToNewest(conversation);
    for (const file of chosen) sendFiles(conversation, [file], { file: await dimensionsOf(file) });
    if (words.trim()) sendAfterFiles(conversation, words.trim());
    noteOwnMessage();
  }

  function drop(file) {
    const left = chosen.filter((each) => each !== file);
    if (left.length === 0) close();
    setChosen(left);
  }

  function onKeyDown(event) {
    if (event.key !== "Enter" || event.shiftKey || isOfInputMethod(event) || !matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    send();
  }

  return html`
    <${DialogFrame} title=${t("sendFiles", { n: chosen.length })} close=${close} isChanged=${words.trim() !== ""}
      actions=${html`<button type="button" class="primary" onClick=${send} data-testid="send-files">${t("send")}</button>`}>
      <ul class="chosen">
        ${chosen.map((file) => html`
          <li key=${previews.get(file) ?? file.name} data-testid="chosen-file">
            ${previews.get(file) ? html`<img src=${previews.get(file)} alt="" />` : html`<span class="attachment-icon"><${Icon} name="file" /></span>`}
            <span class="attachment-lines"><strong dir="auto">${file.name}</strong><span>${size(file.size)}</span></span>
            <${IconButton} name="close" label=${t("removeFile", { name: file.name })} onClick=${() => drop(file)} />
          </li>
        `)}
      </ul>
      <label class="field"><span>${t("caption")}</span>
        <textarea rows="2" dir="auto" value=${words} onInput=${(event) => setWords(event.target.value)} onKeyDown=${onKeyDown} autofocus></textarea>
      </label>
    <//>
  `;
}

function isPicture(file) {
  return kindOf(file.type) === "image";
}

/** Return the size of a picture, so that its space is right from the start. */
async function dimensionsOf(file) {
  if (!isPicture(file)) return {};
  try {
    const { width, height } = await createImageBitmap(file);
    return { width, height };
  } catch {
    return {}; // it is not a picture: the server finds out its type
  }
}
