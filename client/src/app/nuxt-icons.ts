/** Hands our bundled icons to Nuxt UI, which would fetch them from the net. */
import { addCollection } from '@iconify/vue';
import { bodies } from 'virtual:tabler-icons';

export function bundleIcons(): void {
  addCollection({
    prefix: 'tabler',
    icons: Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, { body }])),
    width: 24,
    height: 24,
  });
}
