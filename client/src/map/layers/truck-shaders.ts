/** GLSL of the truck layer. Two passes over the same instances: the disc, then its label. */

const MOTION = `
uniform mat4 u_matrix;
uniform vec2 u_viewport;
uniform float u_now;
uniform float u_scale;
in vec2 a_corner;
in vec4 a_path;
in vec4 a_time;
vec4 placed(vec2 offset_px) {
  float span = a_time.y - a_time.x;
  float t = span <= 0.0 ? 1.0 : clamp((u_now - a_time.x) / span, 0.0, 1.0);
  vec4 clip = u_matrix * vec4(mix(a_path.xy, a_path.zw, t), 0.0, 1.0);
  clip.xy += vec2(offset_px.x, -offset_px.y) * 2.0 / u_viewport * clip.w;
  return clip;
}
`;

/** Half the side of the disc's quad in CSS pixels: room for the halo. */
export const DISC_HALF_PX = 32;
export const GLYPHS = ['arrow', 'square', 'down', 'pause', 'dot', 'tool', 'wifi-off'] as const;

export const DISC_VERTEX = `#version 300 es
precision highp float;
${MOTION}
in vec4 a_look;
in float a_flags;
out vec2 v_px;
flat out vec4 v_look;
flat out float v_flags;
flat out float v_since;
void main() {
  v_px = a_corner * ${DISC_HALF_PX.toFixed(1)};
  v_look = a_look;
  v_flags = a_flags;
  v_since = u_now - a_time.z;
  gl_Position = placed(v_px * u_scale);
}`;

export const DISC_FRAGMENT = `#version 300 es
precision highp float;
in vec2 v_px;
flat in vec4 v_look;
flat in float v_flags;
flat in float v_since;
uniform sampler2D u_glyphs;
uniform vec3 u_panel, u_mark, u_track, u_accent, u_risk, u_crit, u_onfill, u_ink, u_halo, u_stale;
uniform float u_pulse;
out vec4 color;

vec4 over(vec4 top, vec4 under) { return top + under * (1.0 - top.a); }
vec4 tint(vec3 rgb, float a) { return vec4(rgb * a, a); }
float inside(float distance) { return clamp(0.5 - distance, 0.0, 1.0); }
float octagon(vec2 p, float r) {
  p = abs(p);
  return max(max(p.x, p.y), (p.x + p.y) * 0.70710678) - r;
}
float hasFlag(float bit) { return mod(floor(v_flags / bit), 2.0); }

void main() {
  float heading = v_look.x, load = v_look.y, glyph = v_look.z, mode = v_look.w;
  float chosen = hasFlag(1.0), hovered = hasFlag(2.0), stale = hasFlag(4.0), dimmed = hasFlag(8.0);
  bool broken = mode == 1.0, silent = mode == 2.0, full = mode == 3.0;
  float d = length(v_px);
  float angle = atan(v_px.x, -v_px.y);
  float turn = mod(angle + 6.2831853, 6.2831853) / 6.2831853;
  vec4 c = vec4(0.0);

  vec3 signal = broken ? u_crit : (silent || full) ? u_risk : u_mark;
  if (stale > 0.5 && !broken) signal = u_stale;
  if (chosen > 0.5) {
    c = over(tint(u_accent, 0.30 * inside(d - 25.0)), c);
    c = over(tint(u_accent, inside(abs(d - 24.4) - 0.9)), c);
  }
  if (broken) {
    float beat = u_pulse > 0.5 && v_since < 2.4 ? abs(sin(v_since * 3.9269908)) : 0.0;
    c = over(tint(u_crit, (0.22 + 0.2 * beat) * inside(d - 25.0 - 3.0 * beat)), c);
    float dots = step(0.5, fract(turn * 28.0));
    c = over(tint(u_crit, dots * inside(abs(d - 25.0) - 0.8)), c);
    c = over(tint(u_halo, inside(octagon(v_px, 16.2))), c);
    c = over(tint(u_crit, inside(octagon(v_px, 14.4))), c);
  } else {
    c = over(tint(u_halo, inside(d - 17.4)), c);
    c = over(tint(chosen > 0.5 ? u_accent : u_panel, inside(d - 15.6)), c);
    if (silent) {
      float dash = step(0.38, fract(turn * 12.0));
      c = over(tint(u_risk, dash * inside(abs(d - 14.0) - 1.4)), c);
    } else {
      vec3 ringTrack = chosen > 0.5 ? mix(u_accent, u_onfill, 0.35) : u_track;
      vec3 ringFill = chosen > 0.5 ? u_onfill : (load >= 0.9 ? u_risk : u_mark);
      if (stale > 0.5) ringFill = u_stale;
      c = over(tint(ringTrack, inside(abs(d - 13.8) - 1.5)), c);
      c = over(tint(ringFill, step(turn, load) * step(0.004, load) * inside(abs(d - 13.8) - 1.7)), c);
    }
    if (heading >= 0.0) {
      vec2 along = vec2(sin(heading), -cos(heading));
      float u = dot(v_px, along), v = abs(dot(v_px, vec2(-along.y, along.x)));
      float tip = max(v - (23.5 - u) * 0.75, 18.2 - u);
      c = over(tint(u_halo, inside(tip - 1.2) * step(15.0, u)), c);
      c = over(tint(chosen > 0.5 ? u_accent : signal, inside(tip)), c);
    }
  }
  if (hovered > 0.5) c = over(tint(u_accent, inside(abs(d - 20.5) - 0.8)), c);

  vec2 p = v_px / 20.0;
  if (glyph < 0.5 && heading >= 0.0) {
    float s = sin(heading), k = cos(heading);
    p = vec2(k * p.x + s * p.y, -s * p.x + k * p.y);
  }
  if (abs(p.x) < 0.5 && abs(p.y) < 0.5) {
    float mask = texture(u_glyphs, vec2((glyph + p.x + 0.5) / ${GLYPHS.length}.0, p.y + 0.5)).a;
    vec3 ink = broken ? u_onfill : chosen > 0.5 ? u_onfill : silent ? u_risk : full ? u_risk : u_ink;
    if (stale > 0.5 && !broken && chosen < 0.5) ink = u_stale;
    c = over(tint(ink, mask), c);
  }
  color = c * (dimmed > 0.5 ? 0.35 : 1.0);
}`;

