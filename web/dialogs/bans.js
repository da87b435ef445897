/** The users who are banned from a group. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { t } from "../i18n/words.js";
import { loadBans, unban } from "../state/group_access.js";
import { nameIn } from "../state/groups.js";
import { nameOf } from "../state/people.js";
import { attempt } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function Bans({ id, close }) {
  const [{ banned, more }, setPage] = useState({ banned: null, more: false });
  const load = async (held) => {
    const page = await attempt(loadBans(id, held.at(-1)?.user.id));
    setPage(page ? { banned: [...held, ...page.banned], more: page.more } : { banned: held, more: false });
  };
  useEffect(() => void load([]), [id]);

  async function lift(userId) {
    if (await attempt(unban(id, userId))) setPage((page) => ({ ...page, banned: page.banned.filter(({ user }) => user.id !== userId) }));
  }

  return html`
    <${DialogFrame} title=${t("bans")} close=${close}>
      <p class="soft">${t(banned?.length === 0 ? "nobodyBanned" : "bansLead")}</p>
      <ul class="rows">
        ${banned?.map(({ user, by_id }) => html`
          <li key=${user.id} class="row plain" data-testid="banned">
            <${Avatar} user=${user} />
            <span class="name"><bdi>${nameOf(user)}</bdi></span>
            <span class="snippet">${t("bannedBy", { name: nameIn(id, by_id) })}</span>
            <span class="row-act"><button type="button" class="link" data-testid="unban" onClick=${() => lift(user.id)}>${t("unban")}</button></span>
          </li>
        `)}
      </ul>
      ${more && html`<button type="button" class="soft-button wide" onClick=${() => load(banned)}>${t("more")}</button>`}
    <//>
  `;
}
