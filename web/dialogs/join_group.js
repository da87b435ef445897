/** Join a group by its number, or by an invitation link. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { joinByLink, joinGroup } from "../state/groups.js";
import { go } from "../state/history.js";
import { toast } from "../state/ui.js";
import { DialogFrame, useAttempt } from "./frame.js";

/** Join by a number, or by a link, which ends with its token. */
async function request(place, text) {
  if (!/^\d+$/.test(place)) return joinByLink(place.split(/[/#=]/).at(-1), text);
  return { conv: `g:${Number(place)}`, state: await joinGroup(Number(place), text) };
}

export default function JoinGroup({ close }) {
  const [id, setId] = useState("");
  const [text, setText] = useState("");
  const [run, error, isBusy] = useAttempt();

  async function join(event) {
    event.preventDefault();
    const answer = await run(() => request(id.trim(), text.trim()));
    if (!answer) return;
    close();
    if (answer.state === "joined") go(answer.conv);
    else toast(t("joinAsked"));
  }

  return html`
    <form onSubmit=${join}>
      <${DialogFrame} title=${t("joinGroup")} close=${close} isChanged=${text.trim() !== ""}
        actions=${html`<button class="primary" data-testid="join" disabled=${isBusy || !id.trim()}>${t("join")}</button>`}>
        <label class="field"><span>${t("groupNumber")}</span>
          <input data-testid="group-id" autocomplete="off" autocapitalize="none" spellcheck=${false} autofocus required value=${id} onInput=${(event) => setId(event.target.value)} />
        </label>
        <label class="field"><span>${t("joinText")}</span>
          <input data-testid="join-text" maxlength="255" value=${text} onInput=${(event) => setText(event.target.value)} dir="auto" />
        </label>
        <p class="error" role="alert">${error}</p>
      <//>
    </form>
  `;
}
