/** The pictures of a chat in the size of the window. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { IconButton } from "../components/icons.js";
import { fullTime } from "../format.js";
import { t } from "../i18n/words.js";
import { download, fileIn, infoOf, sourceOf } from "../state/files.js";
import { nameIn } from "../state/groups.js";
import { nameOf, personOf } from "../state/people.js";
import { find } from "../state/store.js";

export default function Viewer({ conv, start, entry, close }) {
  const pictures = picturesOf(conv, entry);
  const [at, setAt] = useState(() => Math.max(0, pictures.findIndex((each) => (each.id ?? each.cid) === start)));
  const [isLarge, setLarge] = useState(false);
  const shown = pictures[Math.min(at, pictures.length - 1)];
  const step = (by) => (setLarge(false), setAt((now) => Math.max(0, Math.min(pictures.length - 1, now + by))));

  useEffect(() => {
    const onKeyDown = ({ key }) => (key === "ArrowRight" ? step(1) : key === "ArrowLeft" && step(-1));
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);

  const info = infoOf(shown);
  const source = sourceOf(shown);
  const id = fileIn(shown.data);
  const author = conv.startsWith("g:") ? nameIn(Number(conv.slice(2)), shown.from_id) : nameOf(personOf(shown.from_id));
  return html`
    <div class="view">
      <header>
        <span class="lines"><strong dir="auto">${author}</strong><span>${fullTime(shown.create_time)}</span></span>
        ${id && html`<${IconButton} name="download" label=${t("download")} onClick=${() => download(id)} />`}
        <${IconButton} name="close" label=${t("close")} data-testid="close" onClick=${close} />
      </header>
      <div class="stage ${isLarge ? "large" : ""}" onClick=${(event) => event.target === event.currentTarget && close()}>
        ${source && html`<img src=${source} alt=${info.name ?? t("kind_image")} data-testid="viewed" onClick=${() => setLarge(!isLarge)} />`}
      </div>
      ${at > 0 && html`<${IconButton} name="back" class="step before" label=${t("previous")} onClick=${() => step(-1)} />`}
      ${at < pictures.length - 1 && html`<${IconButton} name="next" class="step after" label=${t("next")} onClick=${() => step(1)} />`}
    </div>
  `;
}

function picturesOf(conv, entry) {
  const held = find(conv)?.window.messages.filter(({ type, isremove, data, options }) => type === "image" && !isremove && !options?.file?.removed && fileIn(data)) ?? [];
  return entry.id && held.some(({ id }) => id === entry.id) ? held : [...held, entry];
}
