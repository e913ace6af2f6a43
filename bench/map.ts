/**
 * `npm run bench:map`: what 1,000 moving trucks cost the page's main thread, drawn as the product does (one WebGL
 * layer, a fix a second, gliding at the screen's rate) and as symbols moved by `setData` ten times a second. Measured
 * by the browser's own task clock. Last line: the numbers as JSON.
 */
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type CDPSession, type Page } from '@playwright/test';
import { build } from 'vite';

const TRUCKS = Number(process.argv[2] ?? '1000');
const SECONDS = 10;
const WARM_MS = 3_000;
const LEAST_DRAWN = 0.02;
const CLIENT = fileURLToPath(new URL('../client/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};
const BROWSER_ARGS = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-map-'));
  try {
    await build({
      configFile: join(CLIENT, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: folder, rolldownOptions: { input: { bench: join(CLIENT, 'bench/map.html') } } },
    });
    const { url, close } = await serve(folder);
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    const browser = await chromium.launch({
      args: BROWSER_ARGS,
      ...(existsSync(executablePath) ? { executablePath } : {}),
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
      await page.goto(`${url}/bench/map.html`);
      await page.waitForFunction('typeof window.startBench === "function"');
      const clock = await page.context().newCDPSession(page);
      await clock.send('Performance.enable');
      const layer = await measure(page, clock, 'layer');
      const symbols = await measure(page, clock, 'symbols');
      console.log(
        JSON.stringify({
          trucks: TRUCKS,
          mainThreadMsPerS: round(layer),
          setDataMsPerS: round(symbols),
          ratio: round(symbols / layer),
        }),
      );
    } finally {
      await browser.close();
      close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(page: Page, clock: CDPSession, way: string): Promise<number> {
  await page.evaluate(`window.startBench(${JSON.stringify(way)}, ${TRUCKS})`);
  await page.waitForTimeout(WARM_MS);
  const busy = await busyMsPerS(page, clock);
  const drawn = await drawnShare(page);
  if (drawn < LEAST_DRAWN) throw new Error(`${way}: only ${(drawn * 100).toFixed(2)} % of the map is drawn`);
  await page.evaluate('window.stopBench()');
  await page.waitForTimeout(500);
  return busy;
}

/** Share of pixels that are not the bare ground: a map that stayed empty must not pass for a fast one. */
async function drawnShare(page: Page): Promise<number> {
  const png = (await page.screenshot()).toString('base64');
  return page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    return pixels.reduce((count, pixel) => count + (pixel === pixels[0] ? 0 : 1), 0) / pixels.length;
  }, png);
}

/** Milliseconds of main-thread tasks a second of wall time. */
async function busyMsPerS(page: Page, clock: CDPSession): Promise<number> {
  const read = async () => {
    const { metrics } = await clock.send('Performance.getMetrics');
    const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
    return { tasksS: value('TaskDuration'), atS: value('Timestamp') };
  };
  const before = await read();
  await page.waitForTimeout(SECONDS * 1_000);
  const after = await read();
  return ((after.tasksS - before.tasksS) / (after.atS - before.atS)) * 1_000;
}

function serve(folder: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const path = normalize((request.url ?? '/').split('?', 1)[0]!);
    const file = join(folder, path);
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(path.startsWith('/tiles/') ? 204 : 404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, close: () => void server.close() });
    });
  });
}

const round = (value: number) => Math.round(value * 10) / 10;

await main();
