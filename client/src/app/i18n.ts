/** Spanish first, English second. Each domain keeps its words beside its screens. */
import { createI18n } from 'vue-i18n';
import type { Locale } from '../format/format.ts';

const STORED = 'language';
type Messages = Record<string, unknown>;

function storedLocale(): Locale {
  try {
    return localStorage.getItem(STORED) === 'en' ? 'en' : 'es';
  } catch {
    return 'es';
  }
}

/** `domains` are the message files of the entry, by the name their keys begin with. */
export function createMessages(domains: { es: Messages; en: Messages }) {
  const locale = storedLocale();
  document.documentElement.lang = locale === 'es' ? 'es-EC' : 'en';
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'es',
    messages: { es: domains.es, en: domains.en } as Record<Locale, never>,
    missingWarn: false,
    fallbackWarn: false,
  });
}

/** Switches the page's language and remembers it. */
export function rememberLocale(locale: Locale): void {
  document.documentElement.lang = locale === 'es' ? 'es-EC' : 'en';
  try {
    localStorage.setItem(STORED, locale);
  } catch {
    // A browser that keeps nothing still shows the chosen language until it is closed.
  }
}
