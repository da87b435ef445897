/** One conversation in the list. */

import { html } from "htm/preact";
import { shortTime } from "../format.js";
import { t } from "../i18n/words.js";
import { go } from "../state/address.js";
import { mark } from "../state/actions.js";
import { ENTRIES } from "../state/conversation.js";
import { draftOf } from "../state/drafts.js";
import { nameIn } from "../state/groups.js";
import { isPresent, personOf } from "../state/people.js";
import { titleOf } from "../state/search.js";
import { me } from "../state/session.js";
import { openConv } from "../state/store.js";
import { writersIn } from "../state/typing.js";
import { openMenu } from "../state/ui.js";
import { summaryOf } from "../summary.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { useLongPress } from "./press.js";

export function ConversationRow({ conversation }) {
  conversation.seen();
  const { conv, last, unread, isGroup, isQuiet, isMentioned, pinTime, peerId, group } = conversation;
  const isOpen = openConv.value === conv;
  const isSelf = !isGroup && peerId === me.value?.id;
  const title = isSelf ? t("toYourself") : titleOf(conversation);
  const user = isGroup ? group ?? { id: conversation.targetId } : personOf(peerId);
  const openRowMenu = (at) => openMenu(title, rowItems(conversation), at);
  const press = useLongPress(openRowMenu);
  return html`
    <li>
      <button type="button" class="row ${isOpen ? "open" : ""} ${pinTime ? "pinned" : ""}" data-testid="conversation" data-conv=${conv}
        aria-current=${isOpen ? "true" : undefined} onClick=${() => go(conv)} ...${press}>
        <${Avatar} user=${user} isGroup=${isGroup} isSelf=${isSelf} online=${!isGroup && !isSelf && isPresent(peerId)} />
        <span class="name"><bdi data-testid="row-name">${title}</bdi>${isQuiet && html`<${Icon} name="bellOff" />`}</span>
        ${last && html`<time>${shortTime(last.create_time)}</time>`}
        <span class="snippet" dir="auto"><${Snippet} conversation=${conversation} isOpen=${isOpen} isSelf=${isSelf} /></span>
        <span class="marks">
          ${isMentioned && html`<span class="badge at" data-testid="mentioned" role="img" aria-label=${t("mentionedYou")}>@</span>`}
          ${unread > 0 && html`
            <span class="badge ${isQuiet ? "quiet" : ""}" data-testid="unread" role="img" aria-label=${t("unread", { n: unread })}>${unread > 99 ? "99+" : unread}</span>
          `}
          ${unread === 0 && pinTime > 0 && html`<span class="pin" role="img" aria-label=${t("pinned")}><${Icon} name="pin" /></span>`}
        </span>
      </button>
    </li>
  `;
}

function Snippet({ conversation, isOpen, isSelf }) {
  conversation.seen(); // it stays the same object while what is in it changes
  const { conv, last, isGroup, targetId } = conversation;
  const writers = writersIn(conv);
  if (writers.length > 0) return html`<span class="typing">${isGroup ? t("nameTyping", { name: nameIn(targetId, writers[0]) }) : t("typing")}</span>`;
  const { text: draft, editing } = draftOf(conv);
  if (draft && !editing && !isOpen) return html`<em>${t("draft")} </em>${draft.slice(0, 200)}`;
  if (!last) return "";
  // The row shows one line: what a long message says after that need not be laid out.
  const text = summaryOf(last).slice(0, 200);
  if (ENTRIES.includes(last.type) && last.type !== "edit") return text;
  if (last.from_id === me.value?.id) return isSelf ? text : `${t("you")}: ${text}`;
  return isGroup ? `${nameIn(targetId, last.from_id)}: ${text}` : text;
}

function rowItems(conversation) {
  const { pinTime, isQuiet } = conversation;
  return [
    { icon: "pin", text: t(pinTime ? "unpin" : "pin"), hook: "pin", act: () => mark(conversation, "pin", !pinTime) },
    { icon: isQuiet ? "bell" : "bellOff", text: t(isQuiet ? "unquiet" : "quiet"), hook: "quiet", act: () => mark(conversation, "quiet", !isQuiet) },
    { icon: "hide", text: t("hide"), hook: "hide", act: () => hide(conversation) },
  ];
}

async function hide(conversation) {
  await mark(conversation, "hide", true);
  if (openConv.peek() === conversation.conv) go(null);
}
