/** Delete the account, after the password was typed. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Switch } from "../components/controls.js";
import { t } from "../i18n/words.js";
import { deleteAccount } from "../state/account.js";
import { nameOf } from "../state/people.js";
import { me } from "../state/session.js";
import { DialogFrame, useAttempt } from "./frame.js";

export default function DeleteAccount({ close }) {
  const [password, setPassword] = useState("");
  const [isErasing, setErasing] = useState(false);
  const [run, error, isBusy] = useAttempt();

  function remove(event) {
    event.preventDefault();
    run(() => deleteAccount(password, isErasing));
  }

  return html`
    <form onSubmit=${remove}>
      <${DialogFrame} title=${t("deleteAccount")} close=${close}
        actions=${html`
          <button type="button" class="soft-button" onClick=${close}>${t("cancel")}</button>
          <button class="primary bad" data-testid="delete-account" disabled=${isBusy || !password}>${t("deleteAccount")}</button>
        `}>
        <p dir="auto">${t("deleteSure", { name: nameOf(me.value) })}</p>
        <p class="soft">${t("deleteNote")}</p>
        <${Switch} label=${t("eraseMessages")} note=${t("eraseNote")} isOn=${isErasing} onChange=${setErasing} data-testid="erase-messages" />
        <label class="field"><span>${t("password")}</span>
          <input type="password" required autocomplete="current-password" data-testid="delete-password" value=${password} onInput=${(event) => setPassword(event.target.value)} />
        </label>
        <p class="error" role="alert">${error}</p>
      <//>
    </form>
  `;
}
