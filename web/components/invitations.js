/** The invitations to groups above the list of conversations. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { errorText, t } from "../i18n/words.js";
import { go } from "../state/history.js";
import { acceptInvitation, declineInvitation, invitations } from "../state/invitations.js";
import { nameOf } from "../state/people.js";
import { toast } from "../state/ui.js";
import { Avatar } from "./avatar.js";

export default function Invitations() {
  if (invitations.value.length === 0) return null;
  return html`
    <ul class="invitations" aria-label=${t("invitations")} data-testid="invitations">
      ${invitations.value.map((invitation) => html`<${Invitation} key=${invitation.group.id} ...${invitation} />`)}
    </ul>
  `;
}

function Invitation({ group, inviter }) {
  const [isBusy, setBusy] = useState(false);

  async function answer(request) {
    setBusy(true);
    try {
      const state = await request(group.id);
      if (state === "joined") go(`g:${group.id}`);
      if (state === "requested") toast(t("joinAsked"));
    } catch (failure) {
      toast(errorText(failure));
      setBusy(false);
    }
  }

  return html`
    <li class="invitation" data-testid="invitation">
      <${Avatar} user=${group} isGroup=${true} />
      <p dir="auto">${t("invitedYou", { who: nameOf(inviter), name: group.name })}<small>${t("nMembers", { n: group.member_count })}</small></p>
      <div class="actions">
        <button type="button" class="link" data-testid="accept-invitation" disabled=${isBusy} onClick=${() => answer(acceptInvitation)}>${t("join")}</button>
        <button type="button" class="link quiet" data-testid="decline-invitation" disabled=${isBusy} onClick=${() => answer(declineInvitation)}>${t("decline")}</button>
      </div>
    </li>
  `;
}
