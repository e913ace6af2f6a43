/** All trucks as one WebGL layer: one upload per change, positions interpolated by the card, 1,000 at no cost. */
import { bodies } from 'virtual:tabler-icons';
import type { TruckMode } from '../../live/truck-mode.ts';
import type { Palette } from '../../signs/palette.ts';
import { svgDocument } from '../../signs/shapes.ts';
import type { MapLike, PixelPoint } from '../map-like.ts';
import { fromMercator, glideTo, placeAt, toMercator, type Motion } from './truck-motion.ts';
import {
  DISC_FRAGMENT,
  DISC_VERTEX,
  GLYPHS,
  LABEL_CELL,
  LABEL_CHARS,
  LABEL_FRAGMENT,
  LABEL_LENGTH,
  LABEL_VERTEX,
} from './truck-shaders.ts';
import type { MapLayer } from './layer.ts';

export interface TruckMark {
  id: number;
  lon: number;
  lat: number;
  /** Device time of the fix. */
  fixMs: number;
  headingDeg: number | null;
  loadShare: number;
  mode: TruckMode;
  label: string;
}

export interface TrucksState {
  marks: readonly TruckMark[];
  selectedId: number | null;
  hoveredId: number | null;
  /** The connection is cut: everything shown is old. */
  stale: boolean;
  /** When set, only these stay bright. */
  focusIds: ReadonlySet<number> | null;
}

export interface TrucksLayer extends MapLayer<TrucksState> {
  /** The truck shown under a point of the screen. */
  pick(point: PixelPoint): number | null;
  /** Where a truck is shown at this instant. */
  placeOf(id: number): { lon: number; lat: number } | null;
  setScale(scale: number): void;
}

const LAYER_ID = 'trucks';
const FLOATS = 17;
const PICK_RADIUS_PX = 20;
const LABELS_UP_TO = 80;
const LABEL_ZOOM_WHEN_CROWDED = 14;
const MODE_CODE: Readonly<Record<TruckMode, number>> = {
  driving: 0,
  stopped: 0,
  landfill: 0,
  break: 0,
  depot: 0,
  broken: 1,
  nosignal: 2,
  full: 3,
};
const GLYPH_OF: Readonly<Record<TruckMode, (typeof GLYPHS)[number]>> = {
  driving: 'arrow',
  stopped: 'square',
  landfill: 'down',
  break: 'pause',
  depot: 'dot',
  broken: 'tool',
  nosignal: 'wifi-off',
  full: 'arrow',
};
const CHAR_INDEX = new Map([...LABEL_CHARS].map((char, index) => [char, index]));

const GLYPH_MARKUP: Readonly<Record<(typeof GLYPHS)[number], string>> = {
  arrow: '<path d="M16 3 25.5 28 16 22.4 6.5 28Z" fill="#fff"/>',
  square: '<rect x="8" y="8" width="16" height="16" rx="2" fill="#fff"/>',
  down: '<path d="M5 9h22L16 26Z" fill="#fff"/>',
  pause: '<path d="M9 7h5v18H9zM18 7h5v18h-5z" fill="#fff"/>',
  dot: '<circle cx="16" cy="16" r="6" fill="#fff"/>',
  tool: `<g transform="translate(4 4)" color="#fff">${bodies.tool ?? ''}</g>`,
  'wifi-off': `<g transform="translate(4 4)" color="#fff">${bodies['wifi-off'] ?? ''}</g>`,
};

interface Pass {
  program: WebGLProgram;
  vao: WebGLVertexArrayObject;
  uniforms: Map<string, WebGLUniformLocation>;
}

