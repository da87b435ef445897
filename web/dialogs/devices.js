/** The user's logins, which are ended one by one or all others together. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../components/icons.js";
import { dateTime } from "../format.js";
import { t } from "../i18n/words.js";
import { endLogin, endOtherLogins, loadLogins } from "../state/account.js";
import { attempt } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function Devices({ close }) {
  const [logins, setLogins] = useState(null);
  const load = () => attempt(loadLogins().then(setLogins));
  useEffect(() => void load(), []);
  const end = async (request) => (await attempt(request)) && load();
  const hasOthers = logins?.some(({ current }) => !current) ?? false;

  return html`
    <${DialogFrame} title=${t("devices")} close=${close}
      actions=${hasOthers && html`<button type="button" class="soft-button bad" data-testid="end-others" onClick=${() => end(endOtherLogins())}>${t("endOthers")}</button>`}>
      <p class="soft">${t(logins?.length === 0 ? "noDevices" : "devicesLead")}</p>
      <ul class="plain-rows">
        ${logins?.map(({ id, device, address, use_time, current }) => html`
          <li key=${id} class="plain-row" data-testid="device">
            <${Icon} name="device" />
            <span class="plain-text">
              <strong dir="auto">${device || t("unknownDevice")}</strong>
              <small>${current ? t("thisDevice") : t("lastUsed", { time: dateTime(use_time) })}${address && ` · ${address}`}</small>
            </span>
            ${!current && html`<button type="button" class="link bad" data-testid="end-login" onClick=${() => end(endLogin(id))}>${t("logout")}</button>`}
          </li>
        `)}
      </ul>
    <//>
  `;
}
