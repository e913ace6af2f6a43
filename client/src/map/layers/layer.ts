import type { Palette } from '../../signs/palette.ts';

/** One kind of thing on the map: told its whole state each time, it draws the difference. */
export interface MapLayer<State> {
  update(state: State): void;
  restyle(palette: Palette): void;
  remove(): void;
}
