/** Join a group by its number. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { joinGroup } from "../state/groups.js";
import { go } from "../state/history.js";
import { toast } from "../state/ui.js";
import { DialogFrame, useAttempt } from "./frame.js";

export default function JoinGroup({ close }) {
  const [id, setId] = useState("");
  const [text, setText] = useState("");
  const [run, error, isBusy] = useAttempt();

  async function join(event) {
    event.preventDefault();
    const state = await run(() => joinGroup(Number(id.trim()), text.trim()));
    if (!state) return;
    close();
    if (state === "joined") go(`g:${Number(id.trim())}`);
    else toast(t("joinAsked"));
  }

  return html`
    <form onSubmit=${join}>
      <${DialogFrame} title=${t("joinGroup")} close=${close}
        actions=${html`<button class="primary" data-testid="join" disabled=${isBusy || !/^\s*\d+\s*$/.test(id)}>${t("join")}</button>`}>
        <label class="field"><span>${t("groupNumber")}</span>
          <input data-testid="group-id" inputmode="numeric" autofocus required value=${id} onInput=${(event) => setId(event.target.value)} />
        </label>
        <label class="field"><span>${t("joinText")}</span>
          <input data-testid="join-text" maxlength="255" value=${text} onInput=${(event) => setText(event.target.value)} dir="auto" />
        </label>
        <p class="error" role="alert">${error}</p>
      <//>
    </form>
  `;
}
