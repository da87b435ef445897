/** Search results: users, chats and messages. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { peerOf } from "../client/yolk.js";
import { shortTime } from "../format.js";
import { t } from "../i18n/words.js";
import { nameIn } from "../state/groups.js";
import { searchedText } from "../state/hits.js";
import { go, goToMessage } from "../state/history.js";
import { isPresent, nameOf, personOf } from "../state/people.js";
import { findMessages, foundChats, foundMessages, foundPeople, isFailed, withoutAt } from "../state/search.js";
import { me } from "../state/session.js";
import { chatWith, find, titleOf } from "../state/store.js";
import { query } from "../state/ui.js";
import { Avatar } from "./avatar.js";
import { Excerpt, Marked } from "./hit.js";

export default function SearchResults() {
  const text = query.value;
  const chats = foundChats(text);
  const wanted = withoutAt(text);
  const people = foundPeople.value;
  const messages = foundMessages.value;
  const isNothing = people?.length === 0 && messages?.messages.length === 0 && chats.length === 0;
  const says = isFailed.value ? t("searchFailed") : !people ? t("searching") : isNothing ? t("nothingFound") : "";
  return html`
    <p class="hint" role="status">${says}</p>
    ${chats.length > 0 && html`
      <h2>${t("conversations")}</h2>
      <ul class="rows">${chats.slice(0, 8).map((chat) => html`<${FoundChat} key=${chat.conv} conversation=${chat} wanted=${wanted} />`)}</ul>
    `}
    ${people?.length > 0 && html`
      <h2>${t("people")}</h2>
      <ul class="rows" aria-label=${t("people")}>${people.map((user) => html`<${FoundPerson} key=${user.id} user=${user} wanted=${wanted} />`)}</ul>
    `}
    ${messages?.messages.length > 0 && html`
      <h2>${t("messages")}</h2>
      <${FoundMessages} key=${text} text=${text} first=${messages} />
    `}
  `;
}

function FoundChat({ conversation, wanted }) {
  const { conv, isGroup, peerId, group, targetId } = conversation;
  const isSelf = peerId === me.value.id;
  const members = group?.member_count ?? 0;
  return html`
    <li>
      <button type="button" class="row" data-testid="found-chat" onClick=${() => open(conv)}>
        <${Avatar} user=${isGroup ? group ?? { id: targetId } : personOf(peerId)} isGroup=${isGroup} isSelf=${isSelf} />
        <span class="name"><bdi><${Marked} text=${isSelf ? t("toYourself") : titleOf(conversation)} wanted=${wanted} /></bdi></span>
        <span class="snippet">${isGroup ? t("nMembers", { n: members }) : html`@<${Marked} text=${personOf(peerId).username} wanted=${wanted} />`}${conversation.isHidden && ` · ${t("isHidden")}`}</span>
      </button>
    </li>
  `;
}

function FoundPerson({ user, wanted }) {
  return html`
    <li>
      <button type="button" class="row" data-testid="found" onClick=${() => open(chatWith(user))}>
        <${Avatar} user=${user} online=${user.online || isPresent(user.id)} />
        <span class="name"><bdi><${Marked} text=${nameOf(user)} wanted=${wanted} /></bdi></span>
        <span class="snippet">@<${Marked} text=${user.username} wanted=${wanted} />${user.id === me.value.id ? ` · ${t("you")}` : ""}</span>
      </button>
    </li>
  `;
}

/** The messages that contain a text, page by page, of one conversation (*conv*) or of all. */
export function FoundMessages({ text, first, conv, onOpen }) {
  const [page, setPage] = useState(first);

  async function more() {
    const next = await findMessages(text, { conv, before: page.before });
    setPage({ ...next, messages: [...page.messages, ...next.messages] });
  }

  return html`
    <ul class="rows" aria-label=${t("messages")}>
      ${page.messages.map((message) => html`<${FoundMessage} key=${message.id} message=${message} text=${text} isAlone=${Boolean(conv)} onOpen=${onOpen} />`)}
    </ul>
    ${page.more && html`<button type="button" class="soft-button wide" onClick=${more}>${t("more")}</button>`}
  `;
}

function FoundMessage({ message, text, isAlone, onOpen }) {
  const { conv, from_id, create_time } = message;
  const isGroup = conv.startsWith("g:");
  const group = Number(conv.slice(2));
  const author = from_id === me.value.id ? t("you") : isGroup ? nameIn(group, from_id) : nameOf(personOf(from_id));
  const peer = isGroup ? find(conv)?.group ?? { id: group, name: "" } : personOf(peerOf(conv, me.value.id));
  const title = isGroup ? peer.name : peer.id === me.value.id ? t("toYourself") : nameOf(peer);
  const isOfGroup = isGroup && !isAlone;

  function choose() {
    goToMessage(message);
    onOpen?.();
  }

  return html`
    <li>
      <button type="button" class="row" data-testid="found-message" onClick=${choose}>
        <${Avatar} user=${isOfGroup ? peer : personOf(from_id)} isGroup=${isOfGroup} />
        <span class="name"><bdi>${isAlone ? author : title}</bdi></span>
        <time>${shortTime(create_time)}</time>
        <span class="snippet" dir="auto">${!isAlone && `${author}: `}<${Excerpt} text=${searchedText(message)} wanted=${text} /></span>
      </button>
    </li>
  `;
}

function open(conv) {
  query.value = "";
  go(conv);
}
