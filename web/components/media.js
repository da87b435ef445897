/** Pictures, videos and files in a message. Their space is reserved before they are loaded, so that nothing jumps. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { openPicture } from "../dialogs/open.js";
import { size } from "../format.js";
import { t } from "../i18n/words.js";
import { cancelUpload, download, fileIn, infoOf, sourceOf } from "../state/files.js";
import { isOnline } from "../state/session.js";
import { Icon } from "./icons.js";

const MAX_SIZE = { width: 320, height: 380 }; // pixels of a picture in the chat
const MIN_SIDE = 96;
const UNKNOWN_SIZE = { width: 280, height: 210 };

/** Return the size in which a picture is shown. */
function fit({ width, height }) {
  if (!(width > 0 && height > 0)) return UNKNOWN_SIZE;
  const scale = Math.min(1, MAX_SIZE.width / width, MAX_SIZE.height / height);
  return { width: Math.max(MIN_SIDE, Math.round(width * scale)), height: Math.max(MIN_SIDE, Math.round(height * scale)) };
}

export function Picture({ entry }) {
  const info = infoOf(entry);
  const [isLoaded, setLoaded] = useState(false);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    if (isOnline.value) setBroken(false); // try again with the new connection
  }, [isOnline.value]);
  const id = fileIn(entry.data);
  if (!id && !entry.preview) return html`<${Foreign} entry=${entry} />`;
  const source = sourceOf(entry, info.thumbnail ? "thumbnail" : undefined);
  const { width, height } = fit(info);
  const blur = /^data:image\/(png|jpeg|webp|gif);base64,[\w+/=]+$/.test(info.blur) ? info.blur : null;
  return html`
    <div class="media" style=${{ "--width": `${width}px`, "--ratio": `${width} / ${height}` }}>
      ${blur && !isLoaded && html`<img class="blur" src=${blur} alt="" />`}
      ${source === null
        ? html`<span class="missing"><${Icon} name="warning" />${t("fileGone")}</span>`
        : html`
          <button type="button" class="open-picture" tabindex="-1" data-testid="picture" aria-label=${t("openPicture", { name: info.name ?? "" })} onClick=${() => openPicture(entry)}>
            ${isBroken && html`<span class="missing"><${Icon} name="warning" /></span>`}
            ${source && !isBroken && html`<img class="real ${isLoaded ? "there" : ""}" src=${source} alt="" decoding="async"
              onLoad=${() => setLoaded(true)} onError=${() => setBroken(true)} />`}
          </button>
        `}
      <${Progress} entry=${entry} />
    </div>
  `;
}

export function Video({ entry }) {
  const id = fileIn(entry.data);
  const [isWanted, setWanted] = useState(false);
  if (!id && !entry.preview) return html`<${Foreign} entry=${entry} />`;
  const source = sourceOf(entry);
  const { width, height } = fit(infoOf(entry));
  return html`
    <div class="media film" style=${{ "--width": `${width}px`, "--ratio": `${width} / ${height}` }}>
      <video controls=${isWanted} playsinline preload="metadata" src=${source || undefined} aria-label=${t("kind_video")} onPlay=${() => setWanted(true)}></video>
      ${!isWanted && !entry.state && html`
        <button type="button" class="play-film" aria-label=${t("play")} onClick=${(event) => (setWanted(true), event.currentTarget.parentElement.querySelector("video").play())}><${Icon} name="play" /></button>
      `}
      <${Progress} entry=${entry} />
    </div>
  `;
}

export function FileRow({ entry }) {
  const info = infoOf(entry);
  const id = fileIn(entry.data);
  const name = info.name || (id ? t("kind_file") : entry.data);
  if (!id && !entry.file) return html`<${Foreign} entry=${entry} />`;
  const ending = /\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? "";
  return html`
    <button type="button" class="attachment file" tabindex="-1" data-testid="file" title=${t("downloadNamed", { name })} disabled=${!id} onClick=${() => download(id)}>
      <span class="attachment-icon">${entry.state === "uploading" ? html`<${Icon} name="up" />` : ending ? html`<span class="ending">${ending}</span>` : html`<${Icon} name="file" />`}</span>
      <span class="attachment-lines"><strong dir="auto" class="file-name">${shortened(name)}</strong><span>${info.size >= 0 ? size(info.size) : ""}</span></span>
    </button>
    <${Progress} entry=${entry} />
  `;
}

/** A file on another server: a link to it. The page fetches nothing from there. */
function Foreign({ entry }) {
  const isWeb = /^https?:\/\//.test(entry.data) && URL.canParse(entry.data);
  const kind = t(`kind_${entry.type}`);
  if (!isWeb) return html`<span class="unknown"><${Icon} name="file" />${t("kindAlone", { kind })}</span>`;
  return html`
    <a class="attachment" href=${new URL(entry.data).href} target="_blank" rel="noopener noreferrer">
      <span class="attachment-icon"><${Icon} name="file" /></span>
      <span class="attachment-lines"><strong>${kind}</strong><span dir="ltr">${shortened(entry.data)}</span></span>
    </a>
  `;
}

/** The progress of an upload, with a button to cancel it. */
export function Progress({ entry }) {
  if (entry.state !== "uploading") return null;
  const done = entry.progress.value;
  const percent = Math.round(done * 100);
  return html`
    <div class="progress" role="progressbar" aria-valuenow=${percent} aria-valuemin="0" aria-valuemax="100" aria-label=${t("uploading")} data-testid="progress">
      <svg viewBox="0 0 40 40" aria-hidden="true"><circle cx="20" cy="20" r="17" /><circle cx="20" cy="20" r="17" class="done" pathLength="100" stroke-dasharray=${`${Math.max(4, percent)} 100`} /></svg>
    </div>
    <button type="button" class="cancel-upload" aria-label=${t("cancelUpload")} title=${t("cancelUpload")} data-testid="cancel-upload" onClick=${() => cancelUpload(entry.cid)}><${Icon} name="close" /></button>
  `;
}

/** Shorten a file name in the middle, so that its ending stays: "a very long na…me.pdf". */
function shortened(name) {
  const letters = [...name];
  return letters.length > 48 ? `${letters.slice(0, 32).join("")}…${letters.slice(-12).join("")}` : name;
}
