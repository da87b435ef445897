/** The parts that dialogs share: the frame with title and buttons, the user search, and rows of users. */

import { createContext, html } from "htm/preact";
import { useContext, useEffect, useLayoutEffect, useState } from "preact/hooks";
import { IconButton } from "../components/icons.js";
import { Avatar } from "../components/avatar.js";
import { Marked } from "../components/hit.js";
import { errorText, t } from "../i18n/words.js";
import { nameOf } from "../state/people.js";
import { filterPeople, findPeople, withoutAt } from "../state/search.js";
import { me } from "../state/session.js";
import { mayLeaveDialog, noteChanges } from "../state/ui.js";

const DEBOUNCE_MS = 200;
/** What the user searches for, to be marked in the rows. */
const Wanted = createContext("");

/**
 * The frame of a dialog.
 *
 * If it *isChanged*, the user is asked before it is closed without saving. *back* leads to the dialog before.
 */
export function DialogFrame({ title, close, isChanged = false, back, actions, children }) {
  useLayoutEffect(() => noteChanges(isChanged), [isChanged]); // before the next key is pressed
  return html`
    <div class="dialog-frame">
      <header>
        ${back && html`<${IconButton} name="back" label=${t("back")} data-testid="dialog-back" onClick=${back} />`}
        <h2>${title}</h2>
        <${IconButton} name="close" label=${t("close")} data-testid="close" onClick=${() => mayLeaveDialog() && close()} />
      </header>
      <div class="dialog-body">${children}</div>
      ${actions && html`<footer>${actions}</footer>`}
    </div>
  `;
}

/** Run a request that the server may refuse. Returns [run, error, isBusy]. */
export function useAttempt() {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function run(work) {
    setBusy(true);
    setError("");
    try {
      return await work();
    } catch (failure) {
      setError(errorText(failure));
      return null;
    } finally {
      setBusy(false);
    }
  }

  return [run, error, isBusy];
}

/** Return the users whom the server finds by a text; null while searching. */
export function useFoundPeople(text) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    setFound(null);
    if (!text.trim()) return;
    let isStale = false;
    const timer = setTimeout(() => findPeople(text).then((people) => isStale || setFound(people), () => isStale || setFound([])), DEBOUNCE_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}

/**
 * A search box for users.
 *
 * *first* are shown while the box is empty, and those of them whose names contain the text before what the server finds;
 * *row* renders one user.
 */
export function PeopleFinder({ first = [], row, withMe = false }) {
  const [text, setText] = useState("");
  const found = useFoundPeople(text);
  const wanted = withoutAt(text);
  const known = wanted ? filterPeople(first, wanted) : first;
  const isKnown = ({ id }) => known.some((person) => person.id === id);
  const others = wanted && found ? found.filter((person) => !isKnown(person)) : [];
  const shown = [...known, ...others].filter(({ id }) => withMe || id !== me.value.id);
  const says = !wanted || shown.length > 0 ? "" : t(found === null ? "searching" : "nobody");
  return html`
    <input type="search" class="finder" placeholder=${t("findPeople")} aria-label=${t("findPeople")} data-testid="find-people" autofocus
      autocomplete="off" autocapitalize="none" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} />
    <p class="hint" role="status">${says}</p>
    <ul class="rows">${shown.map((person) => html`<li key=${person.id}><${Wanted.Provider} value=${wanted}>${row(person)}<//></li>`)}</ul>
  `;
}

/** A row with a user, which can be clicked, or checked if *isChosen* is set. */
export function PersonRow({ person, onClick, isChosen, note, ...rest }) {
  const isTick = isChosen !== undefined;
  const wanted = useContext(Wanted);
  return html`
    <button type="button" class="row" role=${isTick ? "checkbox" : undefined} aria-checked=${isTick ? isChosen : undefined} data-testid="person-row" onClick=${onClick} ...${rest}>
      <${Avatar} user=${person} />
      <span class="name"><bdi><${Marked} text=${nameOf(person)} wanted=${wanted} /></bdi></span>
      <span class="snippet">${note ?? (person.username && html`@<${Marked} text=${person.username} wanted=${wanted} />`)}</span>
      ${isTick && html`<span class="tick" aria-hidden="true"></span>`}
    </button>
  `;
}