/** Adds the layer on top of everything that is on the map now. */
export function createTrucksLayer(map: MapLike, initial: Palette): TrucksLayer {
  let palette = initial;
  let scale = 1;
  let state: TrucksState = { marks: [], selectedId: null, hoveredId: null, stale: false, focusIds: null };
  const motions = new Map<number, Motion>();
  const brokenSince = new Map<number, number>();
  const origin = toMercator(-78.6155, -0.9352);
  let clockBaseMs = performance.now();
  let dirty = true;
  let data = new Float32Array(0);
  let disc: Pass | null = null;
  let label: Pass | null = null;
  let instances: WebGLBuffer | null = null;
  let glyphTexture: WebGLTexture | null = null;
  let fontTexture: WebGLTexture | null = null;
  const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

  function fill(): void {
    clockBaseMs = performance.now();
    if (data.length < state.marks.length * FLOATS) data = new Float32Array(state.marks.length * FLOATS);
    let at = 0;
    for (const mark of state.marks) {
      const motion = motions.get(mark.id)!;
      const flags =
        (mark.id === state.selectedId ? 1 : 0) +
        (mark.id === state.hoveredId ? 2 : 0) +
        (state.stale ? 4 : 0) +
        (state.focusIds !== null && !state.focusIds.has(mark.id) ? 8 : 0);
      const parked = mark.mode === 'depot' || mark.mode === 'nosignal' || mark.mode === 'broken';
      data[at++] = motion.from.x - origin.x;
      data[at++] = motion.from.y - origin.y;
      data[at++] = motion.to.x - origin.x;
      data[at++] = motion.to.y - origin.y;
      data[at++] = (motion.startMs - clockBaseMs) / 1_000;
      data[at++] = (motion.endMs - clockBaseMs) / 1_000;
      data[at++] = ((brokenSince.get(mark.id) ?? -1e9) - clockBaseMs) / 1_000;
      data[at++] = 0;
      data[at++] = mark.headingDeg === null || parked ? -1 : (mark.headingDeg * Math.PI) / 180;
      data[at++] = mark.loadShare;
      data[at++] = GLYPHS.indexOf(GLYPH_OF[mark.mode]);
      data[at++] = MODE_CODE[mark.mode];
      for (let char = 0; char < LABEL_LENGTH; char++)
        data[at++] = CHAR_INDEX.get(mark.label[char] ?? '') ?? -1;
      data[at++] = flags;
    }
  }

  function compile(gl: WebGL2RenderingContext, vertex: string, fragment: string): Pass {
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, vertex],
      [gl.FRAGMENT_SHADER, fragment],
    ] as const) {
      const shader = gl.createShader(type);
      if (!shader) throw new Error('the graphics card refused a shader');
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`truck shader: ${gl.getProgramInfoLog(program) ?? ''}`);
    }
    const uniforms = new Map<string, WebGLUniformLocation>();
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) as number;
    for (let index = 0; index < count; index++) {
      const name = gl.getActiveUniform(program, index)?.name ?? '';
      const location = gl.getUniformLocation(program, name);
      if (location) uniforms.set(name, location);
    }
    return { program, vao: gl.createVertexArray(), uniforms };
  }

  function describe(gl: WebGL2RenderingContext, pass: Pass, corners: WebGLBuffer): void {
    gl.bindVertexArray(pass.vao);
    const bind = (name: string, size: number, offset: number) => {
      const location = gl.getAttribLocation(pass.program, name);
      if (location < 0) return;
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, FLOATS * 4, offset * 4);
      gl.vertexAttribDivisor(location, 1);
    };
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    const corner = gl.getAttribLocation(pass.program, 'a_corner');
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, instances);
    bind('a_path', 4, 0);
    bind('a_time', 4, 4);
    bind('a_look', 4, 8);
    bind('a_chars', 4, 12);
    bind('a_flags', 1, 16);
    gl.bindVertexArray(null);
  }

  function texture(gl: WebGL2RenderingContext, source: HTMLCanvasElement): WebGLTexture {
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.generateMipmap(gl.TEXTURE_2D);
    return made;
  }

  function draw(
    gl: WebGL2RenderingContext,
    pass: Pass,
    matrix: Float32Array,
    colours: Record<string, string>,
  ): void {
    const { uniforms } = pass;
    gl.useProgram(pass.program);
    gl.uniformMatrix4fv(uniforms.get('u_matrix') ?? null, false, matrix);
    const canvas = map.canvas();
    gl.uniform2f(uniforms.get('u_viewport') ?? null, canvas.clientWidth, canvas.clientHeight);
    gl.uniform1f(uniforms.get('u_now') ?? null, (performance.now() - clockBaseMs) / 1_000);
    gl.uniform1f(uniforms.get('u_scale') ?? null, scale);
    gl.uniform1f(uniforms.get('u_pulse') ?? null, still() ? 0 : 1);
    for (const [name, colour] of Object.entries(colours)) {
      const location = uniforms.get(name);
      if (location) gl.uniform3fv(location, rgb(colour));
    }
    gl.bindVertexArray(pass.vao);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, state.marks.length);
    gl.bindVertexArray(null);
  }

  const colours = () => ({
    u_panel: palette.s1,
    u_mark: palette.mark,
    u_track: palette.strong,
    u_accent: palette.accent,
    u_risk: palette.risk,
    u_crit: palette.crit,
    u_onfill: palette.onfill,
    u_ink: palette.t1,
    u_halo: palette.mapHalo,
    u_stale: palette.t3,
    u_text: palette.t1,
  });

  map.addCustomLayer({
    id: LAYER_ID,
    onAdd(gl) {
      disc = compile(gl, DISC_VERTEX, DISC_FRAGMENT);
      label = compile(gl, LABEL_VERTEX, LABEL_FRAGMENT);
      instances = gl.createBuffer();
      const corners = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, corners);
      gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
      describe(gl, disc, corners);
      describe(gl, label, corners);
      dirty = true;
      void Promise.all([glyphCanvas(), fontCanvas()]).then(([glyphs, font]) => {
        glyphTexture = texture(gl, glyphs);
        fontTexture = texture(gl, font);
        map.repaint();
      });
    },
    onRemove(gl) {
      if (disc) gl.deleteProgram(disc.program);
      if (label) gl.deleteProgram(label.program);
      gl.deleteBuffer(instances);
      disc = label = instances = null;
    },
    render(gl, matrix) {
      if (!disc || !label || !glyphTexture || !fontTexture || state.marks.length === 0) return;
      if (dirty) {
        fill();
        gl.bindBuffer(gl.ARRAY_BUFFER, instances);
        gl.bufferData(gl.ARRAY_BUFFER, data.subarray(0, state.marks.length * FLOATS), gl.DYNAMIC_DRAW);
        dirty = false;
      }
      gl.disable(gl.DEPTH_TEST);
      gl.disable(gl.STENCIL_TEST);
      gl.disable(gl.CULL_FACE);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.activeTexture(gl.TEXTURE0);
      const shifted = shift(matrix, origin.x, origin.y);
      gl.bindTexture(gl.TEXTURE_2D, glyphTexture);
      draw(gl, disc, shifted, colours());
      if (state.marks.length <= LABELS_UP_TO || map.zoom() >= LABEL_ZOOM_WHEN_CROWDED) {
        gl.bindTexture(gl.TEXTURE_2D, fontTexture);
        draw(gl, label, shifted, colours());
      }
      const nowMs = performance.now();
      const moving = state.marks.some(
        (mark) => motions.get(mark.id)!.endMs > nowMs || nowMs - (brokenSince.get(mark.id) ?? -1e9) < 2_500,
      );
      if (moving) map.repaint();
    },
  });

  return {
    update(next) {
      const nowMs = performance.now();
      const modeBefore = new Map(state.marks.map((mark) => [mark.id, mark.mode]));
      const seen = new Set<number>();
      for (const mark of next.marks) {
        seen.add(mark.id);
        const to = toMercator(mark.lon, mark.lat);
        motions.set(mark.id, glideTo(motions.get(mark.id), to, mark.fixMs, nowMs, still()));
        const before = modeBefore.get(mark.id);
        if (mark.mode === 'broken' && before !== undefined && before !== 'broken')
          brokenSince.set(mark.id, nowMs);
      }
      for (const id of motions.keys()) if (!seen.has(id)) motions.delete(id);
      state = next;
      dirty = true;
      map.repaint();
    },
    restyle(next) {
      palette = next;
      map.repaint();
    },
    remove: () => map.removeLayer(LAYER_ID),
    setScale(next) {
      scale = next;
      map.repaint();
    },
    pick(point) {
      let best: number | null = null;
      let bestPx = PICK_RADIUS_PX * scale;
      for (const mark of state.marks) {
        const at = fromMercator(placeAt(motions.get(mark.id)!, performance.now()));
        const shown = map.project(at.lon, at.lat);
        const px = Math.hypot(shown.x - point.x, shown.y - point.y);
        if (px < bestPx) [best, bestPx] = [mark.id, px];
      }
      return best;
    },
    placeOf(id) {
      const motion = motions.get(id);
      return motion ? fromMercator(placeAt(motion, performance.now())) : null;
    },
  };
}

