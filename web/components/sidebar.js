/** The left pane: the user's name and menus, the search box, and the list of conversations. */

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { shortTime, summaryOf } from "../format.js";
import { switchLanguage, t } from "../i18n/words.js";
import { changeSetting } from "../state/actions.js";
import { chooseTheme } from "../state/appearance.js";
import { EVENT_TYPES } from "../state/conversation.js";
import { draftOf, forgetDrafts } from "../state/drafts.js";
import { nameIn } from "../state/groups.js";
import { go } from "../state/history.js";
import { hasNotifications, isForbidden, setNotifications, shouldPrompt } from "../state/notifications.js";
import { isPresent, nameOf, personOf, typingIn } from "../state/people.js";
import { client, me } from "../state/session.js";
import { isListLoaded, listed, openConv, titleOf } from "../state/store.js";
import { dialog, isOfInputMethod, menu, openDialog, openMenu, query, toast } from "../state/ui.js";
import { Avatar } from "./avatar.js";
import { Icon, IconButton } from "./icons.js";
import { useLongPress, useModule } from "./overlays.js";

export function Sidebar() {
  return html`
    <nav class="sidebar" aria-label=${t("conversations")} data-testid="sidebar">
      <header>
        <button type="button" class="own" title=${t("profile")} data-testid="own-profile" onClick=${openProfile}>
          <${Avatar} user=${me.value} /><span class="me" data-testid="me" dir="auto">${nameOf(me.value)}</span>
        </button>
        <${IconButton} name="add" label=${t("newChat")} data-testid="new" aria-haspopup="menu"
          onClick=${(event) => openMenu(t("newChat"), newItems(), event.currentTarget)} />
        <${IconButton} name="menu" label=${t("menu")} data-testid="main-menu" aria-haspopup="menu"
          onClick=${(event) => openMenu(t("menu"), mainItems(), event.currentTarget)} />
      </header>
      <${SearchBox} />
      ${shouldPrompt.value && html`<${NotificationPrompt} />`}
      <${InvitationList} />
      ${query.value.trim() ? html`<${SearchResults} />` : html`<${Conversations} />`}
    </nav>
  `;
}

/** Go to the search box with Ctrl+K or Cmd+K. */
async function onShortcut(event) {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || dialog.peek()) return;
  event.preventDefault();
  menu.value = null;
  if (openConv.peek() && !isVisible(searchInput())) await go(null); // on a phone, the chat covers the list
  requestAnimationFrame(() => searchInput()?.select());
}

const searchInput = () => document.querySelector(".search input");
const isVisible = (element) => element?.checkVisibility?.({ visibilityProperty: true }) ?? true;

function SearchBox() {
  useEffect(() => {
    document.addEventListener("keydown", onShortcut);
    return () => document.removeEventListener("keydown", onShortcut);
  }, []);

  function onKeyDown(event) {
    if (isOfInputMethod(event)) return;
    if (event.key === "Escape") query.value = "";
    if (event.key === "Enter") document.querySelector(".found .row")?.click();
    if (event.key === "ArrowDown") document.querySelector(".sidebar .row")?.focus();
  }

  return html`
    <div class="search" role="search">
      <${Icon} name="search" />
      <input type="text" data-testid="search" aria-label=${t("search")} aria-keyshortcuts="Control+K Meta+K" title=${t("searchKeys")} placeholder=${t("search")} value=${query.value}
        autocomplete="off" autocapitalize="none" spellcheck=${false} enterkeyhint="search"
        onInput=${(event) => (query.value = event.target.value)} onKeyDown=${onKeyDown} />
      ${query.value && html`<${IconButton} name="close" label=${t("clearSearch")} onClick=${() => (query.value = "")} />`}
    </div>
  `;
}

function SearchResults() {
  const { Content, isFailed } = useModule(() => import("./search.js"));
  return html`
    <div class="found" onKeyDown=${moveAmongRows}>
      ${Content ? html`<${Content} />` : html`<p class="hint" role="status">${t(isFailed ? "unreachable" : "searching")}</p>`}
    </div>
  `;
}

function InvitationList() {
  const { Content } = useModule(() => import("./invitations.js"));
  return Content && html`<${Content} />`;
}

