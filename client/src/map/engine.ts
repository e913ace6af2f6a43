/**
 * Chooses the map library at run time: mapbox-gl when the server gives a token, maplibre-gl otherwise. Both
 * draw the same style from the same tiles; the rest of the client sees only MapLike.
 */
import type { FeatureCollection } from 'geojson';
import type { Palette } from '../signs/palette.ts';
import type { CustomLayer, HitFeature, LayerSpec, MapLike, MapPointerEvent } from './map-like.ts';
import { baseStyle } from './style.ts';

export interface EngineOptions {
  container: HTMLElement;
  mapboxToken: string | null;
  palette: Palette;
  center: [number, number];
  zoom: number;
  labelScale?: number;
  interactive?: boolean;
}

/** What both libraries offer, as far as we use it; each adapter below gives the one place where they differ. */
interface Library {
  addSource(id: string, source: object): unknown;
  removeSource(id: string): unknown;
  getSource(id: string): unknown;
  addLayer(layer: object, beforeId?: string): unknown;
  removeLayer(id: string): unknown;
  getLayer(id: string): unknown;
  setPaintProperty(layer: string, name: string, value: unknown): unknown;
  setLayoutProperty(layer: string, name: string, value: unknown): unknown;
  setFilter(layer: string, filter: unknown): unknown;
  hasImage(id: string): boolean;
  addImage(id: string, image: ImageData, options: { pixelRatio: number }): unknown;
  removeImage(id: string): unknown;
  project(at: [number, number]): { x: number; y: number };
  unproject(at: [number, number]): { lng: number; lat: number };
  queryRenderedFeatures(
    box: [[number, number], [number, number]],
    options: { layers: string[] },
  ): HitFeature[];
  easeTo(options: object): unknown;
  fitBounds(bounds: [number, number, number, number], options: object): unknown;
  setPadding(padding: object): unknown;
  getZoom(): number;
  getCenter(): { lng: number; lat: number };
  triggerRepaint(): unknown;
  resize(): unknown;
  getCanvas(): HTMLCanvasElement;
  on(name: string, listener: (event: never) => void): unknown;
  off(name: string, listener: (event: never) => void): unknown;
  dragPan: { enable(): void; disable(): void };
  remove(): unknown;
}

type RenderArgument = ArrayLike<number> | { defaultProjectionData: { mainMatrix: ArrayLike<number> } };
type MatrixOf = (argument: RenderArgument) => ArrayLike<number>;

const FIRST_LABEL = 'label-water';

/** Builds the map in `container` and resolves once layers can be added; tiles may still be on their way. Rejects when WebGL is not available. */
export async function createMap(options: EngineOptions): Promise<MapLike> {
  const { library, matrixOf } =
    options.mapboxToken === null
      ? await createMapLibre(options)
      : await createMapbox(options, options.mapboxToken);
  await new Promise<void>((resolve) => library.on('style.load', () => resolve()));
  return narrow(library, matrixOf);
}

