/** The right pane: one conversation. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { fullTime, listOf } from "../format.js";
import { t } from "../i18n/words.js";
import { groupOf, nameIn } from "../state/groups.js";
import { go } from "../state/history.js";
import { isPresent, personOf, typingIn } from "../state/people.js";
import { client, isOnline, me } from "../state/session.js";
import { titleOf } from "../state/store.js";
import { panel, togglePanel } from "../state/ui.js";
import { Avatar } from "./avatar.js";
import { Composer, offerFiles } from "./composer.js";
import { Icon, IconButton } from "./icons.js";
import { MessageList } from "./messages.js";

export function Chat({ conversation }) {
  conversation.subscribe();
  const [isOver, setOver] = useState(false);
  const closed = reasonForClosed(conversation);

  const drop = closed ? {} : {
    onDragEnter: (event) => hasFiles(event) && setOver(true),
    onDragOver: (event) => hasFiles(event) && event.preventDefault(),
    onDragLeave: (event) => event.currentTarget.contains(event.relatedTarget) || setOver(false),
    onDrop(event) {
      if (!hasFiles(event)) return; // the composer takes dropped text by itself
      event.preventDefault();
      setOver(false);
      offerFiles(conversation, [...event.dataTransfer.files]);
    },
  };

  return html`
    <main class="chat" ...${drop}>
      <h1 class="visually-hidden">${t("chatWith", { name: titleOf(conversation) })}</h1>
      <${Header} conversation=${conversation} />
      <${MessageList} conversation=${conversation} />
      ${closed ? html`<p class="closed" role="status" data-testid="closed">${closed}</p>` : html`<${Composer} conversation=${conversation} />`}
      ${isOver && html`<div class="drop-here" aria-hidden="true"><${Icon} name="attach" />${t("dropHere")}</div>`}
    </main>
  `;
}

function Header({ conversation }) {
  conversation.subscribe();
  const { isGroup, peerId, targetId, group } = conversation;
  const isSelf = !isGroup && peerId === me.value.id;
  const title = isSelf ? t("toYourself") : titleOf(conversation);
  const user = isGroup ? group ?? { id: targetId } : personOf(peerId);
  const openInfo = () => togglePanel("info", () => import("../panels/info.js"), { label: t(isGroup ? "groupInfo" : "personInfo") });
  const openSearch = () => togglePanel("search", () => import("../panels/search.js"), { label: t("searchHere") });
  return html`
    <header>
      <${IconButton} name="back" class="to-list" label=${t("back")} onClick=${() => go(null)} />
      <button type="button" class="who" onClick=${openInfo} aria-expanded=${panel.value?.name === "info"} title=${t("infoOf", { name: title })} data-testid="open-info">
        <${Avatar} user=${user} isGroup=${isGroup} isSelf=${isSelf} />
        <span class="lines">
          <span class="title" data-testid="chat-name" dir="auto">${title}</span>
          ${!isSelf && html`<${Status} conversation=${conversation} />`}
        </span>
      </button>
      <${IconButton} name="search" label=${t("searchHere")} data-testid="search-here" aria-expanded=${panel.value?.name === "search"} onClick=${openSearch} />
      <${IconButton} name="info" class=${isGroup && groupOf(targetId).requests.length ? "has-badge" : ""} label=${t(isGroup ? "groupInfo" : "personInfo")} data-testid="info" onClick=${openInfo} />
    </header>
  `;
}

/** The line below the name: who is typing, else whether the user is online, or the number of members. */
function Status({ conversation }) {
  conversation.subscribe();
  const { conv, isGroup, peerId, targetId, group } = conversation;
  const writers = typingIn(conv);
  if (writers.length > 0) {
    const text = !isGroup ? t("typing") : writers.length > 2
      ? t("nTyping", { n: writers.length })
      : t("nameTyping", { name: listOf(writers.map((id) => nameIn(targetId, id))), n: writers.length });
    return html`<span class="status typing" data-testid="typing">${text}<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span></span>`;
  }
  if (isGroup) {
    const count = groupOf(targetId).member_count ?? group?.member_count;
    return html`<span class="status" data-testid="member-count">${count ? t("nMembers", { n: count }) : ""}</span>`;
  }
  const presence = !isOnline.value ? "" : isPresent(peerId) ? "online" : "offline";
  return html`<span class="status ${presence}" data-testid="presence">${presence && t(presence)}</span>`;
}

/** Return why nobody can write here, or "". */
function reasonForClosed({ isGroup, gone, targetId }) {
  if (gone) return t(`gone_${gone}`);
  if (!isGroup) return "";
  const { muted, me: mine } = groupOf(targetId);
  if (!mine || mine.role > 0) return "";
  if (muted) return t("allMuted");
  return mine.muted_until > client.now() ? t("mutedUntil", { time: fullTime(mine.muted_until) }) : "";
}

function hasFiles({ dataTransfer }) {
  return dataTransfer?.types.includes("Files");
}

