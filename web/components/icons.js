/** The icons, drawn on a grid of 24. They say nothing to a screen reader: their buttons do. */

import { html } from "../vendor/htm-preact-standalone.js";

const paths = {
  back: ["M15 5l-7 7 7 7"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  checks: ["M2 12.5l4.5 4.5L16 7.5", "M11.5 16l1 1L22 7.5"],
  clock: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M12 7.5V12l3 2"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
  eye: ["M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z", "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"],
  language: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M3.5 12h17", "M12 3.5c5 5 5 12 0 17c-5-5-5-12 0-17z"],
  logout: ["M14 4.5H6.5a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1H14", "M10.5 12H20", "M16.5 8.5L20 12l-3.5 3.5"],
  search: ["M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M16 16l4 4"],
  send: ["M12 19V5", "M6 11l6-6 6 6"],
  warning: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M12 8v5", "M12 16v.2"],
};

export function Icon({ name }) {
  return html`
    <svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      ${paths[name].map((d) => html`<path d=${d} />`)}
    </svg>
  `;
}

/** A round button with an icon and a name. */
export function IconButton({ name, label, class: className = "", ...rest }) {
  return html`
    <button type="button" class="icon-button ${className}" aria-label=${label} title=${label} ...${rest}>
      <${Icon} name=${name} />
    </button>
  `;
}
