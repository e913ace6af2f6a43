/** The page behind `npm run bench:map`: the same moving trucks drawn in two ways, for the main thread to be timed. */
import '../src/ui/tokens.css';
import { createMap } from '../src/map/engine.ts';
import { createTrucksLayer, type TruckMark } from '../src/map/layers/trucks.ts';
import { EMPTY, type MapLike } from '../src/map/map-like.ts';
import { createSignImages, placeImage } from '../src/map/sign-images.ts';
import { readPalette } from '../src/signs/palette.ts';

const CENTER: [number, number] = [-78.6155, -0.9352];
const FIX_EVERY_MS = 1_000;
/** Ten steps a second: the coarsest that still looks like movement. */
const STEP_EVERY_MS = 100;
const SPREAD_DEG = 0.03;
const STEP_DEG = 0.00006;

/** Trucks on circles, each at its own phase; the same for both ways. */
function marksAt(count: number, timeMs: number): TruckMark[] {
  return Array.from({ length: count }, (_, id): TruckMark => {
    const phase = id * 2.39996 + (timeMs / FIX_EVERY_MS) * 0.3;
    const radius = SPREAD_DEG * Math.sqrt(id / count);
    return {
      id: id + 1,
      lon: CENTER[0] + radius * Math.cos(id) + STEP_DEG * Math.cos(phase),
      lat: CENTER[1] + radius * Math.sin(id) + STEP_DEG * Math.sin(phase),
      fixMs: timeMs,
      headingDeg: ((phase * 180) / Math.PI) % 360,
      loadShare: (id % 10) / 10,
      mode: 'driving',
      label: String(1_000 + (id % 9_000)),
    };
  });
}

function asLayer(map: MapLike, count: number): () => void {
  const layer = createTrucksLayer(map, readPalette());
  const step = () =>
    layer.update({
      marks: marksAt(count, performance.now()),
      selectedId: null,
      hoveredId: null,
      stale: false,
      focusIds: null,
    });
  step();
  const timer = setInterval(step, FIX_EVERY_MS);
  return () => {
    clearInterval(timer);
    layer.remove();
  };
}

async function asSymbols(map: MapLike, count: number): Promise<() => void> {
  await createSignImages(map, readPalette()).ensure([placeImage('depot')]);
  map.addGeoJson('bench', EMPTY);
  map.addLayer({
    id: 'bench',
    type: 'symbol',
    source: 'bench',
    layout: {
      'icon-image': placeImage('depot'),
      'icon-allow-overlap': true,
      'icon-rotate': ['get', 'heading'],
      'text-field': ['get', 'label'],
      'text-font': ['Bold', 'Inter Variable'],
      'text-size': 12,
      'text-offset': [0, 1.8],
      'text-allow-overlap': true,
    },
  });
  const timer = setInterval(() => {
    map.setGeoJson('bench', {
      type: 'FeatureCollection',
      features: marksAt(count, performance.now()).map((mark) => ({
        type: 'Feature',
        properties: { label: mark.label, heading: mark.headingDeg },
        geometry: { type: 'Point', coordinates: [mark.lon, mark.lat] },
      })),
    });
  }, STEP_EVERY_MS);
  return () => {
    clearInterval(timer);
    map.removeLayer('bench');
    map.removeSource('bench');
  };
}

declare global {
  interface Window {
    /** Starts one way of drawing; resolves with nothing once it runs. */
    startBench(way: 'layer' | 'symbols', count: number): Promise<void>;
    stopBench(): void;
  }
}

const container = document.getElementById('map');
if (container) {
  const map = await createMap({
    container,
    mapboxToken: null,
    palette: readPalette(),
    center: CENTER,
    zoom: 13,
  });
  let stop: () => void = () => undefined;
  window.startBench = async (way, count) => {
    stop = way === 'layer' ? asLayer(map, count) : await asSymbols(map, count);
  };
  window.stopBench = () => stop();
}