async function createMapLibre(options: EngineOptions): Promise<{ library: Library; matrixOf: MatrixOf }> {
  const [maplibre, worker] = await Promise.all([
    import('maplibre-gl'),
    import('maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'),
    import('maplibre-gl/dist/maplibre-gl.css'),
  ]);
  maplibre.setWorkerUrl(worker.default);
  const map = new maplibre.Map({
    container: options.container,
    style: baseStyle(options.palette, location.origin, options.labelScale) as never,
    center: options.center,
    zoom: options.zoom,
    maxZoom: 19,
    minZoom: 9,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 120,
    interactive: options.interactive ?? true,
    refreshExpiredTiles: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disable();
  const matrixOf: MatrixOf = (argument) =>
    'defaultProjectionData' in argument ? argument.defaultProjectionData.mainMatrix : argument;
  return { library: map as unknown as Library, matrixOf };
}

async function createMapbox(
  options: EngineOptions,
  token: string,
): Promise<{ library: Library; matrixOf: MatrixOf }> {
  const [{ default: mapbox }] = await Promise.all([
    import('mapbox-gl'),
    import('mapbox-gl/dist/mapbox-gl.css'),
  ]);
  mapbox.accessToken = token;
  const style = {
    ...baseStyle(options.palette, location.origin, options.labelScale),
    // Never fetched: every glyph is drawn locally, yet the style must name a place for them.
    glyphs: `${location.origin}/glyphs/{fontstack}/{range}.pbf`,
  };
  const map = new mapbox.Map({
    container: options.container,
    style: style as never,
    center: options.center,
    zoom: options.zoom,
    maxZoom: 19,
    minZoom: 9,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    projection: 'mercator',
    localFontFamily: "'Inter Variable', Inter, sans-serif",
    interactive: options.interactive ?? true,
  });
  map.keyboard.disable();
  return { library: map as unknown as Library, matrixOf: (argument) => argument as ArrayLike<number> };
}

function narrow(map: Library, matrixOf: MatrixOf): MapLike {
  const listen = (name: string, listener: (event: never) => void) => {
    map.on(name, listener);
    return () => void map.off(name, listener);
  };
  return {
    addGeoJson: (id, data, extra = {}) => void map.addSource(id, { type: 'geojson', data, ...extra }),
    setGeoJson(id, data) {
      const source = map.getSource(id) as { setData(data: FeatureCollection): unknown } | undefined;
      void source?.setData(data);
    },
    removeSource(id) {
      if (map.getSource(id)) map.removeSource(id);
    },
    addLayer: (layer: LayerSpec, beforeId) => void map.addLayer(layer, beforeId),
    addCustomLayer(layer: CustomLayer, beforeId) {
      map.addLayer(
        {
          id: layer.id,
          type: 'custom',
          renderingMode: '2d',
          onAdd: (_: unknown, gl: WebGL2RenderingContext) => layer.onAdd(gl),
          onRemove: (_: unknown, gl: WebGL2RenderingContext) => layer.onRemove(gl),
          render: (gl: WebGL2RenderingContext, argument: RenderArgument) =>
            layer.render(gl, matrixOf(argument)),
        },
        beforeId,
      );
    },
    removeLayer(id) {
      if (map.getLayer(id)) map.removeLayer(id);
    },
    hasLayer: (id) => map.getLayer(id) !== undefined,
    setPaint(layerId, values) {
      for (const [name, value] of Object.entries(values)) map.setPaintProperty(layerId, name, value);
    },
    setVisible: (layerId, visible) =>
      void map.setLayoutProperty(layerId, 'visibility', visible ? 'visible' : 'none'),
    setFilter: (layerId, filter) => void map.setFilter(layerId, filter),
    hasImage: (id) => map.hasImage(id),
    addImage: (id, image, pixelRatio) => void map.addImage(id, image, { pixelRatio }),
    removeImage(id) {
      if (map.hasImage(id)) map.removeImage(id);
    },
    project: (lon, lat) => map.project([lon, lat]),
    unproject(point) {
      const { lng, lat } = map.unproject([point.x, point.y]);
      return { lon: lng, lat };
    },
    hits(point, layerIds, radiusPx = 4) {
      const layers = layerIds.filter((id) => map.getLayer(id) !== undefined);
      if (layers.length === 0) return [];
      return map.queryRenderedFeatures(
        [
          [point.x - radiusPx, point.y - radiusPx],
          [point.x + radiusPx, point.y + radiusPx],
        ],
        { layers },
      );
    },
    move: (target) => void map.easeTo({ easing: easeOut, ...target }),
    fit: (bounds, airPx, maxZoom) =>
      void map.fitBounds(bounds, { padding: airPx, maxZoom, duration: cameraMs(), easing: easeOut }),
    setPadding: (padding) => void map.setPadding(padding),
    zoom: () => map.getZoom(),
    center() {
      const { lng, lat } = map.getCenter();
      return { lon: lng, lat };
    },
    zoomBy: (delta) =>
      void map.easeTo({ zoom: map.getZoom() + delta, duration: cameraMs(), easing: easeOut }),
    repaint: () => void map.triggerRepaint(),
    resize: () => void map.resize(),
    canvas: () => map.getCanvas(),
    on: (name, listener) => listen(name, listener),
    onPointer: (name, listener: (event: MapPointerEvent) => void) =>
      listen(name, listener as (event: never) => void),
    setDragPan: (enabled) => (enabled ? map.dragPan.enable() : map.dragPan.disable()),
    destroy: () => void map.remove(),
  };
}

const easeOut = (t: number) => 1 - (1 - t) ** 3;

/** Length of a camera flight; none when the person asked for less motion. */
export function cameraMs(): number {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 320;
}

/** Repaints the base map after a theme change, without touching the layers above it. */
export function restyleBase(map: MapLike, layers: readonly LayerSpec[]): void {
  for (const layer of layers) if (layer.paint && map.hasLayer(layer.id)) map.setPaint(layer.id, layer.paint);
}

/** Routes and trails go under the street labels, marks above them. */
export const UNDER_LABELS = FIRST_LABEL;
