/** The members who have read an own message in a group. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { errorText, t } from "../i18n/words.js";
import { memberOf } from "../state/groups.js";
import { rememberPerson } from "../state/people.js";
import { fetchReaders } from "../state/reading.js";
import { DialogFrame, PersonRow } from "./frame.js";
import { openPerson } from "./open.js";

export default function Readers({ message, close }) {
  const [found, setFound] = useState(null);
  const [error, setError] = useState("");

  async function load() {
    try {
      const page = await fetchReaders(message.id, found?.readers.at(-1)?.id);
      page.readers.forEach(rememberPerson);
      setFound({ ...page, readers: [...(found?.readers ?? []), ...page.readers] });
    } catch (failure) {
      setError(errorText(failure));
    }
  }

  useEffect(() => void load(), []);
  const says = error || (!found ? t("loading") : found.count === 0 ? t("readByNobody") : "");
  return html`
    <${DialogFrame} title=${found ? t("readByOf", found) : t("readByWhom")} close=${close}>
      <p class="hint" role="status">${says}</p>
      <ul class="rows" data-testid="reader-list">
        ${found?.readers.map(({ id }) => html`<li key=${id}><${PersonRow} person=${memberOf(message.to_id, id)} onClick=${() => openPerson(id)} /></li>`)}
      </ul>
      ${found?.more && html`<button type="button" class="soft-button wide" onClick=${load}>${t("more")}</button>`}
    <//>
  `;
}
