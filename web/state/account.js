/** The user's own account: profile, password, logins, export and deletion. */

import { client, keepLogin, me } from "./session.js";

/** Change the display name or the avatar. */
export async function changeProfile(fields) {
  const profile = await client.call("POST", "/account/profile", fields);
  keepLogin({ me: profile });
  me.value = profile;
}

/** Change the password. All other logins end. Returns how many. */
export async function changePassword(oldPassword, newPassword) {
  const { ended, login } = await client.call("POST", "/account/password", { old_password: oldPassword, new_password: newPassword });
  if (login) keepLogin({ token: login.token, refresh_token: login.refresh_token }); // the token of before belonged to no login
  return ended;
}

/** Return the user's logins: {id, device, address, create_time, use_time, current}. */
export function loadLogins() {
  return client.call("GET", "/account/logins");
}

export function endLogin(id) {
  return client.call("POST", "/account/logins/end", { id });
}

export function endOtherLogins() {
  return client.call("POST", "/account/logins/end_others");
}

/** Save a file with everything that the server knows of the user. */
export async function exportData() {
  await client.call("GET", "/account/profile"); // renews an expired token
  const response = await fetch("account/export", { headers: { token: await client.token() }, cache: "no-store" });
  if (!response.ok) {
    const { code, data } = await response.json().catch(() => ({}));
    throw Object.assign(new Error(data), { code });
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = `yolk-${me.peek().username}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Delete the account. If *erase*, the user's messages are recalled. */
export async function deleteAccount(password, erase) {
  await client.call("POST", "/account/delete", { password, messages: erase ? "erase" : "keep" });
  await client.logout();
}
