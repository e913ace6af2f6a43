/** One tone for an urgent alert, once in this browser: not again after a reload, nor in a second tab. */
import { ref } from 'vue';

const HEARD = 'alerts-heard';
const SILENT = 'alerts-silent';
const KEPT = 200;

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing may ring again after a reload.
  }
}

export const isSoundOn = ref(read(SILENT) !== '1');
export function setSound(on: boolean): void {
  isSoundOn.value = on;
  write(SILENT, on ? '0' : '1');
}

/** Marks these alerts as heard and answers which were not before. */
export function newlyHeard(ids: readonly number[]): number[] {
  const heard = new Set((read(HEARD) ?? '').split(',').filter(Boolean).map(Number));
  const fresh = ids.filter((id) => !heard.has(id));
  if (fresh.length > 0) write(HEARD, [...heard, ...fresh].slice(-KEPT).join(','));
  return fresh;
}

let context: AudioContext | null = null;

/** Two short notes. A browser that was not touched yet stays silent: the sign on screen is there all the same. */
export async function ring(): Promise<void> {
  if (!isSoundOn.value || !('AudioContext' in window)) return;
  context ??= new AudioContext();
  if (context.state !== 'running') {
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
    if ((context.state as AudioContextState) !== 'running') return;
  }
  const { currentTime } = context;
  [740, 988].forEach((hertz, index) => {
    const note = context!.createOscillator();
    const gain = context!.createGain();
    const from = currentTime + index * 0.18;
    note.frequency.value = hertz;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(0.2, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, from + 0.35);
    note.connect(gain).connect(context!.destination);
    note.start(from);
    note.stop(from + 0.4);
  });
}
