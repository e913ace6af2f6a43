import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { iconNames } from './src/ui/icon-names.ts';

const VIRTUAL = 'virtual:tabler-icons';

interface IconSet {
  icons: Record<string, { body: string }>;
  aliases?: Record<string, { parent: string }>;
}

/** Serves the SVG bodies of the icons the client names, so the page never asks the net for one. */
export function tablerIcons(): Plugin {
  return {
    name: 'tabler-icons',
    resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : null),
    load(id) {
      if (id !== `\0${VIRTUAL}`) return null;
      const path = createRequire(import.meta.url).resolve('@iconify-json/tabler/icons.json');
      const set = JSON.parse(readFileSync(path, 'utf8')) as IconSet;
      const bodies = Object.fromEntries(
        iconNames.map((name) => {
          const body = set.icons[set.aliases?.[name]?.parent ?? name]?.body;
          if (body === undefined) throw new Error(`Tabler has no icon "${name}"`);
          return [name, body];
        }),
      );
      return `export const bodies = ${JSON.stringify(bodies)};`;
    },
  };
}