/** matrix × translation(x, y), in doubles, handed over as floats once the big numbers have cancelled. */
function shift(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const out = new Float32Array(16);
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 3; column++) out[column * 4 + row] = matrix[column * 4 + row]!;
    out[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!;
  }
  return out;
}

/** A colour of a token, `#abc` or `#aabbcc`, as three numbers of one. */
function rgb(hex: string): [number, number, number] {
  const digits = hex.slice(1);
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  const value = Number.parseInt(full, 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

async function glyphCanvas(): Promise<HTMLCanvasElement> {
  const side = 64;
  const canvas = document.createElement('canvas');
  canvas.width = side * GLYPHS.length;
  canvas.height = side;
  const context = canvas.getContext('2d');
  const images = await Promise.all(
    GLYPHS.map(async (glyph) => {
      const image = new Image(side, side);
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgDocument(GLYPH_MARKUP[glyph], side))}`;
      await image.decode();
      return image;
    }),
  );
  images.forEach((image, index) => context?.drawImage(image, index * side + 8, 8, side - 16, side - 16));
  return canvas;
}

/** Characters side by side: red = ink, green = halo. */
async function fontCanvas(): Promise<HTMLCanvasElement> {
  await document.fonts.load(`700 13px 'Inter Variable'`, '0').catch(() => []);
  const ratio = 4;
  const canvas = document.createElement('canvas');
  canvas.width = LABEL_CHARS.length * LABEL_CELL.width * ratio;
  canvas.height = LABEL_CELL.height * ratio;
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  context.scale(ratio, ratio);
  context.font = `700 13px 'Inter Variable', Inter, sans-serif`;
  context.fontKerning = 'none';
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  context.lineJoin = 'round';
  context.globalCompositeOperation = 'lighter';
  [...LABEL_CHARS].forEach((char, index) => {
    context.save();
    context.beginPath();
    context.rect(index * LABEL_CELL.width, 0, LABEL_CELL.width, LABEL_CELL.height);
    context.clip();
    const x = (index + 0.5) * LABEL_CELL.width;
    context.lineWidth = 3;
    context.strokeStyle = '#00ff00';
    context.strokeText(char, x, 13.6);
    context.fillStyle = '#ff0000';
    context.fillText(char, x, 13.6);
    context.restore();
  });
  return canvas;
}
