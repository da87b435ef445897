/** The voice recorder: it starts at once, and the recording is sent or discarded. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { duration } from "../format.js";
import { t } from "../i18n/words.js";
import { sendFiles } from "../state/files.js";
import { noteOwnMessage } from "../state/notifications.js";
import { Recording } from "../state/recording.js";
import { toast } from "../state/ui.js";
import { IconButton } from "./icons.js";

const MIN_MS = 500;
const SHOWN = 48; // bars

export default function Recorder({ conversation, close }) {
  const recording = useRef(null);
  const [levels, setLevels] = useState([]);
  const [ms, setMs] = useState(0);

  useEffect(() => {
    const one = (recording.current = new Recording((all, length) => {
      setLevels(all.slice(-SHOWN));
      setMs(length);
    }));
    one.start().catch(() => {
      toast(t("noMicrophone"));
      close();
    });
    const onKeyDown = (event) => event.key === "Escape" && close();
    addEventListener("keydown", onKeyDown);
    return () => {
      removeEventListener("keydown", onKeyDown);
      one.cancel();
    };
  }, []);

  async function send() {
    const { file, duration_ms, waveform } = await recording.current.finish();
    if (duration_ms >= MIN_MS) {
      sendFiles(conversation, [file], { type: "audio", options: { duration_ms, waveform } });
      noteOwnMessage();
    }
    close();
  }

  return html`
    <div class="composer" role="group" aria-label=${t("recording")} data-testid="recorder">
      <div class="writing recording">
        <${IconButton} name="trash" label=${t("discard")} data-testid="cancel-recording" onClick=${close} />
        <div class="box">
          <span class="red-dot" aria-hidden="true"></span>
          <span class="length" role="timer" aria-live="off">${duration(ms)}</span>
          <span class="live-wave" aria-hidden="true">${levels.map((level) => html`<i style=${{ "--height": `${Math.max(8, level)}%` }}></i>`)}</span>
        </div>
        <${IconButton} name="send" class="send" label=${t("send")} data-testid="send-recording" onClick=${send} ref=${(button) => button?.focus?.()} />
      </div>
    </div>
  `;
}
