/** Dark or light, on the root element; the map repaints by watching it. */
import { readonly, ref } from 'vue';

export type Theme = 'dark' | 'light';
const STORED = 'theme';
const current = ref<Theme>('dark');

function apply(theme: Theme): void {
  current.value = theme;
  const root = document.documentElement;
  root.dataset.theme = theme;
  root.classList.toggle('dark', theme === 'dark');
  document
    .querySelector('meta[name="theme-color"]')
    ?.setAttribute('content', theme === 'dark' ? '#0B1015' : '#FFFFFF');
}

/** Takes the remembered theme, else the entry's own. */
export function startTheme(byDefault: Theme): void {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORED);
  } catch {
    stored = null;
  }
  apply(stored === 'dark' || stored === 'light' ? stored : byDefault);
}

export function setTheme(theme: Theme): void {
  apply(theme);
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Not remembered; still shown.
  }
}

export const theme = readonly(current);
export const toggleTheme = () => setTheme(current.value === 'dark' ? 'light' : 'dark');
