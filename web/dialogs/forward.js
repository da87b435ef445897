/** Choose the conversation to which a message is forwarded. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { summaryOf } from "../format.js";
import { t } from "../i18n/words.js";
import { forward } from "../state/actions.js";
import { go } from "../state/history.js";
import { personOf } from "../state/people.js";
import { foundChats } from "../state/search.js";
import { me } from "../state/session.js";
import { listed, titleOf } from "../state/store.js";
import { toast } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function Forward({ message, close }) {
  const [text, setText] = useState("");
  const chats = text.trim() ? foundChats(text) : listed.value;

  function send(conversation) {
    forward(message, conversation);
    close();
    const name = nameFor(conversation);
    toast(t("forwardedTo", { name }), { text: t("open"), act: () => go(conversation.conv) });
  }

  return html`
    <${DialogFrame} title=${t("forward")} close=${close}>
      <p class="excerpt" dir="auto">${summaryOf(message).slice(0, 200)}</p>
      <input type="search" class="finder" data-testid="find-chat" autofocus placeholder=${t("findChat")} aria-label=${t("findChat")} value=${text} onInput=${(event) => setText(event.target.value)} />
      <ul class="rows">
        ${chats.map((conversation) => html`
          <li key=${conversation.conv}>
            <button type="button" class="row" data-testid="forward-to" onClick=${() => send(conversation)}>
              <${Avatar} user=${conversation.isGroup ? conversation.group ?? { id: conversation.targetId } : personOf(conversation.peerId)} isGroup=${conversation.isGroup} isSelf=${conversation.peerId === me.value.id} />
              <span class="name"><bdi>${nameFor(conversation)}</bdi></span>
            </button>
          </li>
        `)}
      </ul>
      ${chats.length === 0 && html`<p class="hint">${t("nothingFound")}</p>`}
    <//>
  `;
}

function nameFor(conversation) {
  return conversation.peerId === me.value.id ? t("toYourself") : titleOf(conversation);
}

