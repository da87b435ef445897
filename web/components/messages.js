/** The messages of a chat, and where in them one is looking. */

import { Component, html } from "../vendor/htm-preact-standalone.js";
import { CHANGES } from "../conversation.js";
import { day, nameOf, sameDay } from "../format.js";
import { t } from "../i18n.js";
import { Icon } from "./icons.js";
import { Message } from "./message.js";

const AT_BOTTOM_PX = 40;
const NEAR_TOP_PX = 600;
const GROUP_MS = 5 * 60_000; // what one person writes within this time stands together

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class MessageList extends Component {
  state = { atBottom: true, seenSeq: 0 };

  componentDidMount() {
    this.toBottom();
    // The pane shrinks when a phone's keyboard comes up, or the composer grows.
    this.resized = new ResizeObserver(() => this.state.atBottom && this.toBottom());
    this.resized.observe(this.box);
    this.looked();
  }

  componentWillUnmount() {
    this.resized.disconnect();
    this.props.onReading(false);
  }

  /** Before the new messages are in the page: what is at the top of the view, and how far down? */
  getSnapshotBeforeUpdate() {
    const { scrollTop, scrollHeight, clientHeight, children } = this.box;
    const list = [...children[0].children];
    const anchor = list.find((item) => item.dataset.key && item.offsetTop + item.offsetHeight > scrollTop);
    // Measured, not remembered: the view may have moved since the last scroll event.
    const wasAtBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
    return { anchor, from: anchor && anchor.offsetTop - scrollTop, wasAtBottom };
  }

  componentDidUpdate(before, _, { anchor, from, wasAtBottom }) {
    const { conversation, waiting } = this.props;
    const wroteOne = waiting.length > 0 && waiting.at(-1).cid !== before.waiting.at(-1)?.cid;
    const isFirst = before.messages.length === 0;
    if (wasAtBottom || wroteOne || isFirst) this.toBottom();
    else if (anchor?.isConnected) this.box.scrollTop = anchor.offsetTop - from;
    if (before.messages !== this.props.messages || !conversation.loaded) this.looked();
  }

  toBottom(behavior = "instant") {
    this.box.scrollTo({ top: this.box.scrollHeight, behavior });
  }

  /** The view moved: are we at the bottom, do we need older messages? */
  looked = () => {
    const { conversation, onOlder, onReading } = this.props;
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const atBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
    const seenSeq = atBottom ? conversation.lastSeq : Math.min(this.state.seenSeq, conversation.lastSeq);
    if (atBottom !== this.state.atBottom || seenSeq !== this.state.seenSeq) this.setState({ atBottom, seenSeq });
    onReading(atBottom);
    if (conversation.loaded && scrollTop < NEAR_TOP_PX) onOlder();
  };

  render({ me, conversation, messages, waiting }, { atBottom, seenSeq }) {
    const entries = [...messages.filter(({ type }) => !CHANGES.includes(type)), ...waiting];
    const below = messages.filter(({ seq, from_id }) => seq > seenSeq && from_id !== me.id).length;
    const isEmpty = entries.length === 0;
    return html`
      <div class="messages" ref=${(box) => (this.box = box)} onScroll=${this.looked} tabindex="0"
        role="region" aria-label=${t("messagesWith", { name: nameOf(conversation.peer) })}>
        <ol data-testid="messages">
          ${conversation.hasOlder && html`<li key="older" class="older">${t("loading")}</li>`}
          ${entries.flatMap((entry, index) => this.item(entry, entries[index - 1], entries[index + 1]))}
        </ol>
        ${isEmpty && html`<p class="hint">${conversation.loaded ? t("noMessages") : t("loading")}</p>`}
      </div>
      ${!atBottom && html`
        <div class="pill-place">
          <button type="button" class="pill" data-testid="new-messages" aria-label=${t("toNewest")} onClick=${() => this.toBottom(calm.matches ? "instant" : "smooth")}>
            ${below > 0 && html`<span>${t("newMessages", { n: below })}</span>`}
            <${Icon} name="down" />
          </button>
        </div>
      `}
    `;
  }

  item(entry, previous, next) {
    const { me, conversation, onRetry, onDiscard } = this.props;
    const startsDay = !previous || !sameDay(previous.create_time, entry.create_time);
    const isMine = entry.from_id === me.id;
    // A key that stays the same when a message of ours, sent, comes back as stored.
    const key = (isMine && entry.cid) || entry.id;
    return [
      startsDay && html`<li key=${`day-${key}`} class="day"><span>${day(entry.create_time)}</span></li>`,
      html`
        <${Message} key=${key} id=${key} entry=${entry} isMine=${isMine}
          isFirst=${startsDay || !together(previous, entry)}
          isLast=${!next || !together(entry, next)}
          state=${isMine ? stateOf(entry, conversation) : null}
          onRetry=${onRetry} onDiscard=${onDiscard} />
      `,
    ];
  }
}

function together(a, b) {
  return a.from_id === b.from_id && b.create_time - a.create_time < GROUP_MS && sameDay(a.create_time, b.create_time);
}

function stateOf({ state, seq }, { peerReadSeq, peerDeliveredSeq }) {
  if (state) return state;
  if (seq <= peerReadSeq) return "read";
  return seq <= peerDeliveredSeq ? "delivered" : "sent";
}
