/** Invite users to a group. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { act, groupOf } from "../state/groups.js";
import { toast } from "../state/ui.js";
import { DialogFrame, PeopleFinder, PersonRow, useAttempt } from "./frame.js";
import { knownPeople } from "./new_chat.js";

export default function Invite({ id, close }) {
  const group = groupOf(id);
  const [chosen, setChosen] = useState([]);
  const [run, error, isBusy] = useAttempt();
  const has = (person) => chosen.some((each) => each.id === person.id);
  const toggle = (person) => setChosen(has(person) ? chosen.filter((each) => each.id !== person.id) : [...chosen, person]);

  async function invite() {
    const answer = await run(() => act(id, "invite", { users: chosen.map((person) => person.id) }));
    if (!answer) return;
    close();
    if (answer.requested.length) toast(t("inviteAsked", { n: answer.requested.length }));
    if (answer.invited.length) toast(t("someInvited", { n: answer.invited.length }));
    else if (answer.refused.length) toast(t("someRefused", { n: answer.refused.length }));
  }

  const first = [...chosen, ...knownPeople().filter((person) => !has(person) && !group.members.has(person.id))];
  const row = (person) => group.members.has(person.id)
    ? html`<${PersonRow} person=${person} note=${t("isMember")} disabled=${true} />`
    : html`<${PersonRow} person=${person} isChosen=${has(person)} onClick=${() => toggle(person)} />`;
  return html`
    <${DialogFrame} title=${t("invite")} close=${close}
      actions=${html`<button type="button" class="primary" data-testid="send-invite" disabled=${isBusy || chosen.length === 0} onClick=${invite}>${t("inviteN", { n: chosen.length })}</button>`}>
      <p class="error" role="alert">${error}</p>
      <${PeopleFinder} first=${first} row=${row} />
    <//>
  `;
}
