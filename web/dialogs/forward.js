/** Choose the conversation to which a message is forwarded. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Marked } from "../components/hit.js";
import { summaryOf } from "../format.js";
import { t } from "../i18n/words.js";
import { forward } from "../state/actions.js";
import { go } from "../state/history.js";
import { loadHidden } from "../state/hidden.js";
import { nameOf, personOf } from "../state/people.js";
import { foundChats, withoutAt } from "../state/search.js";
import { me } from "../state/session.js";
import { chatWith, find, listed, titleOf } from "../state/store.js";
import { toast } from "../state/ui.js";
import { DialogFrame, useFoundPeople } from "./frame.js";

export default function Forward({ message, close }) {
  const [text, setText] = useState("");
  const wanted = withoutAt(text);
  const chats = wanted ? foundChats(wanted) : listed.value;
  const found = useFoundPeople(text);
  const people = wanted && found ? found.filter(({ id }) => chats.every(({ peerId }) => peerId !== id)) : [];
  useEffect(() => void loadHidden(), []);

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
              <span class="name"><bdi><${Marked} text=${nameFor(conversation)} wanted=${wanted} /></bdi></span>
              ${wanted && !conversation.isGroup && html`<span class="snippet">@<${Marked} text=${personOf(conversation.peerId).username} wanted=${wanted} /></span>`}
            </button>
          </li>
        `)}
        ${people.map((person) => html`
          <li key=${`person ${person.id}`}>
            <button type="button" class="row" data-testid="forward-to" onClick=${() => send(find(chatWith(person)))}>
              <${Avatar} user=${person} isSelf=${person.id === me.value.id} />
              <span class="name"><bdi><${Marked} text=${nameOf(person)} wanted=${wanted} /></bdi></span>
              <span class="snippet">@<${Marked} text=${person.username} wanted=${wanted} /></span>
            </button>
          </li>
        `)}
      </ul>
      ${chats.length + people.length === 0 && html`<p class="hint" role="status">${t(wanted && !found ? "searching" : "nothingFound")}</p>`}
    <//>
  `;
}

function nameFor(conversation) {
  return conversation.peerId === me.value.id ? t("toYourself") : titleOf(conversation);
}

