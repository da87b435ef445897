/** Invitations to groups, from users whom the user does not know. */

import { effect, signal, untracked } from "@preact/signals";
import { loadGroup, groupOf } from "./groups.js";
import { client, isSignedIn, onUserChange } from "./session.js";
import { chatOfGroup } from "./store.js";

/** The pending invitations: {group, inviter, create_time}. */
export const invitations = signal([]);

onUserChange(() => (invitations.value = []));
client.on("synced", loadInvitations);
effect(() => {
  if (isSignedIn.value) untracked(loadInvitations);
});

export async function loadInvitations() {
  try {
    invitations.value = (await client.call("GET", "/chat/groups/invitations")).invitations;
  } catch {
    // The next synchronisation tries again.
  }
}

/** Accept an invitation. Returns "joined" or "requested". */
export async function acceptInvitation(id) {
  const { state } = await client.call("POST", "/chat/groups/invitations/accept", { group_id: id });
  forgetInvitation(id);
  if (state === "joined") {
    await loadGroup(id, { again: true });
    chatOfGroup(groupOf(id));
  }
  return state;
}

export async function declineInvitation(id) {
  await client.call("POST", "/chat/groups/invitations/decline", { group_id: id });
  forgetInvitation(id);
}

/** Remove an invitation that was answered, here or on another device. */
export function forgetInvitation(id) {
  invitations.value = invitations.peek().filter(({ group }) => group.id !== id);
}
