/** The content of a message, by its type. Texts are shown as they were written, never interpreted. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { openPerson, openPicture } from "../dialogs/open.js";
import { cardOf, duration, linkify, locationOf, size, summaryOf } from "../format.js";
import { hasText, t } from "../i18n/words.js";
import { cancelUpload, download, fileIn, infoOf, sourceOf } from "../state/files.js";
import { nameIn } from "../state/groups.js";
import { nameOf, personOf } from "../state/people.js";
import { isOnline, me } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";

const kinds = { text: Text, image: Picture, video: Video, audio: Sound, file: FileRow, location: Place, card: Card };
const FEW_EMOJI = /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]*(?:\u200d\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]*)*\s*){1,3}$/u;
const EVERYBODY = ["@all", "@everybody", "@所有人"];

/** Return whether the time is shown on the content, as on a picture, instead of beside it. */
export function isBare({ type, isremove, options, data }) {
  const isHere = data === "" || data.startsWith("/files/");
  return !isremove && !options?.file?.removed && isHere && (type === "image" || type === "video") && !options?.reply_to && !options?.forward_of;
}

export function Content({ entry, conversation, isMine }) {
  if (entry.isremove) return html`<span class="text recalled"><${Icon} name="recall" />${t("recalled")}</span>`;
  if (infoOf(entry).removed) return html`<span class="text recalled" data-testid="file-removed"><${Icon} name="trash" />${t("fileRemoved")}</span>`;
  const Kind = kinds[entry.type];
  if (!Kind) return html`<span class="unknown"><${Icon} name="info" />${unknown(entry)}</span>`;
  return html`<${Kind} entry=${entry} conversation=${conversation} isMine=${isMine} />`;
}

function unknown({ type }) {
  return hasText(`kind_${type}`) ? t("kindAlone", { kind: t(`kind_${type}`) }) : t("cannotShow", { type });
}

function Text({ entry, conversation }) {
  const text = summaryOf(entry);
  const isBig = text.length < 40 && FEW_EMOJI.test(text);
  return html`<span class="text ${isBig ? "big" : ""}" dir="auto">${piecesOf(text, entry.options?.mentions, conversation)}</span>`;
}

function piecesOf(text, named, conversation) {
  const parts = linkify(text);
  const calls = callsOf(named, conversation);
  return parts.flatMap((part) => {
    if (typeof part !== "string") return html`<a href=${part.href} target="_blank" rel="noopener noreferrer">${part.text}</a>`;
    return calls.length ? withCalls(part, calls) : part;
  });
}

/** Return the names to highlight in a text: [{text: "@Ada", id}], the longest first. */
function callsOf(named, conversation) {
  if (!conversation.isGroup || !named) return [];
  if (named === "all") return EVERYBODY.map((text) => ({ text, id: 0 }));
  if (!Array.isArray(named)) return [];
  const calls = named.map((id) => ({ text: `@${nameIn(conversation.targetId, id)}`, id }));
  return calls.sort((a, b) => b.text.length - a.text.length);
}

function withCalls(text, calls) {
  for (const { text: name, id } of calls) {
    const at = text.indexOf(name);
    if (at < 0) continue;
    const isMe = id === me.value.id || id === 0;
    const call = id === 0
      ? html`<span class="mention me">${name}</span>`
      : html`<button type="button" tabindex="-1" class="mention ${isMe ? "me" : ""}" onClick=${() => openPerson(id)}>${name}</button>`;
    return [...withCalls(text.slice(0, at), calls), call, ...withCalls(text.slice(at + name.length), calls)];
  }
  return text ? [text] : [];
}

function Place({ entry }) {
  const place = locationOf(entry.data);
  if (!place) return html`<span class="unknown"><${Icon} name="place" />${t("kindAlone", { kind: t("kind_location") })}</span>`;
  const { latitude, longitude, name, address } = place;
  const numbers = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  return html`
    <a class="attachment" href=${map} target="_blank" rel="noopener noreferrer" data-testid="location">
      <span class="attachment-icon"><${Icon} name="place" /></span>
      <span class="attachment-lines"><strong dir="auto">${name || t("kind_location")}</strong><span dir="auto">${address || numbers}</span></span>
    </a>
  `;
}

