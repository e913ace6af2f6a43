import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import vue from '@vitejs/plugin-vue';
import ui from '@nuxt/ui/vite';
import { tablerIcons } from './tabler-icons.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const api = process.env.DEV_API_URL ?? 'http://127.0.0.1:8081';

/** Two entries: the citizen's page stands alone and stays small; everything behind a login shares the other. */
export default defineConfig({
  root,
  plugins: [
    tablerIcons(),
    vue(),
    ui({
      colorMode: false,
      icon: { clientBundle: false },
      router: true,
      autoImport: false,
      components: { dts: false },
      ui: {
        colors: { primary: 'accent', neutral: 'slate' },
        icons: {
          arrowLeft: 'i-tabler-arrow-left',
          arrowRight: 'i-tabler-arrow-right',
          check: 'i-tabler-check',
          chevronDoubleLeft: 'i-tabler-chevrons-left',
          chevronDoubleRight: 'i-tabler-chevrons-right',
          chevronDown: 'i-tabler-chevron-down',
          chevronLeft: 'i-tabler-chevron-left',
          chevronRight: 'i-tabler-chevron-right',
          chevronUp: 'i-tabler-chevron-up',
          close: 'i-tabler-x',
          ellipsis: 'i-tabler-dots',
          external: 'i-tabler-external-link',
          eye: 'i-tabler-eye',
          eyeOff: 'i-tabler-eye-off',
          loading: 'i-tabler-loader-2',
          minus: 'i-tabler-minus',
          plus: 'i-tabler-plus',
          search: 'i-tabler-search',
          upload: 'i-tabler-upload',
        },
      },
    }),
  ],
  define: {
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  worker: { format: 'es' },
  build: {
    outDir: '../dist/client',
    emptyOutDir: true,
    assetsDir: 'assets',
    target: 'es2022',
    // Beside the code, so that an error report's places can be read; the source is public anyway.
    sourcemap: true,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: { citizen: `${root}index.html`, app: `${root}app.html` } },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/trpc', '/tiles', '/client-config', '/health', '/photos', '/osrm'].map((path) => [path, api]),
    ),
  },
});