export const LABEL_CHARS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-';
export const LABEL_CELL = { width: 9, height: 18 } as const;
export const LABEL_LENGTH = 4;

export const LABEL_VERTEX = `#version 300 es
precision highp float;
${MOTION}
in vec4 a_look;
in vec4 a_chars;
in float a_flags;
out vec2 v_uv;
flat out vec4 v_chars;
flat out float v_mode;
flat out float v_flags;
void main() {
  vec2 half_px = vec2(${(LABEL_CELL.width * LABEL_LENGTH) / 2}.0, ${LABEL_CELL.height / 2}.0);
  float below = a_look.w == 1.0 || mod(a_flags, 2.0) > 0.5 ? 34.0 : 26.0;
  v_uv = a_corner * 0.5 + 0.5;
  v_chars = a_chars;
  v_mode = a_look.w;
  v_flags = a_flags;
  gl_Position = placed((a_corner * half_px + vec2(0.0, below)) * u_scale);
}`;

export const LABEL_FRAGMENT = `#version 300 es
precision highp float;
in vec2 v_uv;
flat in vec4 v_chars;
flat in float v_mode;
flat in float v_flags;
uniform sampler2D u_font;
uniform vec3 u_text, u_risk, u_crit, u_halo;
out vec4 color;
void main() {
  float cell = floor(v_uv.x * 4.0);
  float index = cell < 1.0 ? v_chars.x : cell < 2.0 ? v_chars.y : cell < 3.0 ? v_chars.z : v_chars.w;
  if (index < 0.0) discard;
  vec2 at = vec2((index + fract(v_uv.x * 4.0)) / ${LABEL_CHARS.length}.0, v_uv.y);
  vec4 ink = texture(u_font, at);
  vec3 rgb = v_mode == 1.0 ? u_crit : v_mode == 2.0 ? u_risk : u_text;
  float halo = max(ink.g, ink.r);
  vec3 premultiplied = u_halo * halo * (1.0 - ink.r) + rgb * ink.r;
  color = vec4(premultiplied, halo) * (mod(floor(v_flags / 8.0), 2.0) > 0.5 ? 0.35 : 1.0);
}`;
