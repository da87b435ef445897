/** The header of a panel. */

import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../components/icons.js";
import { t } from "../i18n/words.js";
import { closePanel } from "../state/ui.js";

export function PanelHeader({ title }) {
  const head = useRef(null);
  // Move the focus into the panel, for users of the keyboard.
  useEffect(() => {
    const first = head.current.parentElement.querySelector("[autofocus]") ?? head.current.querySelector("button");
    first.focus({ preventScroll: true });
  }, []);
  return html`
    <header ref=${head}>
      <${IconButton} name="close" label=${t("close")} data-testid="close-panel" onClick=${closePanel} /><h2>${title}</h2>
    </header>
  `;
}
