/**
 * The narrow waist between the room and its map library. mapbox-gl and maplibre-gl both satisfy it; nothing
 * outside engine.ts knows which one draws.
 */
import type { FeatureCollection } from 'geojson';

export interface PixelPoint {
  x: number;
  y: number;
}

export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface HitFeature {
  id?: string | number | undefined;
  layer?: { id: string } | undefined;
  properties: Record<string, unknown> | null;
}

export interface GeoJsonSource {
  setData(data: FeatureCollection): unknown;
}

export interface CameraTarget {
  center?: [number, number];
  zoom?: number;
  padding?: Padding;
  duration?: number;
  essential?: boolean;
}

/** Draws with WebGL 2 inside the map's own frame. `matrix` takes mercator coordinates (0–1) to clip space. */
export interface CustomLayer {
  id: string;
  onAdd(gl: WebGL2RenderingContext): void;
  onRemove(gl: WebGL2RenderingContext): void;
  render(gl: WebGL2RenderingContext, matrix: ArrayLike<number>): void;
}

export type MapEventName =
  'load' | 'move' | 'moveend' | 'render' | 'idle' | 'dragstart' | 'zoomstart' | 'error';
export interface MapPointerEvent {
  point: PixelPoint;
  lngLat: { lng: number; lat: number };
  originalEvent: MouseEvent;
}
export type MapPointerName = 'click' | 'dblclick' | 'mousemove' | 'mouseout' | 'contextmenu' | 'mousedown';

/** A style layer as both libraries read it. */
export interface LayerSpec {
  id: string;
  type: 'background' | 'fill' | 'line' | 'symbol' | 'circle';
  source?: string;
  'source-layer'?: string;
  minzoom?: number;
  maxzoom?: number;
  filter?: unknown[];
  layout?: Record<string, unknown>;
  paint?: Record<string, unknown>;
}

export interface MapLike {
  addGeoJson(id: string, data: FeatureCollection, options?: Record<string, unknown>): void;
  setGeoJson(id: string, data: FeatureCollection): void;
  removeSource(id: string): void;
  addLayer(layer: LayerSpec, beforeId?: string): void;
  addCustomLayer(layer: CustomLayer, beforeId?: string): void;
  removeLayer(id: string): void;
  hasLayer(id: string): boolean;
  setPaint(layerId: string, values: Record<string, unknown>): void;
  setVisible(layerId: string, visible: boolean): void;
  setFilter(layerId: string, filter: unknown[] | null): void;
  hasImage(id: string): boolean;
  addImage(id: string, image: ImageData, pixelRatio: number): void;
  removeImage(id: string): void;
  project(lon: number, lat: number): PixelPoint;
  unproject(point: PixelPoint): { lon: number; lat: number };
  hits(point: PixelPoint, layerIds: string[], radiusPx?: number): HitFeature[];
  move(target: CameraTarget): void;
  /** `airPx` is kept free inside the padding in force. */
  fit(bounds: [number, number, number, number], airPx: number, maxZoom: number): void;
  setPadding(padding: Padding): void;
  zoom(): number;
  center(): { lon: number; lat: number };
  zoomBy(delta: number): void;
  repaint(): void;
  resize(): void;
  canvas(): HTMLCanvasElement;
  on(name: MapEventName, listener: () => void): () => void;
  onPointer(name: MapPointerName, listener: (event: MapPointerEvent) => void): () => void;
  setDragPan(enabled: boolean): void;
  destroy(): void;
}

export const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };
