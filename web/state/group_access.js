/** Who may join a group: its invitation links, and its banned users. */

import { rememberPerson } from "./people.js";
import { client } from "./session.js";

const BANS_PAGE_SIZE = 200;

/** Return the address that leads into a group: this page, with the token of a link. */
export function addressOf(token) {
  return `${location.origin}${location.pathname}#join=${token}`;
}

/** Return the invitation links of a group, for its administrators. */
export async function loadLinks(id) {
  return (await client.call("GET", `/chat/groups/${id}/links`)).links;
}

/** Create a link. Returns it with its address and its QR code, the address of an image. */
export async function createLink(id, fields) {
  const link = await client.call("POST", `/chat/groups/${id}/links`, fields);
  const address = addressOf(link.link_token);
  const { svg } = await client.call("POST", `/chat/groups/${id}/links/qr`, { address }).catch(() => ({}));
  return { ...link, address, image: svg && `data:image/svg+xml,${encodeURIComponent(svg)}` };
}

export function revokeLink(id, linkId) {
  return client.call("POST", `/chat/groups/${id}/links/revoke`, { id: linkId });
}

/** Return what a link tells about its group: name, avatar, member_count, approval, group_id. */
export function previewLink(token) {
  return client.call("POST", "/chat/groups/preview", { link_token: token });
}

/** Return a page of the banned users of a group: {banned, more}. */
export async function loadBans(id, after) {
  const page = await client.call("GET", `/chat/groups/${id}/bans`, { after, limit: BANS_PAGE_SIZE });
  page.banned.forEach(({ user }) => rememberPerson(user));
  return page;
}

export function unban(id, userId) {
  return client.call("POST", `/chat/groups/${id}/unban`, { users: [userId] });
}
