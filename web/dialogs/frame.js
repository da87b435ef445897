/** The parts that dialogs share: the frame with title and buttons, the user search, and rows of users. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { IconButton } from "../components/icons.js";
import { Avatar } from "../components/avatar.js";
import { errorText, t } from "../i18n/words.js";
import { nameOf } from "../state/people.js";
import { findPeople } from "../state/search.js";
import { me } from "../state/session.js";
import { mayLeaveDialog, noteChanges } from "../state/ui.js";

const DEBOUNCE_MS = 200;

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

/**
 * A search box for users.
 *
 * *first* are shown while the box is empty; *row* renders one user.
 */
export function PeopleFinder({ first = [], row, withMe = false }) {
  const [text, setText] = useState("");
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

  const shown = (text.trim() ? found ?? [] : first).filter(({ id }) => withMe || id !== me.value.id);
  const says = !text.trim() ? "" : found === null ? t("searching") : shown.length === 0 ? t("nobody") : "";
  return html`
    <input type="search" class="finder" placeholder=${t("findPeople")} aria-label=${t("findPeople")} data-testid="find-people" autofocus
      autocomplete="off" autocapitalize="none" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} />
    <p class="hint" role="status">${says}</p>
    <ul class="rows">${shown.map((person) => html`<li key=${person.id}>${row(person)}</li>`)}</ul>
  `;
}

/** A row with a user, which can be clicked, or checked if *isChosen* is set. */
export function PersonRow({ person, onClick, isChosen, note, ...rest }) {
  const isTick = isChosen !== undefined;
  return html`
    <button type="button" class="row" role=${isTick ? "checkbox" : undefined} aria-checked=${isTick ? isChosen : undefined} data-testid="person-row" onClick=${onClick} ...${rest}>
      <${Avatar} user=${person} />
      <span class="name"><bdi>${nameOf(person)}</bdi></span>
      <span class="snippet">${note ?? (person.username && `@${person.username}`)}</span>
      ${isTick && html`<span class="tick" aria-hidden="true"></span>`}
    </button>
  `;
}
