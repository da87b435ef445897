/**
 * The scrolling list of messages.
 *
 * Only a slice of the loaded messages is rendered, and it moves with the view; so ten thousand messages cost
 * no more than a hundred. The view does not jump when something is added or removed above it.
 */

import { Component, html } from "htm/preact";
import { effect } from "@preact/signals";
import { day, noticeOf, sameDay } from "../format.js";
import { t } from "../i18n/words.js";
import { CHANGE_TYPES } from "../state/conversation.js";
import { outboxRevision } from "../state/feed.js";
import { uploadsIn } from "../state/files.js";
import { goTo, jumpTarget, loadNewer, loadOlder, toNewest } from "../state/history.js";
import { setAtEnd } from "../state/reading.js";
import { client, me } from "../state/session.js";
import { titleOf } from "../state/store.js";
import { focusComposer } from "./composer.js";
import { Icon } from "./icons.js";
import { belongTogether, countAfter, Message, stateOf } from "./message.js";

const FIRST_COUNT = 50; // rendered at first
const STEP_COUNT = 10; // rendered more in one frame
const JUMP_COUNT = 25; // rendered before and after the target of a jump
const MIN_MESSAGE_PX = 32; // the height of the smallest message
const AT_BOTTOM_PX = 40;
const NEAR_PX = 600;
const HIGHLIGHT_MS = 1_600;
const FLOAT_MS = 1_200;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class MessageList extends Component {
  // fromSeq: the first rendered message; null: the last FIRST_COUNT. toSeq: the last one; Infinity: the end.
  state = { fromSeq: null, toSeq: Infinity, atBottom: true, seenSeq: 0, isUnreadAbove: false };
  entries = [];
  slice = [0, 0];

  componentDidMount() {
    this.toBottom();
    // The pane shrinks when a phone's keyboard opens or the composer grows.
    this.resized = new ResizeObserver(() => this.state.atBottom && this.toBottom());
    this.resized.observe(this.box);
    this.resized.observe(this.list);
    this.unfollow = effect(() => {
      const there = jumpTarget.value;
      if (there?.conv === this.props.conversation.conv) queueMicrotask(() => this.goTo(there.seq));
    });
    this.looked();
  }

  componentWillUnmount() {
    this.resized.disconnect();
    this.unfollow();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.floating);
    setAtEnd(false);
  }

  /** Remember the message at the top of the view and its offset, before the page changes. */
  getSnapshotBeforeUpdate() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const anchor = this.firstInView();
    // Measured here, because the view may have moved since the last scroll event.
    const wasAtBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX && this.isAtEnd;
    return { anchor, from: anchor && anchor.offsetTop - scrollTop, wasAtBottom };
  }

  componentDidUpdate(_props, _state, { anchor, from, wasAtBottom }) {
    const newest = this.entries.at(-1);
    const noteOwnMessage = newest?.state !== undefined && newest.cid !== this.lastWritten;
    if (noteOwnMessage) this.lastWritten = newest.cid;
    const isFirst = !this.wasFilled && this.entries.length > 0;
    this.wasFilled ||= isFirst;
    if (this.aim) this.land();
    else if (isFirst || noteOwnMessage || (wasAtBottom && this.state.atBottom)) this.toBottom();
    else if (anchor?.isConnected) {
      const top = anchor.offsetTop - from;
      if (Math.abs(this.box.scrollTop - top) > 0.5) this.box.scrollTop = top;
    }
    this.lookSoon();
  }

  /** Check the view in the next frame: one step per frame keeps scrolling smooth. */
  lookSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.looked();
    });
  }

  get isAtEnd() {
    return this.slice[1] === this.entries.length && !this.props.conversation.window.hasNewer;
  }

  toBottom(behavior = "instant") {
    this.box.scrollTo({ top: this.box.scrollHeight, behavior });
  }

  /** Scroll to the newest message. */
  toEnd = async () => {
    const { conversation } = this.props;
    const isNear = this.isAtEnd && this.box.scrollHeight - this.box.scrollTop < 4 * this.box.clientHeight;
    if (isNear) return this.toBottom(calm.matches ? "instant" : "smooth");
    await toNewest(conversation);
    this.setState({ fromSeq: null, toSeq: Infinity, atBottom: true }, () => this.toBottom());
  };

  /** Scroll the message with that seq into the middle, and highlight it. */
  goTo(seq) {
    const index = Math.min(this.indexOf(seq), this.entries.length - 1);
    if (index < 0) return;
    jumpTarget.value = null;
    this.aim = this.entries[index].seq ?? Infinity;
    const [from, to] = this.slice;
    if (index >= from && index < to) return this.land();
    const last = index + JUMP_COUNT;
    this.setState({
      fromSeq: this.entries[Math.max(0, index - JUMP_COUNT)].seq,
      toSeq: last < this.entries.length ? this.entries[last].seq ?? Infinity : Infinity,
      atBottom: false,
    });
  }

  land() {
    const item = this.list.querySelector(`[data-seq="${this.aim}"]`);
    this.aim = null;
    if (!item) return;
    const distance = Math.abs(item.offsetTop - this.box.scrollTop - this.box.clientHeight / 2);
    const isNear = distance < 2 * this.box.clientHeight && !calm.matches;
    item.scrollIntoView({ block: "center", behavior: isNear ? "smooth" : "instant" });
    item.classList.add("highlighted");
    setTimeout(() => item.classList.remove("highlighted"), HIGHLIGHT_MS);
    item.focus({ preventScroll: true });
  }

  /** Update the state after the view moved: whether it is at the bottom, and what to render or load next. */
  looked = () => {
    const { conversation } = this.props;
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const below = scrollHeight - scrollTop - clientHeight;
    const atBottom = below < AT_BOTTOM_PX && this.isAtEnd;
    const seenSeq = atBottom ? conversation.lastSeq : Math.min(this.state.seenSeq, conversation.lastSeq);
    const change = { ...this.slide(scrollTop, below, atBottom), atBottom, seenSeq };
    change.isUnreadAbove = this.isUnreadAbove();
    const isNew = Object.entries(change).some(([key, value]) => this.state[key] !== value);
    if (isNew) this.setState(change);
    setAtEnd(atBottom);
  };

  scrolled = () => {
    this.lookSoon();
    const item = this.firstInView();
    if (!item || this.state.atBottom) return;
    this.floater.textContent = day(Number(item.dataset.time));
    this.floater.classList.add("shown");
    clearTimeout(this.floating);
    this.floating = setTimeout(() => this.floater.classList.remove("shown"), FLOAT_MS);
  };

  /** Move the slice towards the near edge of the view, or load the page behind it. */
  slide(scrollTop, below, atBottom) {
    const { conversation } = this.props;
    const [from, to] = this.slice;
    const { entries } = this;
    const most = FIRST_COUNT + Math.ceil((this.box.clientHeight + 2 * NEAR_PX) / MIN_MESSAGE_PX / 2); // rendered at once
    if (scrollTop < NEAR_PX && from > 0) {
      const start = Math.max(0, from - STEP_COUNT);
      const end = start + most;
      return { fromSeq: entries[start].seq ?? Infinity, ...(end < to && { toSeq: entries[end - 1].seq ?? Infinity }) };
    }
    if (below < NEAR_PX && to < entries.length) {
      const end = Math.min(entries.length, to + STEP_COUNT);
      const start = Math.max(from, end - most);
      return { fromSeq: entries[start].seq ?? Infinity, toSeq: end === entries.length ? Infinity : entries[end - 1].seq };
    }
    if (scrollTop < NEAR_PX) loadOlder(conversation);
    if (below < NEAR_PX) loadNewer(conversation);
    if (atBottom && to - from > most) return { fromSeq: null };
    if (!atBottom && this.state.fromSeq === null && entries[from]?.seq) return { fromSeq: entries[from].seq };
    return {};
  }

  isUnreadAbove() {
    const { separatorSeq, separatorCount } = this.props.conversation;
    if (separatorSeq === null || separatorCount === 0 || this.wasAtUnread || !this.wasFilled) return false;
    const line = this.list.querySelector(".unread-line");
    const isSeen = line ? line.offsetTop >= this.box.scrollTop : this.slice[0] === 0 && !this.props.conversation.window.hasOlder;
    if (isSeen) this.wasAtUnread = true;
    return !isSeen;
  }

  firstInView() {
    const { scrollTop } = this.box;
    const items = this.list.children;
    let [low, high] = [0, items.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (items[middle].offsetTop + items[middle].offsetHeight > scrollTop) high = middle;
      else low = middle + 1;
    }
    let item = items[low];
    while (item && !item.dataset.key) item = item.nextElementSibling;
    return item;
  }

  /** Return the index of the first entry at or after a seq. */
  indexOf(seq) {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle].seq ?? Infinity) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Return the entries to show: stored messages, then the outbox and the uploads. */
  collect({ conv, window }) {
    outboxRevision.value;
    const uploads = uploadsIn(conv);
    const waiting = window.hasNewer ? [] : client.outbox(conv).filter(({ cid }) => !window.hasCid(cid));
    const shown = this.shownOf(window.messages);
    return waiting.length || uploads.length ? [...shown, ...waiting, ...uploads] : shown;
  }

  shownOf(messages) {
    if (this.collected !== messages) {
      this.collected = messages;
      this.shown = messages.filter(({ type }) => !CHANGE_TYPES.includes(type));
    }
    return this.shown;
  }

  render({ conversation }, { fromSeq, toSeq, atBottom, seenSeq, isUnreadAbove }) {
    conversation.subscribe();
    const { window, separatorCount } = conversation;
    const entries = (this.entries = this.collect(conversation));
    const to = toSeq === Infinity ? entries.length : this.indexOf(toSeq + 1);
    const from = fromSeq === null ? Math.max(0, to - FIRST_COUNT) : Math.min(this.indexOf(fromSeq), Math.max(0, to - 1));
    this.slice = [from, to];
    const news = atBottom ? 0 : countAfter(entries, seenSeq, me.value.id);
    const name = titleOf(conversation);
    return html`
      <div class="around-messages">
        <div class="floating-day" aria-hidden="true"><span ref=${(element) => (this.floater = element)}></span></div>
        ${isUnreadAbove && html`
          <button type="button" class="pill to-unread" data-testid="to-unread" onClick=${() => goTo(conversation, conversation.separatorSeq + 1)}>
            <${Icon} name="up" /><span>${t("nUnread", { n: separatorCount })}</span>
          </button>
        `}
        <div class="messages" ref=${(box) => (this.box = box)} onScroll=${this.scrolled} tabindex="0" role="region"
          aria-label=${t("messagesWith", { name })} onKeyDown=${moveAmongMessages}>
          <ol data-testid="messages" ref=${(list) => (this.list = list)}>
            ${(window.hasOlder || from > 0) && html`<li key="older" class="older"><span class="spinner" role="img" aria-label=${t("loading")}></span></li>`}
            ${entries.slice(from, to).flatMap((entry, at) => this.item(entry, entries[from + at - 1], entries[from + at + 1], at === 0))}
          </ol>
          ${entries.length === 0 && html`<div class="hint">${window.isLoaded ? html`<span class="greeting">${t("noMessages")}</span>` : html`<span class="spinner" role="img" aria-label=${t("loading")}></span>`}</div>`}
        </div>
        ${!atBottom && entries.length > 0 && html`
          <button type="button" class="pill" data-testid="new-messages" aria-label=${news ? t("newMessages", { n: news }) : t("toNewest")} onClick=${this.toEnd}>
            ${news > 0 && html`<span>${t("newMessages", { n: news })}</span>`}<${Icon} name="down" />
          </button>
        `}
      </div>
    `;
  }

  item(entry, previous, next, isTop) {
    const { conversation } = this.props;
    const { separatorSeq, isGroup } = conversation;
    // The topmost message keeps the day line above it until something is rendered there: the view is anchored to it.
    const startsDay = isTop || !sameDay(previous.create_time, entry.create_time);
    const isMine = entry.from_id === me.value.id;
    // The key of an own message stays the same when it is stored.
    const key = (isMine && entry.cid) || entry.id;
    const seqBefore = previous?.seq ?? (conversation.window.hasOlder ? Infinity : 0);
    const startsUnread = separatorSeq !== null && entry.seq > separatorSeq && seqBefore <= separatorSeq;
    return [
      startsDay && html`<li key=${`day-${key}`} class="day"><span>${day(entry.create_time)}</span></li>`,
      startsUnread && html`<li key="unread" class="unread-line" data-testid="unread-line"><span>${t("unreadBelow")}</span></li>`,
      entry.type === "notice"
        ? html`<li key=${key} class="notice-line" data-key=${key} data-seq=${entry.seq} data-time=${entry.create_time} data-testid="notice-line" tabindex="-1"><span dir="auto">${noticeOf(entry)}</span></li>`
        : html`
          <${Message} key=${key} id=${key} entry=${entry} conversation=${conversation} isMine=${isMine} isGroup=${isGroup}
            isFirst=${startsDay || startsUnread || !belongTogether(previous, entry)}
            isLast=${!next || !belongTogether(entry, next)}
            state=${isMine && !isGroup ? stateOf(entry, conversation) : entry.state ?? null} />
        `,
    ];
  }
}

// ---- The keyboard

/** Move the focus from message to message with the arrow keys; Home and End go to the first and the last one loaded. */
function moveAmongMessages(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, audio, video, [role=slider]")) return;
  const items = [...event.currentTarget.querySelectorAll("li[data-key]")];
  const at = items.indexOf(event.target.closest("li[data-key]"));
  const isInside = at >= 0;
  const to = { ArrowDown: isInside ? at + 1 : -1, ArrowUp: isInside ? at - 1 : lastInView(event.currentTarget, items), Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined || !items[to]) {
    if (isInside && event.key === "ArrowDown") focusComposer(event);
    return;
  }
  event.preventDefault();
  items[to].focus();
}

function lastInView(box, items) {
  const end = box.scrollTop + box.clientHeight;
  return items.findLastIndex((item) => item.offsetTop < end);
}
