/** The controls of settings: a choice among a few values, and a switch. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

/** Return the value to show, and a function to change it: until the server answered, that is what was chosen. */
function usePending(value, change) {
  const [pending, setPending] = useState(null);

  async function choose(next) {
    setPending(next);
    try {
      await change(next);
    } finally {
      setPending(null);
    }
  }

  return [pending ?? value, choose];
}

/** A row of buttons, one of which is chosen. */
export function Choice({ label, name, value, options, onChoose, isDisabled = false }) {
  const [shown, choose] = usePending(value, onChoose);
  return html`
    <fieldset class="choice" disabled=${isDisabled}>
      <legend>${label}</legend>
      <div class="segments">
        ${Object.entries(options).map(([key, text]) => html`
          <label key=${key}><input type="radio" name=${name} value=${key} checked=${String(shown) === key} onChange=${() => choose(key)} /><span>${text}</span></label>
        `)}
      </div>
    </fieldset>
  `;
}

/** A setting that is on or off. */
export function Switch({ label, note, isOn, isDisabled = false, onChange, ...rest }) {
  const [shown, choose] = usePending(isOn, onChange);
  return html`
    <label class="switch">
      <span class="switch-text">${label}${note && html`<small>${note}</small>`}</span>
      <input type="checkbox" role="switch" checked=${Boolean(shown)} disabled=${isDisabled} onChange=${(event) => choose(event.target.checked)} ...${rest} />
    </label>
  `;
}
