/** Search in the open conversation. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { FoundMessages } from "../components/search.js";
import { findMessages } from "../state/search.js";
import { closePanel } from "../state/ui.js";
import { PanelHeader } from "./header.js";

const DEBOUNCE_MS = 200;
const narrow = matchMedia("(width < 1100px)");

export default function SearchPanel({ conversation }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState(null);
  const wanted = text.trim();

  useEffect(() => {
    setFound(null);
    if ([...wanted].length < 2) return;
    let isStale = false;
    const keep = (page) => isStale || setFound(page);
    const timer = setTimeout(() => findMessages(wanted, { conv: conversation.conv }).then(keep, () => keep({ messages: [], isFailed: true })), DEBOUNCE_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [wanted]);

  const says = [...wanted].length < 2 ? t("searchHint") : !found ? t("searching") : found.isFailed ? t("searchFailed") : found.messages.length ? "" : t("nothingFound");
  return html`
    <${PanelHeader} title=${t("searchHere")} />
    <div class="panel-body found">
      <input type="search" class="finder" autofocus data-testid="search-here-text" placeholder=${t("searchHere")} aria-label=${t("searchHere")} value=${text} onInput=${(event) => setText(event.target.value)} />
      <p class="hint" role="status">${says}</p>
      ${found?.messages.length > 0 && html`<${FoundMessages} key=${wanted} text=${wanted} first=${found} conv=${conversation.conv} onOpen=${() => narrow.matches && closePanel()} />`}
    </div>
  `;
}
