import { DomainError } from '../../shared/errors.ts';

export type PhotoType = 'image/jpeg' | 'image/png' | 'image/webp';

/** What the bytes themselves say they are; null for anything else, whatever the sender called it. */
export function photoTypeOf(bytes: Buffer): PhotoType | null {
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'image/jpeg';
  if (bytes.length > 8 && bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return 'image/png';
  if (bytes.length > 12 && ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP')
    return 'image/webp';
  return null;
}

/**
 * The picture without what was written beside it: where it was taken, by which phone, when. A JPEG keeps its orientation.
 * @throws DomainError `invalid-input` for a broken file
 */
export function stripPhoto(bytes: Buffer, type: PhotoType): Buffer {
  if (type === 'image/jpeg') return stripJpeg(bytes);
  return type === 'image/png' ? stripPng(bytes) : stripWebp(bytes);
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_METADATA = new Set(['eXIf', 'tEXt', 'zTXt', 'iTXt', 'tIME']);
const VP8X_EXIF_XMP = 0b0000_1100;

function broken(): DomainError {
  return new DomainError('invalid-input', 'The picture is broken.', { fields: ['body'] });
}

function ascii(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to);
}

/** Segments up to the scan: APP0 (JFIF), APP2 (colour profile) and APP14 (colour transform) stay, other APPn and comments go. */
function stripJpeg(bytes: Buffer): Buffer {
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let orientation = 1;
  let at = 2;
  for (;;) {
    if (at + 4 > bytes.length || bytes[at] !== 0xff) throw broken();
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length || end < at + 4) throw broken();
    const isApp = marker >= 0xe0 && marker <= 0xef;
    if (marker === 0xe1) orientation = orientationOf(bytes.subarray(at + 4, end)) ?? orientation;
    const isKept = isApp ? marker === 0xe0 || marker === 0xe2 || marker === 0xee : marker !== 0xfe;
    if (isKept) kept.push(bytes.subarray(at, end));
    at = end;
    if (marker === 0xda) break;
  }
  if (orientation !== 1) kept.splice(1, 0, orientationSegment(orientation));
  // Whatever follows the end of the image (a phone's second picture, a video) goes too.
  kept.push(bytes.subarray(at, endOfImage(bytes, at)));
  return Buffer.concat(kept);
}

/** Position behind the end-of-image marker: walks the scans, and over the tables between those of a progressive one. */
function endOfImage(bytes: Buffer, from: number): number {
  let at = from;
  while (at + 1 < bytes.length) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0xff) at += 1;
    else if (marker === 0x00 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else if (marker === 0xd9) return at + 2;
    else if (at + 4 > bytes.length) throw broken();
    else at += 2 + bytes.readUInt16BE(at + 2);
  }
  // A picture cut short by a bad line still shows its upper part.
  return bytes.length;
}

/** The orientation tag (0x0112) of an EXIF segment's first directory; null when there is none. */
function orientationOf(segment: Buffer): number | null {
  if (segment.length < 14 || ascii(segment, 0, 6) !== 'Exif\0\0') return null;
  const tiff = segment.subarray(6);
  const isLittle = ascii(tiff, 0, 2) === 'II';
  const u16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return null;
  const entries = u16(directory);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * 12;
    if (at + 12 > tiff.length) return null;
    if (u16(at) === 0x0112) {
      const value = u16(at + 8);
      return value >= 1 && value <= 8 ? value : null;
    }
  }
  return null;
}

/** An EXIF segment that says nothing but how to turn the picture. */
function orientationSegment(orientation: number): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('MM', 0, 'latin1');
  tiff.writeUInt16BE(42, 2);
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(1, 8);
  tiff.writeUInt16BE(0x0112, 10);
  tiff.writeUInt16BE(3, 12);
  tiff.writeUInt32BE(1, 14);
  tiff.writeUInt16BE(orientation, 18);
  const head = Buffer.from([0xff, 0xe1, 0, 2 + 6 + tiff.length]);
  return Buffer.concat([head, Buffer.from('Exif\0\0', 'latin1'), tiff]);
}

function stripPng(bytes: Buffer): Buffer {
  const kept: Buffer[] = [PNG_SIGNATURE];
  for (let at = 8; at < bytes.length;) {
    if (at + 12 > bytes.length) throw broken();
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw broken();
    const name = ascii(bytes, at + 4, at + 8);
    if (!PNG_METADATA.has(name)) kept.push(bytes.subarray(at, end));
    at = end;
    if (name === 'IEND') break;
  }
  return Buffer.concat(kept);
}

function stripWebp(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  const size = Math.min(bytes.length, 8 + bytes.readUInt32LE(4));
  for (let at = 12; at < size;) {
    if (at + 8 > size) throw broken();
    const length = bytes.readUInt32LE(at + 4);
    const end = at + 8 + length + (length % 2);
    if (at + 8 + length > size) throw broken();
    const name = ascii(bytes, at, at + 4);
    if (name === 'VP8X') {
      const header = Buffer.from(bytes.subarray(at, end));
      header[8]! &= ~VP8X_EXIF_XMP;
      kept.push(header);
    } else if (name !== 'EXIF' && name !== 'XMP ') {
      kept.push(bytes.subarray(at, Math.min(end, bytes.length)));
    }
    at = end;
  }
  const body = Buffer.concat(kept);
  const head = Buffer.alloc(12);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(body.length + 4, 4);
  head.write('WEBP', 8, 'latin1');
  return Buffer.concat([head, body]);
}
