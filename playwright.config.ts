import { defineConfig } from '@playwright/test';
import { findBrowser } from './tests/system/browser.ts';

/** Journeys in a real browser against the demo: a live city on a port and a folder of their own. */
export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.e2e.ts',
  outputDir: 'test-results/browser',
  globalSetup: './tests/e2e/start-demo.ts',
  workers: 1,
  retries: 0,
  // Waiting costs nothing where all is well.
  timeout: 180_000,
  expect: { timeout: 40_000 },
  forbidOnly: process.env.CI === 'true',
  reporter: 'list',
  use: {
    // Set by start-demo.ts before any test is loaded.
    baseURL: process.env.E2E_URL,
    locale: 'es-EC',
    timezoneId: 'America/Guayaquil',
    viewport: { width: 1600, height: 1000 },
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: findBrowser() ?? undefined,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--use-gl=angle',
        '--use-angle=swiftshader',
        '--enable-unsafe-swiftshader',
      ],
    },
  },
});
