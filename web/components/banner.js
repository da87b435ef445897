/** Says quietly that the connection is gone, and shortly that it is back. */

import { html, useEffect, useReducer, useRef, useState } from "../vendor/htm-preact-standalone.js";
import { t } from "../i18n.js";

const BACK_MS = 2_000;

export function Banner({ connection, onTryNow }) {
  const { name, attempt, isQuiet, retryAt } = connection;
  const [, tick] = useReducer((count) => count + 1, 0);
  const [isBack, setBack] = useState(false);
  const wasLost = useRef(false);
  const isLost = !isQuiet && (name === "offline" || (name === "connecting" && attempt > 0));

  useEffect(() => {
    if (name !== "offline") return;
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [name]);

  useEffect(() => {
    if (isLost) wasLost.current = true;
    if (name !== "online" || !wasLost.current) return setBack(false);
    wasLost.current = false;
    setBack(true);
    const timer = setTimeout(() => setBack(false), BACK_MS);
    return () => clearTimeout(timer);
  }, [name, isLost]);

  const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
  return html`
    <div class="banner ${isLost ? "lost" : isBack ? "back" : ""}" data-testid="banner">
      <span role="status">${isLost ? t("lost") : isBack ? t("backOnline") : ""}</span>
      ${isLost && html`<span class="next">${name === "offline" ? t("tryingIn", { n: seconds }) : t("connecting")}</span>`}
      ${isLost && name === "offline" && html`<button type="button" onClick=${onTryNow}>${t("tryNow")}</button>`}
    </div>
  `;
}
