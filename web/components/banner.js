/** Says quietly that the connection is gone, and shortly that it is back. */

import { html } from "htm/preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { client, connection } from "../state/session.js";

const BACK_MS = 2_000;
const CALM_MS = 2_000; // a shorter cut is nobody's business

export function Banner() {
  const { name, attempt, isQuiet, retryAt } = connection.value;
  const [, tick] = useReducer((count) => count + 1, 0);
  const [isBack, setBack] = useState(false);
  const wasLost = useRef(false);
  const isCut = !isQuiet && (name === "offline" || (name === "connecting" && attempt > 0));
  const [isLong, setLong] = useState(false);
  const isLost = isCut && isLong;

  useEffect(() => {
    if (name !== "offline") return;
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [name]);

  useEffect(() => {
    if (!isCut) return setLong(false);
    const timer = setTimeout(() => setLong(true), CALM_MS);
    return () => clearTimeout(timer);
  }, [isCut]);

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
      ${isLost && name === "offline" && html`<button type="button" onClick=${() => client.connect()}>${t("tryNow")}</button>`}
    </div>
  `;
}
