/** The card to log in or to register. It also says why the user was logged out. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { errorText, hasText, switchLanguage, t } from "../i18n/words.js";
import { authenticate, hasVisited, logoutReason, reconnect } from "../state/session.js";
import { Icon, IconButton } from "./icons.js";

export function Login() {
  const [how, setHow] = useState(hasVisited() || logoutReason.peek() ? "login" : "register");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    fields.username = fields.username.trim();
    if (!fields.nickname?.trim()) delete fields.nickname;
    setBusy(true);
    setError("");
    try {
      await authenticate(how, fields);
    } catch (failure) {
      setError(failure.code === 1002 ? t("invalidLogin") : errorText(failure));
      setBusy(false);
    }
  }

  function change() {
    setHow(how === "login" ? "register" : "login");
    setError("");
  }

  const isNew = how === "register";
  return html`
    <div class="login-page">
      <button type="button" class="language" data-testid="language" onClick=${switchLanguage}>
        <${Icon} name="language" />${t("switchLanguage")}
      </button>
      <main class="login-card" data-testid="login-card">
        <img src="./web/logo.svg" alt="" width="84" height="84" />
        <h1>Yolk</h1>
        ${logoutReason.value
          ? html`<${LogoutReason} reason=${logoutReason.value} />`
          : html`<p class="lead">${t(isInvited() ? "invitedHere" : isNew ? "registerLead" : "loginLead")}</p>`}
        <form onSubmit=${submit} aria-label=${t(how)}>
          <${Field} name="username" label=${t("username")} autocomplete="username" maxlength="30" required />
          ${isNew && html`<${Field} name="nickname" label=${t("nickname")} autocomplete="nickname" maxlength="30" />`}
          <${PasswordField} key=${how} isNew=${isNew} />
          <p class="error" role="alert" data-testid="login-error">${error}</p>
          <button class="primary" disabled=${isBusy} data-testid="submit">${t(how)}</button>
        </form>
        <p class="other">
          ${isNew ? t("hasAccount") : t("noAccount")}${" "}
          <button type="button" class="link" onClick=${change} data-testid="other-way">${isNew ? t("login") : t("register")}</button>
        </p>
      </main>
    </div>
  `;
}

/** Return whether the page was opened by an invitation link to a group. */
function isInvited() {
  return location.hash.startsWith("#join=");
}

/** The reason for the logout: in the page's language if the code is known, else the server's text. */
function LogoutReason({ reason }) {
  const key = `refused${reason.code}`;
  const title = hasText(key) ? t(key) : t("refused");
  return html`
    <div class="notice" role="alert" data-testid="notice">
      <strong>${title}</strong>
      ${reason.text && reason.text !== title && html`<span>${reason.text}</span>`}
      ${reason.canReconnect && html`<button type="button" class="secondary" onClick=${reconnect}>${t("comeBack")}</button>`}
    </div>
  `;
}

function Field({ name, label, children, ...rest }) {
  return html`
    <label class="field">
      <span>${label}</span>
      <input name=${name} data-testid=${name} autocapitalize="none" spellcheck=${false} ...${rest} />
    </label>
  `;
}

function PasswordField({ isNew }) {
  const [isShown, setShown] = useState(false);
  return html`
    <div class="with-button">
      <${Field} name="password" label=${t("password")} type=${isShown ? "text" : "password"} required
        autocomplete=${isNew ? "new-password" : "current-password"} />
      <${IconButton} name="eye" class=${isShown ? "on" : ""} aria-pressed=${isShown}
        label=${isShown ? t("hidePassword") : t("showPassword")} onClick=${() => setShown(!isShown)} />
    </div>
  `;
}
