/** The panel about the other user or the group. */

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icons.js";
import { t } from "../i18n/words.js";
import { block, blocked, loadBlocked } from "../state/contacts.js";
import { isPresent, nameOf, personOf } from "../state/people.js";
import { me } from "../state/session.js";
import { attempt, openDialog } from "../state/ui.js";
import { ConversationSettings } from "./conversation_settings.js";
import { GroupInfo } from "./group.js";
import { PanelHeader } from "./header.js";

export default function Info({ conversation }) {
  conversation.subscribe();
  return conversation.isGroup ? html`<${GroupInfo} conversation=${conversation} />` : html`<${PersonInfo} conversation=${conversation} />`;
}

function PersonInfo({ conversation }) {
  const id = conversation.peerId;
  const person = personOf(id);
  const isMe = id === me.value.id;
  const isBlocked = blocked.value?.has(id) ?? false;
  useEffect(() => {
    if (!blocked.peek()) loadBlocked().catch(() => {});
  }, [id]);

  const share = () => openDialog(() => import("../dialogs/forward.js"), {
    label: t("shareContact"),
    message: { type: "card", data: JSON.stringify({ user_id: id }), options: null, conv: conversation.conv, from_id: me.value.id },
  });
  return html`
    <${PanelHeader} title=${t("personInfo")} />
    <div class="panel-body">
      <div class="portrait">
        <${Avatar} user=${person} isSelf=${isMe} />
        <strong dir="auto">${isMe ? t("toYourself") : nameOf(person)}</strong>
        <span>@${person.username}</span>
        ${!isMe && html`<span class="status ${isPresent(id) ? "online" : ""}">${t(isPresent(id) ? "online" : "offline")}</span>`}
      </div>
      <${ConversationSettings} conversation=${conversation} />
      ${!isMe && html`
        <div class="list">
          <button type="button" class="item" data-testid="share-contact" onClick=${share}><${Icon} name="card" />${t("shareContact")}</button>
          <button type="button" class="item bad" data-testid="block" aria-pressed=${isBlocked} onClick=${() => attempt(block(id, !isBlocked))}>
            <${Icon} name="block" />${t(isBlocked ? "unblock" : "block")}
          </button>
        </div>
      `}
    </div>
  `;
}
