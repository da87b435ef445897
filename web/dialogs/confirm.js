/** A question before something that cannot be undone. */

import { html } from "htm/preact";
import { t } from "../i18n/words.js";
import { DialogFrame } from "./frame.js";

export default function Confirm({ question, yes, act, close }) {
  return html`
    <${DialogFrame} title=${yes} close=${close}
      actions=${html`
        <button type="button" class="soft-button" autofocus onClick=${close}>${t("cancel")}</button>
        <button type="button" class="primary bad" data-testid="confirm" onClick=${() => (close(), act())}>${yes}</button>
      `}>
      <p dir="auto">${question}</p>
    <//>
  `;
}
