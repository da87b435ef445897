/** The right pane: one conversation. */

import { html } from "../vendor/htm-preact-standalone.js";
import { nameOf } from "../format.js";
import { t } from "../i18n.js";
import { Avatar } from "./avatar.js";
import { Composer } from "./composer.js";
import { IconButton } from "./icons.js";
import { MessageList } from "./messages.js";

export function Chat({ client, conversation, onBack }) {
  const { store, outbox } = client;
  const { peer } = conversation;
  const isSelf = peer.id === store.me.id;
  const presence = store.connection.name !== "online" ? "" : store.isOnline(peer.id) ? "online" : "offline";
  const waiting = outbox.of(conversation.conv).filter(({ cid }) => !conversation.hasCid(cid));
  return html`
    <main class="chat">
      <header>
        <${IconButton} name="back" class="to-list" label=${t("back")} onClick=${onBack} />
        <${Avatar} user=${peer} />
        <div class="who">
          <h2 data-testid="chat-name" dir="auto">${isSelf ? t("toYourself") : nameOf(peer)}</h2>
          ${!isSelf && html`
            <p class=${presence} data-testid="presence">${presence && t(presence)}</p>
          `}
        </div>
      </header>
      <${MessageList}
        me=${store.me}
        conversation=${conversation}
        messages=${conversation.messages}
        waiting=${waiting}
        onOlder=${() => client.loadOlder(conversation)}
        onReading=${(reading) => client.setReading(reading)}
        onRetry=${(cid) => outbox.retry(cid)}
        onDiscard=${(cid) => outbox.discard(cid)}
      />
      <${Composer} conversation=${conversation} onSend=${(text) => client.send(conversation, text)} />
    </main>
  `;
}
