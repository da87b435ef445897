/** The whole page: the entrance, or the list, the chat and what stands beside it. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { isInside } from "../state/session.js";
import { openConv, openConversation } from "../state/store.js";
import { closePanel, panel } from "../state/ui.js";
import { Banner } from "./banner.js";
import { Chat } from "./chat.js";
import { Login } from "./login.js";
import { Overlays } from "./overlays.js";
import { Sidebar } from "./sidebar.js";

export function Frame() {
  if (!isInside.value) return html`<${Login} />`;
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
      <img src="/web/logo.svg" alt="" width="112" height="112" />
      <h1 class="unseen">Yolk</h1>
      <p>${t("pickOne")}</p>
    </main>
  `;
}

/** What stands beside the chat, fetched when it is opened. */
function Panel({ load, props, conversation }) {
  const [Content, setContent] = useState(null);
  const [isFailed, setFailed] = useState(false);
  useEffect(() => {
    let isStale = false;
    load().then((module) => isStale || setContent(() => module.default), () => setFailed(true));
    return () => (isStale = true);
  }, []);
  // Where the keyboard was goes with it: back to what opens it.
  useEffect(() => () => document.querySelector("[data-testid=open-info]")?.focus({ preventScroll: true }), []);
  return html`
    <aside class="panel" aria-label=${props.label} data-testid="panel" onKeyDown=${(event) => event.key === "Escape" && closePanel()}>
      ${Content && html`<${Content} conversation=${conversation} ...${props} />`}
      ${isFailed && html`<p class="hint" role="alert">${t("unreachable")}</p>`}
    </aside>
  `;
}
