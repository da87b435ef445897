/** One message: its author, the quoted message, its content, its time, and for own messages the delivery state. */

import { Component, html } from "htm/preact";
import { openPerson } from "../dialogs/open.js";
import { fullTime, sameDay, summaryOf, time } from "../format.js";
import { errorText, t } from "../i18n/words.js";
import { recalledText } from "../state/actions.js";
import { mentions } from "../state/conversation.js";
import { setDraft } from "../state/drafts.js";
import { cancelUpload, retryUpload } from "../state/files.js";
import { memberOf, nameIn } from "../state/groups.js";
import { goTo, originalOf } from "../state/history.js";
import { nameOf, personOf } from "../state/people.js";
import { readersOf } from "../state/reading.js";
import { client, me } from "../state/session.js";
import { openMenu } from "../state/ui.js";
import { Avatar } from "./avatar.js";
import { focusComposer } from "./composer.js";
import { Content, isBare } from "./contents.js";
import { Icon } from "./icons.js";
import { messageItems, openReaders } from "./message_menu.js";
import { useLongPress } from "./overlays.js";

const icons = { sending: "clock", uploading: "clock", sent: "check", delivered: "checks", read: "checks", failed: "warning" };
const HUES = 9;

export class Message extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((key) => next[key] !== this.props[key]);
  }

  render(props) {
    return html`<${Item} ...${props} />`;
  }
}

function Item({ id, entry, conversation, isMine, isGroup, isFirst, isLast, state: given }) {
  const readers = isGroup && isMine && !entry.state && !entry.isremove ? readersOf(entry) : null;
  const state = given ?? (isGroup && isMine ? (readers?.count > 0 ? "read" : "sent") : null);
  const isMentioned = !isMine && isGroup && mentions(entry, me.value.id);
  const isPlain = isBare(entry);
  const open = (at) => openMenu(t("messageActions"), messageItems(entry, conversation), at);
  const press = useLongPress(open);
  const classes = ["message", isMine ? "mine" : "theirs", isFirst && "first", isLast && "last", isGroup && "in-group", isMentioned && "mentions-me"];

  function onKeyDown(event) {
    if (event.target !== event.currentTarget) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(event.currentTarget.querySelector(".bubble"));
    } else if (event.key === "Escape") focusComposer(event);
  }

  return html`
    <li class=${classes.filter(Boolean).join(" ")} data-testid="message" data-key=${id} data-seq=${entry.seq} data-time=${entry.create_time}
      data-state=${state} data-type=${entry.type} tabindex="-1" onKeyDown=${onKeyDown} ...${press}
      onDblClick=${(event) => event.target === event.currentTarget && focusComposer()}>
      ${isGroup && !isMine && isLast && html`<${Face} group=${conversation.targetId} id=${entry.from_id} />`}
      <div class="bubble ${isPlain ? "bare" : ""}">
        ${isGroup && !isMine && isFirst && html`<${Author} group=${conversation.targetId} id=${entry.from_id} />`}
        ${entry.options?.forward_of && html`<span class="forwarded"><${Icon} name="forward" />${t("forwarded")}</span>`}
        ${entry.options?.reply_to && !entry.isremove && html`<${Quote} conversation=${conversation} options=${entry.options} />`}
        <${Content} entry=${entry} conversation=${conversation} isMine=${isMine} />
        <span class="meta">
          ${entry.edit_time && !entry.isremove && html`<span class="edited" title=${fullTime(entry.edit_time)}>${t("edited")}</span>`}
          <time datetime=${new Date(entry.create_time).toISOString()} title=${fullTime(entry.create_time)}>${time(entry.create_time)}</time>
          ${state && html`<${Ticks} state=${state} readers=${readers} entry=${entry} />`}
        </span>
        ${entry.isremove && recalledText(entry.id) ? html`<${WriteAgain} entry=${entry} />` : null}
        <button type="button" class="message-more" tabindex="-1" aria-label=${t("messageActions")} aria-haspopup="menu" data-testid="message-more"
          onClick=${(event) => open(event.currentTarget)}></button>
      </div>
      ${state === "failed" && html`<${Failure} entry=${entry} />`}
    </li>
  `;
}

