/** Create a group: its name and its members. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icons.js";
import { t } from "../i18n/words.js";
import { createGroup } from "../state/groups.js";
import { go } from "../state/history.js";
import { nameOf } from "../state/people.js";
import { toast } from "../state/ui.js";
import { DialogFrame, PeopleFinder, PersonRow, useAttempt } from "./frame.js";
import { knownPeople } from "./new_chat.js";

export default function NewGroup({ close }) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState([]);
  const [run, error, isBusy] = useAttempt();
  const has = (person) => chosen.some(({ id }) => id === person.id);
  const toggle = (person) => setChosen(has(person) ? chosen.filter(({ id }) => id !== person.id) : [...chosen, person]);

  async function create(event) {
    event.preventDefault();
    const made = await run(() => createGroup({ name: name.trim(), members: chosen.map(({ id }) => id) }));
    if (!made) return;
    close();
    go(made.conv);
    if (made.invited.length) toast(t("someInvited", { n: made.invited.length }));
    if (made.refused.length) toast(t("someRefused", { n: made.refused.length }));
  }

  const first = [...chosen, ...knownPeople().filter((person) => !has(person))];
  const row = (person) => html`<${PersonRow} person=${person} isChosen=${has(person)} onClick=${() => toggle(person)} />`;
  return html`
    <form onSubmit=${create}>
      <${DialogFrame} title=${t("newGroup")} close=${close} isChanged=${name.trim() !== ""}
        actions=${html`<button class="primary" data-testid="create-group" disabled=${isBusy || !name.trim()}>${t("create")}</button>`}>
        <label class="field"><span>${t("groupName")}</span>
          <input data-testid="group-name" maxlength="60" required value=${name} onInput=${(event) => setName(event.target.value)} autofocus dir="auto" />
        </label>
        <p class="error" role="alert">${error}</p>
        ${chosen.length > 0 && html`
          <ul class="chips" aria-label=${t("members")}>
            ${chosen.map((person) => html`
              <li key=${person.id}><button type="button" title=${t("takeOut", { name: nameOf(person) })} onClick=${() => toggle(person)}>
                <${Avatar} user=${person} /><bdi>${nameOf(person)}</bdi><${Icon} name="close" />
              </button></li>
            `)}
          </ul>
        `}
        <${PeopleFinder} first=${first} row=${row} />
      <//>
    </form>
  `;
}