function Conversations() {
  const { value: rows } = listed;
  if (!isListLoaded.value && rows.length === 0) return html`<${Skeleton} />`;
  if (rows.length === 0) {
    return html`
      <div class="empty-list">
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

/** A placeholder while the list is loading. */
function Skeleton() {
  return html`
    <div class="rows" aria-busy="true" aria-label=${t("loading")} role="status">
      ${[0, 1, 2, 3, 4].map((n) => html`<div class="row skeleton" key=${n}><span class="avatar"></span><span class="name"></span><span class="snippet"></span></div>`)}
    </div>
  `;
}

function NotificationPrompt() {
  return html`
    <div class="notification-prompt" role="group" aria-label=${t("notifications")} data-testid="ask-notify">
      <${Icon} name="bell" />
      <p>${t("askNotify")}</p>
      <button type="button" class="link" onClick=${() => setNotifications(true)}>${t("turnOn")}</button>
      <button type="button" class="link quiet" onClick=${() => setNotifications(false)}>${t("notNow")}</button>
    </div>
  `;
}

/** Move the focus from row to row with the arrow keys. */
function moveAmongRows(event) {
  const rows = [...event.currentTarget.querySelectorAll(".row")];
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || to === undefined || !rows[to]) return;
  event.preventDefault();
  rows[to].focus();
}

const openProfile = () => openDialog(() => import("../dialogs/profile.js"), { label: t("profile"), key: "profile" });
const newChat = () => openDialog(() => import("../dialogs/new_chat.js"), { label: t("newChat") });

function newItems() {
  return [
    { icon: "chat", text: t("newChat"), hook: "new-chat", act: newChat },
    { icon: "group", text: t("newGroup"), hook: "new-group", act: () => openDialog(() => import("../dialogs/new_group.js"), { label: t("newGroup") }) },
    { icon: "invite", text: t("joinGroup"), hook: "join-group", act: () => openDialog(() => import("../dialogs/join_group.js"), { label: t("joinGroup") }) },
  ];
}

function mainItems() {
  const docs = document.querySelector('link[rel="help"]')?.href;
  const isDark = document.documentElement.dataset.theme === "dark";
  return [
    { icon: "settings", text: t("settings"), hook: "settings", act: () => openDialog(() => import("../dialogs/settings.js"), { label: t("settings") }) },
    { icon: isDark ? "sun" : "moon", text: t(isDark ? "lightMode" : "darkMode"), hook: "theme", act: () => chooseTheme(isDark ? "light" : "dark") },
    { icon: hasNotifications.value ? "bellOff" : "bell", text: t(hasNotifications.value ? "notifyOff" : "notifyOn"), hook: "notify", act: toggleNotifications },
    { icon: "language", text: t("switchLanguage"), hook: "language", act: switchLanguage },
    ...(docs ? [{ icon: "code", text: t("apiDocs"), hook: "api-docs", act: () => open(docs, "_blank", "noopener") }] : []),
    { icon: "exit", text: t("logout"), hook: "logout", isBad: true, act: logout },
  ];
}

function toggleNotifications() {
  if (isForbidden.peek()) return toast(t("notifyForbidden"));
  setNotifications(!hasNotifications.peek());
}

function logout() {
  forgetDrafts();
  client.logout();
}

function ConversationRow({ conversation }) {
  conversation.subscribe();
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
  conversation.subscribe(); // the object stays the same when its content changes
  const { conv, last, isGroup, targetId } = conversation;
  const writers = typingIn(conv);
  if (writers.length > 0) return html`<span class="typing">${isGroup ? t("nameTyping", { name: nameIn(targetId, writers[0]) }) : t("typing")}</span>`;
  const { text: draft, editing } = draftOf(conv);
  if (draft && !editing && !isOpen) return html`<em>${t("draft")} </em>${draft.slice(0, 200)}`;
  if (!last) return "";
  // The row shows one line: the rest of a long message need not be laid out.
  const text = summaryOf(last).slice(0, 200);
  if (EVENT_TYPES.includes(last.type) && last.type !== "edit") return text;
  if (last.from_id === me.value?.id) return isSelf ? text : `${t("you")}: ${text}`;
  return isGroup ? `${nameIn(targetId, last.from_id)}: ${text}` : text;
}

function rowItems(conversation) {
  const { pinTime, isQuiet } = conversation;
  return [
    { icon: "pin", text: t(pinTime ? "unpin" : "pin"), hook: "pin", act: () => changeSetting(conversation, "pin", !pinTime) },
    { icon: isQuiet ? "bell" : "bellOff", text: t(isQuiet ? "unquiet" : "quiet"), hook: "quiet", act: () => changeSetting(conversation, "quiet", !isQuiet) },
    { icon: "hide", text: t("hide"), hook: "hide", act: () => hide(conversation) },
  ];
}

async function hide(conversation) {
  await changeSetting(conversation, "hide", true);
  if (openConv.peek() === conversation.conv) go(null);
}