function Face({ group, id }) {
  const person = memberOf(group, id);
  return html`
    <button type="button" class="author-avatar" tabindex="-1" aria-hidden="true" title=${nameOf(person)} onClick=${() => openPerson(id)}>
      <${Avatar} user=${person} />
    </button>
  `;
}

function Author({ group, id }) {
  return html`<button type="button" class="author hue-${id % HUES}" tabindex="-1" dir="auto" data-testid="author" onClick=${() => openPerson(id)}>${nameIn(group, id)}</button>`;
}

function Ticks({ state, readers, entry }) {
  if (readers?.count > 0) {
    const label = t("readBy", { n: readers.count });
    return html`
      <button type="button" class="state ${readers.count >= readers.total ? "read" : ""}" tabindex="-1" aria-label=${label} title=${label}
        data-testid="readers" onClick=${() => openReaders(entry)}><span>${readers.count}</span><${Icon} name="checks" /></button>
    `;
  }
  return html`<span class="state ${state}" role="img" aria-label=${t(state)} title=${t(state)}><${Icon} name=${icons[state]} /></span>`;
}

/** The message that this one replies to. A click goes there. */
function Quote({ conversation, options }) {
  conversation.subscribe();
  const original = originalOf(conversation, options);
  const isGroup = conversation.isGroup;
  const name = !original ? "" : original.from_id === me.value.id ? t("you") : isGroup ? nameIn(conversation.targetId, original.from_id) : nameOf(personOf(original.from_id));
  const text = original ? summaryOf(original).slice(0, 200) : original === null ? t("originalGone") : "…";
  return html`
    <button type="button" class="quote hue-${(original?.from_id ?? 0) % HUES}" data-testid="quote" tabindex="-1"
      disabled=${!original} onClick=${() => goTo(conversation, original.seq)}>
      <span class="visually-hidden">${t("inReplyTo")}</span>
      ${name && html`<span class="quote-name" dir="auto">${name}</span>`}
      <span class="quote-text" dir="auto">${text}</span>
    </button>
  `;
}

function WriteAgain({ entry }) {
  function again() {
    setDraft(entry.conv, { text: recalledText(entry.id), editing: null });
    focusComposer();
  }
  return html`<button type="button" class="link again" onClick=${again}>${t("writeAgain")}</button>`;
}

function Failure({ entry }) {
  const isUpload = entry.file !== undefined;
  const why = entry.error?.code === 1009 ? t("tooLong") : errorText(entry.error ?? {});
  return html`
    <p class="failure" role="alert">
      <span>${why}</span>
      <button type="button" class="link" data-testid="retry" onClick=${() => (isUpload ? retryUpload : (cid) => client.retry(cid))(entry.cid)}>${t("retry")}</button>
      <button type="button" class="link" data-testid="discard" onClick=${() => (isUpload ? cancelUpload : (cid) => client.discard(cid))(entry.cid)}>${t("discard")}</button>
    </p>
  `;
}

// ---- Grouping and delivery state

const GROUP_MS = 5 * 60_000; // messages that one user writes within this time are grouped

/** Return whether two messages are grouped: same author, same day, within a few minutes. */
export function belongTogether(a, b) {
  const isNear = b.create_time - a.create_time < GROUP_MS && sameDay(a.create_time, b.create_time);
  return a.from_id === b.from_id && a.type !== "notice" && b.type !== "notice" && isNear;
}

/** Count the messages of others after a seq. */
export function countAfter(entries, seq, myId) {
  let count = 0;
  for (let at = entries.length - 1; at >= 0 && (entries[at].seq ?? Infinity) > seq; at--)
    if (entries[at].from_id !== myId && entries[at].type !== "notice") count++;
  return count;
}

/** Return the delivery state of an own message in a chat of two. */
export function stateOf({ state, seq }, { peerReadSeq, peerDeliveredSeq }) {
  if (state) return state;
  if (seq <= peerReadSeq) return "read";
  return seq <= peerDeliveredSeq ? "delivered" : "sent";
}
