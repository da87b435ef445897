/** Voice messages and other sounds in a message. The waveform is the slider. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { duration } from "../format.js";
import { t } from "../i18n/words.js";
import { infoOf, sourceOf } from "../state/files.js";
import { Icon } from "./icons.js";
import { Progress } from "./media.js";

const BARS = 40;
const STEP_S = 5;

/** The key of the message that is playing: one at a time. */
const playing = signal(null);

export function Sound({ entry }) {
  const audio = useRef(null);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const { duration_ms, waveform } = entry.options ?? {};
  const total = length || (Number(duration_ms) || 0) / 1000;
  const source = sourceOf(entry);
  const key = entry.id ?? entry.cid;
  const isPlaying = playing.value === key;
  const isVoice = Number(duration_ms) > 0;
  const bars = barsOf(waveform);
  const done = total ? at / total : 0;

  useEffect(() => {
    if (!isPlaying) audio.current?.pause();
  }, [isPlaying]);
  useEffect(() => () => playing.peek() === key && (playing.value = null), []);

  function toggle() {
    if (isPlaying) return (playing.value = null);
    playing.value = key;
    audio.current.play().catch(() => (playing.value = null));
  }

  function seek(seconds) {
    if (!total) return;
    const to = Math.max(0, Math.min(total, seconds));
    audio.current.currentTime = to;
    setAt(to);
  }

  function onKeyDown(event) {
    const to = { ArrowRight: at + STEP_S, ArrowUp: at + STEP_S, ArrowLeft: at - STEP_S, ArrowDown: at - STEP_S, Home: 0, End: total }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    seek(to);
  }

  return html`
    <div class="sound" data-testid="sound">
      <button type="button" class="play" aria-label=${t(isPlaying ? "pause" : "play")} disabled=${!source} onClick=${toggle}><${Icon} name=${isPlaying ? "pause" : "play"} /></button>
      <div class="sound-lines">
        ${!isVoice && html`<strong dir="auto">${infoOf(entry).name ?? t("kind_audio")}</strong>`}
        <div class="wave" role="slider" tabindex="0" aria-label=${t("position")} aria-valuemin="0" aria-valuemax=${Math.round(total)} aria-valuenow=${Math.round(at)}
          aria-valuetext=${`${duration(at * 1000)} / ${duration(total * 1000)}`} onKeyDown=${onKeyDown}
          onClick=${(event) => seek(total * (event.offsetX / event.currentTarget.clientWidth))}>
          ${bars.map((height, index) => html`<i class=${(index + 0.5) / bars.length <= done ? "done" : ""} style=${{ "--height": `${Math.max(8, height)}%` }}></i>`)}
        </div>
        <span class="length">${duration((isPlaying || at ? at : total) * 1000)}</span>
      </div>
      <audio ref=${audio} preload="none" src=${source || undefined}
        onTimeUpdate=${(event) => setAt(event.target.currentTime)}
        onLoadedMetadata=${(event) => Number.isFinite(event.target.duration) && setLength(event.target.duration)}
        onEnded=${() => (setAt(0), playing.value === key && (playing.value = null))}></audio>
      <${Progress} entry=${entry} />
    </div>
  `;
}

/** Return the heights of the BARS bars that show a waveform. */
function barsOf(waveform) {
  const heights = Array.isArray(waveform) ? waveform.map(Number).filter(Number.isFinite) : [];
  if (heights.length === 0) return new Array(BARS).fill(22);
  return Array.from({ length: BARS }, (_, at) => Math.min(100, heights[Math.floor((at * heights.length) / BARS)]));
}
