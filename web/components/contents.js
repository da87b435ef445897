/** The content of a message, by its type. Texts are shown as they were written, never interpreted. */

import { html } from "htm/preact";
import { openPerson } from "../dialogs/open.js";
import { linkify } from "../format.js";
import { hasText, t } from "../i18n/words.js";
import { nameIn } from "../state/groups.js";
import { nameOf, personOf } from "../state/people.js";
import { me } from "../state/session.js";
import { cardOf, locationOf, summaryOf } from "../summary.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { FileRow, Picture, Video } from "./media.js";
import { Sound } from "./sound.js";

const kinds = { text: Text, image: Picture, video: Video, audio: Sound, file: FileRow, location: Place, card: Card };
const FEW_EMOJI = /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]*(?:\u200d\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]*)*\s*){1,3}$/u;
const EVERYBODY = ["@all", "@everybody", "@所有人"];

/** Return whether the time is shown on the content, as on a picture, instead of beside it. */
export function isBare({ type, isremove, options, data }) {
  const isHere = data === "" || data.startsWith("/files/");
  return !isremove && isHere && (type === "image" || type === "video") && !options?.reply_to && !options?.forward_of;
}

export function Content({ entry, conversation, isMine }) {
  if (entry.isremove) return html`<span class="text recalled"><${Icon} name="recall" />${t("recalled")}</span>`;
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
