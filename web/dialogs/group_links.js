/** The invitation links of a group: create one, copy it, show its QR code; list and revoke them. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Choice } from "../components/controls.js";
import { Icon } from "../components/icons.js";
import { dateTime } from "../format.js";
import { t } from "../i18n/words.js";
import { copy } from "../state/actions.js";
import { createLink, loadLinks, revokeLink } from "../state/group_access.js";
import { ADMINISTRATOR, groupOf, nameIn } from "../state/groups.js";
import { attempt } from "../state/ui.js";
import { DialogFrame, useAttempt } from "./frame.js";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const EXPIRIES = { [HOUR_S]: "linkHour", [DAY_S]: "linkDay", [7 * DAY_S]: "linkWeek", [30 * DAY_S]: "linkMonth" };
const USES = ["0", "1", "10", "100"]; // 0: any number

export default function GroupLinks({ id, close }) {
  const group = groupOf(id);
  const role = group.me?.role ?? 0;
  const isAdmin = role >= ADMINISTRATOR;
  const mayCreate = role >= group.link_role;
  const [expiry, setExpiry] = useState(7 * DAY_S);
  const [uses, setUses] = useState("0");
  const [made, setMade] = useState(null);
  const [links, setLinks] = useState(null);
  const [run, error, isBusy] = useAttempt();
  const reload = () => isAdmin && attempt(loadLinks(id).then(setLinks));
  useEffect(() => void reload(), [id]);

  async function create(event) {
    event.preventDefault();
    const link = await run(() => createLink(id, { expires_in: Number(expiry), max_uses: Number(uses) }));
    if (!link) return;
    setMade(link);
    reload();
  }

  async function revoke(linkId) {
    if (!(await attempt(revokeLink(id, linkId)))) return;
    if (made?.id === linkId) setMade(null);
    setLinks((held) => held?.filter((each) => each.id !== linkId) ?? null);
  }

  const expiries = Object.fromEntries(Object.entries(EXPIRIES).map(([seconds, key]) => [seconds, t(key)]));
  const limits = Object.fromEntries(USES.map((n) => [n, n === "0" ? t("noLimit") : n]));
  return html`
    <form onSubmit=${create}>
      <${DialogFrame} title=${t("groupLinks")} close=${close}
        actions=${mayCreate && html`<button class="primary" data-testid="create-link" disabled=${isBusy}>${t("createLink")}</button>`}>
        ${made ? html`<${NewLink} link=${made} group=${group} onRevoke=${() => revoke(made.id)} />` : html`<p class="soft">${t("linksLead")}</p>`}
        <p class="error" role="alert">${error}</p>
        ${mayCreate && html`<${Choice} label=${t("linkExpires")} name="expiry" value=${expiry} options=${expiries} onChoose=${setExpiry} />
        <${Choice} label=${t("linkUses")} name="uses" value=${uses} options=${limits} onChoose=${setUses} />`}
        ${links?.length > 0 && html`
          <h3>${t("activeLinks")}</h3>
          <ul class="plain-rows" data-testid="links">
            ${links.map((link) => html`<${LinkRow} key=${link.id} link=${link} group=${group} onRevoke=${() => revoke(link.id)} />`)}
          </ul>
        `}
      <//>
    </form>
  `;
}

/** The link that was just created. Its address is shown only now: the server stores a hash of it. */
function NewLink({ link, group, onRevoke }) {
  return html`
    <section class="new-link" aria-label=${t("newLink")} data-testid="new-link">
      ${link.image && html`<img class="qr" src=${link.image} alt=${t("qrOf", { name: group.name })} width="192" height="192" data-testid="qr" />`}
      <div class="with-button">
        <label class="field"><span>${t("newLink")}</span>
          <input readonly dir="ltr" value=${link.address} data-testid="link-address" onFocus=${(event) => event.target.select()} />
        </label>
        <button type="button" class="icon-button" aria-label=${t("copyLink")} title=${t("copyLink")} data-testid="copy-link" onClick=${() => copy({ data: link.address })}><${Icon} name="copy" /></button>
      </div>
      <p class="soft">${t("linkOnce")} <button type="button" class="link" data-testid="revoke-new" onClick=${onRevoke}>${t("revoke")}</button></p>
    </section>
  `;
}

function LinkRow({ link, group, onRevoke }) {
  const { creator_id, uses, max_uses, expire_time } = link;
  return html`
    <li class="plain-row" data-testid="link">
      <span class="plain-text">
        <span>${max_uses ? t("usedOf", { n: uses, of: max_uses }) : t("usedTimes", { n: uses })}</span>
        <small>${t("expiresAt", { time: dateTime(expire_time) })} · <bdi>${t("linkBy", { name: nameIn(group.id, creator_id) })}</bdi></small>
      </span>
      <button type="button" class="link bad" data-testid="revoke" onClick=${onRevoke}>${t("revoke")}</button>
    </li>
  `;
}
