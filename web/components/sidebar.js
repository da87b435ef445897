/** The left pane: who one is, the search, and the conversations. */

import { html } from "../vendor/htm-preact-standalone.js";
import { nameOf, shortTime, textOf } from "../format.js";
import { switchLanguage, t } from "../i18n.js";
import { Avatar } from "./avatar.js";
import { IconButton } from "./icons.js";
import { SearchBox, SearchResults, useSearch } from "./search.js";

export function Sidebar({ client, onOpen, onLanguage }) {
  const { store } = client;
  const search = useSearch(client);

  function choose(user) {
    search.setText("");
    onOpen(client.chatWith(user));
  }

  return html`
    <nav class="sidebar" aria-label=${t("conversations")}>
      <header>
        <img src="/web/logo.svg" alt="Yolk" width="36" height="36" />
        <span class="me" data-testid="me" dir="auto">${nameOf(store.me)}</span>
        <${IconButton} name="language" label=${t("switchLanguage")} data-testid="language"
          onClick=${() => (switchLanguage(), onLanguage())} />
        <${IconButton} name="logout" label=${t("logout")} data-testid="logout" onClick=${() => client.logout()} />
      </header>
      <${SearchBox} search=${search} />
      ${search.text.trim()
        ? html`<${SearchResults} search=${search} store=${store} onChoose=${choose} />`
        : html`<${ConversationList} store=${store} onOpen=${onOpen} />`}
    </nav>
  `;
}

function ConversationList({ store, onOpen }) {
  const listed = store.listed();
  if (listed.length === 0) return html`<p class="hint">${store.listLoaded ? t("noConversations") : t("loading")}</p>`;
  return html`
    <ul class="rows" data-testid="conversations">
      ${listed.map((conversation) => html`
        <${ConversationRow} key=${conversation.conv} conversation=${conversation} store=${store} onOpen=${onOpen} />
      `)}
    </ul>
  `;
}

function ConversationRow({ conversation, store, onOpen }) {
  const { conv, peer, last, unread, draft } = conversation;
  const isOpen = store.open === conv;
  const isSelf = peer.id === store.me.id;
  return html`
    <li>
      <button type="button" class="row ${isOpen ? "open" : ""}" data-testid="conversation" data-conv=${conv}
        aria-current=${isOpen ? "true" : undefined} onClick=${() => onOpen(conv)}>
        <${Avatar} user=${peer} online=${!isSelf && store.isOnline(peer.id)} />
        <span class="name" dir="auto">${isSelf ? t("toYourself") : nameOf(peer)}</span>
        ${last && html`<time>${shortTime(last.create_time)}</time>`}
        <span class="snippet" dir="auto">
          ${draft && !isOpen ? html`<em>${t("draft")} </em>${draft}` : snippet(last, store.me, isSelf)}
        </span>
        ${unread > 0 && html`
          <span class="badge" data-testid="unread" aria-label=${t("unread", { n: unread })}>${unread > 99 ? "99+" : unread}</span>
        `}
      </button>
    </li>
  `;
}

function snippet(message, me, isSelf) {
  if (!message) return "";
  const mine = message.from_id === me.id && !isSelf;
  // The row shows one line: what a long message says after that need not be laid out.
  return `${mine ? `${t("you")}: ` : ""}${textOf(message).slice(0, 200)}`;
}
