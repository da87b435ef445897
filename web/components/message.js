/** One message: its text, its time, and for our own how far it came. */

import { html } from "../vendor/htm-preact-standalone.js";
import { fullTime, linkify, textOf, time } from "../format.js";
import { t } from "../i18n.js";
import { Icon } from "./icons.js";

const icons = { sending: "clock", sent: "check", delivered: "checks", read: "checks", failed: "warning" };

export function Message({ id, entry, isMine, isFirst, isLast, state, onRetry, onDiscard }) {
  const classes = ["message", isMine ? "mine" : "theirs", isFirst && "first", isLast && "last"];
  return html`
    <li class=${classes.filter(Boolean).join(" ")} data-testid="message" data-key=${id} data-seq=${entry.seq} data-state=${state}>
      <div class="bubble">
        <${Content} entry=${entry} />
        <span class="meta">
          <time datetime=${new Date(entry.create_time).toISOString()} title=${fullTime(entry.create_time)}>${time(entry.create_time)}</time>
          ${state && html`
            <span class="state ${state}" role="img" aria-label=${t(state)} title=${t(state)}><${Icon} name=${icons[state]} /></span>
          `}
        </span>
      </div>
      ${state === "failed" && html`
        <p class="failure" role="alert">
          <span>${entry.error ?? t("tooLong")}</span>
          <button type="button" class="link" data-testid="retry" onClick=${() => onRetry(entry.cid)}>${t("retry")}</button>
          <button type="button" class="link" data-testid="discard" onClick=${() => onDiscard(entry.cid)}>${t("discard")}</button>
        </p>
      `}
    </li>
  `;
}

function Content({ entry }) {
  const isPlain = entry.type === "text" && !entry.isremove;
  if (!isPlain) return html`<span class="text gone">${textOf(entry)}</span>`;
  return html`<span class="text" dir="auto">${linkify(textOf(entry)).map(piece)}</span>`;
}

function piece(part) {
  if (typeof part === "string") return part;
  return html`<a href=${part.href} target="_blank" rel="noopener noreferrer">${part.text}</a>`;
}
