/** Change the password. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { changePassword } from "../state/account.js";
import { me } from "../state/session.js";
import { toast } from "../state/ui.js";
import { DialogFrame, useAttempt } from "./frame.js";

export default function Password({ close }) {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [run, error, isBusy] = useAttempt();

  async function save(event) {
    event.preventDefault();
    const ended = await run(() => changePassword(old, next));
    if (ended === null) return;
    close();
    toast(t("passwordChanged"));
  }

  const field = (label, value, set, rest) => html`
    <label class="field"><span>${label}</span><input type="password" required value=${value} onInput=${(event) => set(event.target.value)} ...${rest} /></label>
  `;
  return html`
    <form onSubmit=${save}>
      <${DialogFrame} title=${t("password")} close=${close} isChanged=${next !== ""}
        actions=${html`<button class="primary" data-testid="save-password" disabled=${isBusy || !old || !next}>${t("changePassword")}</button>`}>
        <p class="soft">${t("passwordLead")}</p>
        <input class="visually-hidden" autocomplete="username" value=${me.value.username} readonly tabindex="-1" aria-hidden="true" />
        ${field(t("oldPassword"), old, setOld, { autocomplete: "current-password", autofocus: true, "data-testid": "old-password" })}
        ${field(t("newPassword"), next, setNext, { autocomplete: "new-password", minlength: 6, maxlength: 128, "data-testid": "new-password" })}
        <p class="error" role="alert">${error}</p>
      <//>
    </form>
  `;
}