function Card({ entry }) {
  const id = cardOf(entry.data);
  const person = personOf(id);
  return html`
    <button type="button" class="attachment" tabindex="-1" data-testid="card" onClick=${() => openPerson(id)}>
      <${Avatar} user=${person} />
      <span class="attachment-lines"><strong dir="auto">${nameOf(person)}</strong><span>${t("kind_card")}${person.username && ` · @${person.username}`}</span></span>
    </button>
  `;
}

// ---- Pictures, videos and files. Their space is reserved before they are loaded, so that nothing jumps.

const MAX_SIZE = { width: 320, height: 380 }; // pixels of a picture in the chat
const MIN_SIDE = 96;
const UNKNOWN_SIZE = { width: 280, height: 210 };

/** Return the size in which a picture is shown. */
function fit({ width, height }) {
  if (!(width > 0 && height > 0)) return UNKNOWN_SIZE;
  const scale = Math.min(1, MAX_SIZE.width / width, MAX_SIZE.height / height);
  return { width: Math.max(MIN_SIDE, Math.round(width * scale)), height: Math.max(MIN_SIDE, Math.round(height * scale)) };
}

function Picture({ entry }) {
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

function Video({ entry }) {
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

function FileRow({ entry }) {
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
function Progress({ entry }) {
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

// ---- Sounds. The waveform is the slider.

const BARS = 40;
const STEP_S = 5;

/** The key of the message that is playing: one at a time. */
const playing = signal(null);

function Sound({ entry }) {
  const audio = useRef(null);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const { duration_ms, waveform } = entry.options ?? {};
  const total = length || (Number(duration_ms) || 0) / 1000;
  const source = sourceOf(entry);
  const key = entry.id ?? entry.cid;
  const isPlaying = playing.value === key;
  const isVoice = Number(duration_ms) > 0;
  const bars = barsOf(waveform);
  const done = total ? at / total : 0;

  useEffect(() => {
    if (!isPlaying) audio.current?.pause();
  }, [isPlaying]);
  useEffect(() => () => playing.peek() === key && (playing.value = null), []);

  function toggle() {
    if (isPlaying) return (playing.value = null);
    playing.value = key;
    audio.current.play().catch(() => (playing.value = null));
  }

  function seek(seconds) {
    if (!total) return;
    const to = Math.max(0, Math.min(total, seconds));
    audio.current.currentTime = to;
    setAt(to);
  }

  function onKeyDown(event) {
    const to = { ArrowRight: at + STEP_S, ArrowUp: at + STEP_S, ArrowLeft: at - STEP_S, ArrowDown: at - STEP_S, Home: 0, End: total }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    seek(to);
  }

  return html`
    <div class="sound" data-testid="sound">
      <button type="button" class="play" aria-label=${t(isPlaying ? "pause" : "play")} disabled=${!source} onClick=${toggle}><${Icon} name=${isPlaying ? "pause" : "play"} /></button>
      <div class="sound-lines">
        ${!isVoice && html`<strong dir="auto">${infoOf(entry).name ?? t("kind_audio")}</strong>`}
        <div class="wave" role="slider" tabindex="0" aria-label=${t("position")} aria-valuemin="0" aria-valuemax=${Math.round(total)} aria-valuenow=${Math.round(at)}
          aria-valuetext=${`${duration(at * 1000)} / ${duration(total * 1000)}`} onKeyDown=${onKeyDown}
          onClick=${(event) => seek(total * (event.offsetX / event.currentTarget.clientWidth))}>
          ${bars.map((height, index) => html`<i class=${(index + 0.5) / bars.length <= done ? "done" : ""} style=${{ "--height": `${Math.max(8, height)}%` }}></i>`)}
        </div>
        <span class="length">${duration((isPlaying || at ? at : total) * 1000)}</span>
      </div>
      <audio ref=${audio} preload="none" src=${source || undefined}
        onTimeUpdate=${(event) => setAt(event.target.currentTime)}
        onLoadedMetadata=${(event) => Number.isFinite(event.target.duration) && setLength(event.target.duration)}
        onEnded=${() => (setAt(0), playing.value === key && (playing.value = null))}></audio>
      <${Progress} entry=${entry} />
    </div>
  `;
}

/** Return the heights of the BARS bars that show a waveform. */
function barsOf(waveform) {
  const heights = Array.isArray(waveform) ? waveform.map(Number).filter(Number.isFinite) : [];
  if (heights.length === 0) return new Array(BARS).fill(22);
  return Array.from({ length: BARS }, (_, at) => Math.min(100, heights[Math.floor((at * heights.length) / BARS)]));
}
