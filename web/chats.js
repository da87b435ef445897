/** What a logged-in user sees: the list of conversations, the chat and the panel beside it. */

import { html, render } from "htm/preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import { Chat } from "./components/chat.js";
import { Login } from "./components/login.js";
import { Overlays, useModule } from "./components/overlays.js";
import { Sidebar } from "./components/sidebar.js";
import { openInvitationLink } from "./dialogs/open.js";
import { t } from "./i18n/words.js";
import "./state/feed.js";
import { go, openedLink, openFromAddress } from "./state/history.js";
import { startInBackground } from "./state/notifications.js";
import { client, connection, isSignedIn } from "./state/session.js";
import { openConv, openConversation } from "./state/store.js";
import { closePanel, hasNewVersion, panel } from "./state/ui.js";

function Frame() {
  if (!isSignedIn.value) return html`<${Login} />`;
  const { value: conversation } = openConversation;
  const hasPanel = conversation && panel.value;
  return html`
    <div class="frame ${conversation ? "has-open" : ""} ${hasPanel ? "has-panel" : ""}">
      <${Banner} />
      <div class="panes">
        <${Sidebar} />
        ${conversation ? html`<${Chat} key=${openConv.value} conversation=${conversation} />` : html`<${Empty} />`}
        ${hasPanel && html`<${Panel} key=${`${openConv.value} ${panel.value.name}`} ...${panel.value} conversation=${conversation} />`}
      </div>
      <${Overlays} />
    </div>
  `;
}

function Empty() {
  return html`
    <main class="empty" aria-label=${t("noChatOpen")}>
      <img src="./web/logo.svg" alt="" width="112" height="112" />
      <h1 class="visually-hidden">Yolk</h1>
      <p>${t("pickOne")}</p>
    </main>
  `;
}

/** The panel beside the chat. Its module is loaded when it is opened. */
function Panel({ load, props, conversation }) {
  const { Content, isFailed } = useModule(load);
  return html`
    <aside class="panel" aria-label=${props.label} data-testid="panel" onKeyDown=${(event) => event.key === "Escape" && closePanel()}>
      ${Content && html`<${Content} conversation=${conversation} ...${props} />`}
      ${isFailed && html`<p class="hint" role="alert">${t("unreachable")}</p>`}
    </aside>
  `;
}

const BACK_MS = 2_000;
const TOLERATED_MS = 2_000; // a shorter interruption is not shown

function Banner() {
  const { name, attempt, isQuiet, retryAt } = connection.value;
  const [, tick] = useReducer((count) => count + 1, 0);
  const [isBack, setBack] = useState(false);
  const wasLost = useRef(false);
  const isCut = !isQuiet && (name === "offline" || (name === "connecting" && attempt > 0));
  const [isLong, setLong] = useState(false);
  const isLost = isCut && isLong;

  useEffect(() => {
    if (name !== "offline") return;
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [name]);

  useEffect(() => {
    if (!isCut) return setLong(false);
    const timer = setTimeout(() => setLong(true), TOLERATED_MS);
    return () => clearTimeout(timer);
  }, [isCut]);

  useEffect(() => {
    if (isLost) wasLost.current = true;
    if (name !== "online" || !wasLost.current) return setBack(false);
    wasLost.current = false;
    setBack(true);
    const timer = setTimeout(() => setBack(false), BACK_MS);
    return () => clearTimeout(timer);
  }, [name, isLost]);

  const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
  const isOld = hasNewVersion.value && !isLost && !isBack;
  return html`
    <div class="banner ${isLost ? "lost" : isBack ? "back" : isOld ? "old" : ""}" data-testid="banner">
      <span role="status">${isLost ? t("lost") : isBack ? t("backOnline") : isOld ? t("newVersion") : ""}</span>
      ${isLost && html`<span class="next">${name === "offline" ? t("tryingIn", { n: seconds }) : t("connecting")}</span>`}
      ${isLost && name === "offline" && html`<button type="button" onClick=${() => client.connect()}>${t("tryNow")}</button>`}
      ${isOld && html`<button type="button" data-testid="reload" onClick=${() => location.reload()}>${t("reload")}</button>`}
    </div>
  `;
}

effect(() => {
  if (openedLink.value === null) return;
  openInvitationLink(openedLink.value);
  openedLink.value = null;
});

let wasIn = false;

/** Render the chats, and open the conversation in the address bar. */
export function enter(root) {
  if (!wasIn) startInBackground();
  wasIn = true;
  openFromAddress();
  render(html`<${Frame} />`, root);
}

/** Remove the conversation from the address bar after a logout. Before a login it stays, to be opened after it. */
export function leave() {
  if (location.hash && wasIn) go(null);
}
