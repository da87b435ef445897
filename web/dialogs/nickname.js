/** The user's own nickname in a group. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { act, groupOf } from "../state/groups.js";
import { DialogFrame, useAttempt } from "./frame.js";

export default function Nickname({ id, close }) {
  const before = groupOf(id).me?.nickname ?? "";
  const [name, setName] = useState(before);
  const [run, error, isBusy] = useAttempt();

  async function save(event) {
    event.preventDefault();
    if (await run(() => act(id, "nickname", { nickname: name.trim() }))) close();
  }

  return html`
    <form onSubmit=${save}>
      <${DialogFrame} title=${t("myNickname")} close=${close} isChanged=${name !== before} actions=${html`<button class="primary" disabled=${isBusy}>${t("save")}</button>`}>
        <label class="field"><span>${t("nicknameHere")}</span>
          <input data-testid="nickname-text" maxlength="30" autofocus dir="auto" value=${name} onInput=${(event) => setName(event.target.value)} />
        </label>
        <p class="error" role="alert">${error}</p>
      <//>
    </form>
  `;
}
