/** Finding people by name. */

import { html, useEffect, useState } from "../vendor/htm-preact-standalone.js";
import { nameOf } from "../format.js";
import { t } from "../i18n.js";
import { Avatar } from "./avatar.js";
import { Icon, IconButton } from "./icons.js";

const DEBOUNCE_MS = 250;

/** {text, setText, users, isFailed}: *users* is null until the answer for the present text came. */
export function useSearch(client) {
  const [text, setText] = useState("");
  const [users, setUsers] = useState(null);
  const [isFailed, setFailed] = useState(false);
  const query = text.trim();

  useEffect(() => {
    setUsers(null);
    setFailed(false);
    if (!query) return;
    let isStale = false;
    const timer = setTimeout(async () => {
      try {
        const found = await client.search(query);
        if (!isStale) setUsers(found);
      } catch {
        if (!isStale) setFailed(true);
      }
    }, DEBOUNCE_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [query]);

  return { text, setText, users, isFailed };
}

export function SearchBox({ search }) {
  function onKeyDown(event) {
    if (event.key === "Escape") search.setText("");
    if (event.key === "Enter") document.querySelector("[data-testid=found]")?.click();
  }

  return html`
    <div class="search" role="search">
      <${Icon} name="search" />
      <input type="text" data-testid="search" aria-label=${t("search")} placeholder=${t("search")} value=${search.text}
        autocomplete="off" autocapitalize="none" spellcheck=${false} enterkeyhint="search"
        onInput=${(event) => search.setText(event.target.value)}
        onKeyDown=${(event) => event.isComposing || onKeyDown(event)} />
      ${search.text && html`<${IconButton} name="close" label=${t("clearSearch")} onClick=${() => search.setText("")} />`}
    </div>
  `;
}

export function SearchResults({ search, store, onChoose }) {
  const { users, isFailed } = search;
  const says = isFailed ? t("searchFailed") : !users ? t("searching") : users.length === 0 ? t("nobody") : "";
  return html`
    <p class="hint" role="status">${says}</p>
    <ul class="rows" aria-label=${t("people")}>
      ${users?.map((user) => html`
        <li key=${user.id}>
          <button type="button" class="row" data-testid="found" onClick=${() => onChoose(user)}>
            <${Avatar} user=${user} online=${user.online || store.isOnline(user.id)} />
            <span class="name" dir="auto">${nameOf(user)}</span>
            <span class="snippet">@${user.username}${user.id === store.me.id ? ` · ${t("you")}` : ""}</span>
          </button>
        </li>
      `)}
    </ul>
  `;
}
