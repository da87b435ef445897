/** The card to log in or to register. It also says why the user was logged out. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { errorText, hasText, switchLanguage, t } from "../i18n/words.js";
import { authenticate, hasVisited, logoutReason, reconnect, resetPassword } from "../state/session.js";
import { Icon, IconButton } from "./icons.js";

export function Login() {
  const [how, setHow] = useState(hasVisited() || logoutReason.peek() ? "login" : "register");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [resetToken, setResetToken] = useState(takeResetToken);
  const [isReset, setReset] = useState(false);

  useEffect(() => {
    const read = () => setResetToken((token) => takeResetToken() ?? token);
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);

  async function submit(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    if (resetToken) return reset(fields.password);
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

  async function reset(password) {
    setBusy(true);
    setError("");
    try {
      await resetPassword(resetToken, password);
      setReset(true);
      leaveReset();
    } catch (failure) {
      setError(failure.code === 1002 ? t("invalidLogin") : errorText(failure));
    }
    setBusy(false);
  }

  function leaveReset() {
    setResetToken(null);
    setHow("login");
    setError("");
  }

  function change() {
    if (resetToken) return leaveReset();
    setHow(how === "login" ? "register" : "login");
    setError("");
  }

  const isNew = how === "register" && !resetToken;
  const lead = resetToken ? "resetLead" : isReset ? "passwordIsSet" : isInvited() ? "invitedHere" : isNew ? "registerLead" : "loginLead";
  const action = resetToken ? "changePassword" : how;
  return html`
    <div class="login-page">
      <button type="button" class="language" data-testid="language" onClick=${switchLanguage}>
        <${Icon} name="language" />${t("switchLanguage")}
      </button>
      <main class="login-card" data-testid="login-card">
        <img src="./web/logo.svg" alt="" width="84" height="84" />
        <h1>Yolk</h1>
        ${logoutReason.value && !resetToken && !isReset
          ? html`<${LogoutReason} reason=${logoutReason.value} />`
          : html`<p class="lead">${t(lead)}</p>`}
        <form onSubmit=${submit} aria-label=${t(action)}>
          ${!resetToken && html`<${Field} name="username" label=${t("username")} autocomplete="username" maxlength="30" required />`}
          ${isNew && html`<${Field} name="nickname" label=${t("nickname")} autocomplete="nickname" maxlength="30" />`}
          <${PasswordField} key=${action} isNew=${isNew || resetToken} label=${t(resetToken ? "newPassword" : "password")} />
          <p class="error" role="alert" data-testid="login-error">${error}</p>
          <button class="primary" disabled=${isBusy} data-testid="submit">${t(action)}</button>
        </form>
        <p class="other">
          ${resetToken ? "" : isNew ? t("hasAccount") : t("noAccount")}${" "}
          <button type="button" class="link" onClick=${change} data-testid="other-way">${isNew || resetToken ? t("login") : t("register")}</button>
        </p>
      </main>
    </div>
  `;
}

/** Return whether the page was opened by an invitation link to a group. */
function isInvited() {
  return location.hash.startsWith("#join=");
}

/** Return the token of a link that sets a forgotten password, and remove it from the address, or return null. */
function takeResetToken() {
  const [, token] = /^#reset=([\w-]+)$/.exec(location.hash) ?? [];
  if (token) history.replaceState(null, "", location.pathname); // the token is a secret
  return token ?? null;
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

function PasswordField({ isNew, label }) {
  const [isShown, setShown] = useState(false);
  return html`
    <div class="with-button">
      <${Field} name="password" label=${label} type=${isShown ? "text" : "password"} required
        autocomplete=${isNew ? "new-password" : "current-password"} />
      <${IconButton} name="eye" class=${isShown ? "on" : ""} aria-pressed=${isShown}
        label=${isShown ? t("hidePassword") : t("showPassword")} onClick=${() => setShown(!isShown)} />
    </div>
  `;
}
