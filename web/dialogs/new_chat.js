/** Start a chat with a user. */

import { html } from "htm/preact";
import { t } from "../i18n/words.js";
import { go } from "../state/history.js";
import { personOf } from "../state/people.js";
import { me } from "../state/session.js";
import { chatWith, listed } from "../state/store.js";
import { DialogFrame, PeopleFinder, PersonRow } from "./frame.js";

export default function NewChat({ close }) {
  function open(person) {
    close();
    go(chatWith(person));
  }

  const known = [me.value, ...knownPeople()];
  const row = (person) => html`<${PersonRow} person=${person} note=${person.id === me.value.id ? t("toYourself") : undefined} onClick=${() => open(person)} />`;
  return html`<${DialogFrame} title=${t("newChat")} close=${close}><${PeopleFinder} first=${known} withMe=${true} row=${row} /><//>`;
}

/** Return the users with whom there is a chat. */
export function knownPeople() {
  const ids = listed.value.filter(({ isGroup, peerId }) => !isGroup && peerId && peerId !== me.value.id).map(({ peerId }) => peerId);
  return ids.map(personOf);
}
