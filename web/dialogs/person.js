/** The profile of a user, with the buttons to write to and to block them. */

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { t } from "../i18n/words.js";
import { block, blocked, loadBlocked } from "../state/contacts.js";
import { go } from "../state/history.js";
import { isPresent, nameOf, personOf, watchPresence } from "../state/people.js";
import { me } from "../state/session.js";
import { chatWith } from "../state/store.js";
import { attempt } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function PersonDialog({ id, close }) {
  const person = personOf(id);
  const isMe = id === me.value.id;
  const isBlocked = blocked.value?.has(id) ?? false;
  useEffect(() => {
    watchPresence([id]);
    if (!blocked.peek()) loadBlocked().catch(() => {});
  }, [id]);

  return html`
    <${DialogFrame} title=${t("personInfo")} close=${close}>
      <div class="portrait">
        <${Avatar} user=${person} />
        <strong dir="auto">${nameOf(person)}</strong>
        <span>@${person.username}</span>
        ${!isMe && html`<span class="status ${isPresent(id) ? "online" : ""}">${t(isPresent(id) ? "online" : "offline")}</span>`}
      </div>
      <div class="acts">
        <button type="button" class="soft-button" data-testid="write-to" onClick=${() => (close(), go(chatWith(person)))}>${t(isMe ? "toYourself" : "writeTo")}</button>
        ${!isMe && html`<button type="button" class="soft-button bad" data-testid="block" aria-pressed=${isBlocked} onClick=${() => attempt(block(id, !isBlocked))}>${t(isBlocked ? "unblock" : "block")}</button>`}
      </div>
    <//>
  `;
}
