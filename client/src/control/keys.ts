/** Single-letter keys of the room: off while typing, and switched off altogether by whoever wants. */
import { onBeforeUnmount, onMounted, ref } from 'vue';

const STORED = 'letter-keys-off';
const off = ref(readOff());

function readOff(): boolean {
  try {
    return localStorage.getItem(STORED) === '1';
  } catch {
    return false;
  }
}

export const lettersOff = off;
export function setLettersOff(value: boolean): void {
  off.value = value;
  try {
    localStorage.setItem(STORED, value ? '1' : '0');
  } catch {
    // Holds until the page closes.
  }
}

/** Boxes and sliders take no letters. */
const TAKES_NO_LETTERS = new Set(['checkbox', 'radio', 'range', 'button']);

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && TAKES_NO_LETTERS.has(target.type)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

export interface KeyStroke {
  /** Lower case for letters; `mod+z`, `shift+l` with modifiers. */
  name: string;
  event: KeyboardEvent;
}

/** "mod+shift+z", "l", "Escape": Ctrl and ⌘ are one. */
export function nameOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isLetter = /^[a-z]$/.test(key);
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push('mod');
  if (event.shiftKey && (isLetter || key.length > 1)) parts.push('shift');
  return [...parts, key].join('+');
}

/** `handle` answers true when the key was for it; such a key does nothing else. */
export function useKeys(handle: (stroke: KeyStroke) => boolean): void {
  function listen(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
    const name = nameOf(event);
    if (off.value && name.length === 1) return;
    const onControl =
      event.target instanceof HTMLElement &&
      event.target.closest('button, a, input, [role="radio"]') !== null;
    if (onControl && (name === 'Enter' || name === ' ')) return;
    if (handle({ name, event })) event.preventDefault();
  }
  onMounted(() => window.addEventListener('keydown', listen));
  onBeforeUnmount(() => window.removeEventListener('keydown', listen));
}
