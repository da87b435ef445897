/** The left pane: who one is, the search, and the conversations. */

import { html } from "htm/preact";
import { switchLanguage, t } from "../i18n/words.js";
import { isForbidden, isNotifying, setNotifying, shouldAsk } from "../state/notifications.js";
import { chooseTheme, theme } from "../state/appearance.js";
import { forgetDrafts } from "../state/drafts.js";
import { nameOf } from "../state/people.js";
import { query } from "../state/search.js";
import { client, me } from "../state/session.js";
import { isListLoaded, listed } from "../state/store.js";
import { openDialog, openMenu, toast } from "../state/ui.js";
import { ConversationRow } from "./row.js";
import { Icon, IconButton } from "./icons.js";
import { SearchBox, SearchResults } from "./search.js";

export function Sidebar() {
  return html`
    <nav class="sidebar" aria-label=${t("conversations")} data-testid="sidebar">
      <header>
        <img src="/web/logo.svg" alt="Yolk" width="36" height="36" />
        <span class="me" data-testid="me" dir="auto">${nameOf(me.value)}</span>
        <${IconButton} name="add" label=${t("newChat")} data-testid="new" aria-haspopup="menu"
          onClick=${(event) => openMenu(t("newChat"), newItems(), event.currentTarget)} />
        <${IconButton} name="menu" label=${t("menu")} data-testid="main-menu" aria-haspopup="menu"
          onClick=${(event) => openMenu(t("menu"), mainItems(), event.currentTarget)} />
      </header>
      <${SearchBox} />
      ${shouldAsk.value && html`<${AskToNotify} />`}
      ${query.value.trim() ? html`<${SearchResults} />` : html`<${Conversations} />`}
    </nav>
  `;
}

function Conversations() {
  const { value: rows } = listed;
  if (!isListLoaded.value && rows.length === 0) return html`<${Waiting} />`;
  if (rows.length === 0) {
    return html`
      <div class="nothing">
        <${Icon} name="chat" />
        <p>${t("noConversations")}</p>
        <button type="button" class="soft-button" onClick=${() => newChat()}>${t("newChat")}</button>
      </div>
    `;
  }
  return html`
    <ul class="rows" data-testid="conversations" aria-label=${t("conversations")} onKeyDown=${moveAmongRows}>
      ${rows.map((conversation) => html`<${ConversationRow} key=${conversation.conv} conversation=${conversation} />`)}
    </ul>
  `;
}

/** The shape of a list that is on its way. */
function Waiting() {
  return html`
    <div class="rows" aria-busy="true" aria-label=${t("loading")} role="status">
      ${[0, 1, 2, 3, 4].map((n) => html`<div class="row ghost" key=${n}><span class="avatar"></span><span class="name"></span><span class="snippet"></span></div>`)}
    </div>
  `;
}

function AskToNotify() {
  return html`
    <div class="ask" role="group" aria-label=${t("notifications")} data-testid="ask-notify">
      <${Icon} name="bell" />
      <p>${t("askNotify")}</p>
      <button type="button" class="link" onClick=${() => setNotifying(true)}>${t("turnOn")}</button>
      <button type="button" class="link quiet" onClick=${() => setNotifying(false)}>${t("notNow")}</button>
    </div>
  `;
}

/** Arrow keys go from row to row, as in any list. */
export function moveAmongRows(event) {
  const rows = [...event.currentTarget.querySelectorAll(".row")];
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || to === undefined || !rows[to]) return;
  event.preventDefault();
  rows[to].focus();
}

const newChat = () => openDialog(() => import("../dialogs/new_chat.js"), { label: t("newChat") });

function newItems() {
  return [
    { icon: "chat", text: t("newChat"), hook: "new-chat", act: newChat },
    { icon: "group", text: t("newGroup"), hook: "new-group", act: () => openDialog(() => import("../dialogs/new_group.js"), { label: t("newGroup") }) },
    { icon: "invite", text: t("joinGroup"), hook: "join-group", act: () => openDialog(() => import("../dialogs/join_group.js"), { label: t("joinGroup") }) },
  ];
}

function mainItems() {
  const isDark = document.documentElement.dataset.theme === "dark";
  return [
    { icon: "settings", text: t("settings"), hook: "settings", act: () => openDialog(() => import("../dialogs/settings.js"), { label: t("settings") }) },
    { icon: isDark ? "sun" : "moon", text: t(isDark ? "lightMode" : "darkMode"), hook: "theme", act: () => chooseTheme(isDark ? "light" : "dark") },
    { icon: isNotifying.value ? "bellOff" : "bell", text: t(isNotifying.value ? "notifyOff" : "notifyOn"), hook: "notify", act: switchNotifying },
    { icon: "language", text: t("switchLanguage"), hook: "language", act: switchLanguage },
    { icon: "exit", text: t("logout"), hook: "logout", isBad: true, act: logout },
  ];
}

function switchNotifying() {
  if (isForbidden.peek()) return toast(t("notifyForbidden"));
  setNotifying(!isNotifying.peek());
}

function logout() {
  forgetDrafts();
  client.logout();
}
