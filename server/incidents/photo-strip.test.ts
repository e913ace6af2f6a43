import { describe, expect, it } from 'vitest';
import { photoTypeOf, stripPhoto } from './photo-strip.ts';

const SECRET = 'GPS -0.9352,-78.6155';

function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

function exif(orientation: number): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('II', 0, 'latin1');
  tiff.writeUInt16LE(42, 2);
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(0x0112, 10);
  tiff.writeUInt16LE(3, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt16LE(orientation, 18);
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, Buffer.from(SECRET)]);
}

/** A progressive picture: tables between scans, one of which holds the bytes of an end marker. */
const TABLE = segment(0xc4, Buffer.from([0x10, 0xff, 0xd9, 0x01]));
const IMAGE = Buffer.concat([
  segment(0xda, Buffer.from([1, 2, 3])),
  Buffer.from([0x11, 0xff, 0x00, 0x22, 0xff, 0xd0, 0x33]),
  TABLE,
  segment(0xda, Buffer.from([4])),
  Buffer.from([0x44, 0xff, 0xd9]),
]);
const jpeg = (orientation: number) =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from('JFIF\0')),
    segment(0xe1, exif(orientation)),
    segment(0xfe, Buffer.from(SECRET)),
    segment(0xdb, Buffer.from([9, 9])),
    IMAGE,
    Buffer.from(`a second picture with ${SECRET}`),
  ]);

function pngChunk(name: string, body: string): Buffer {
  const chunk = Buffer.alloc(12 + body.length);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(name + body, 4, 'latin1');
  return chunk;
}

function webpChunk(name: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

describe('a photo', () => {
  it('is known by its bytes, not by what it is called', () => {
    expect(photoTypeOf(Buffer.from('<svg onload=alert(1)>'))).toBeNull();
    expect(photoTypeOf(Buffer.from('GIF89a......'))).toBeNull();
    expect(photoTypeOf(jpeg(1))).toBe('image/jpeg');
  });

  it('JPEG: keeps picture and colours, loses place, comment and what follows the end', () => {
    const stripped = stripPhoto(jpeg(1), 'image/jpeg');
    expect(stripped.includes(SECRET)).toBe(false);
    expect(stripped.includes('Exif')).toBe(false);
    expect(stripped.includes('JFIF')).toBe(true);
    expect(stripped.subarray(-IMAGE.length).equals(IMAGE)).toBe(true);
  });

  it('JPEG: keeps only the orientation of its metadata', () => {
    const stripped = stripPhoto(jpeg(6), 'image/jpeg');
    expect(stripped.includes(SECRET)).toBe(false);
    expect(stripped.includes('Exif')).toBe(true);
    // Stripping what was stripped changes nothing, so the orientation was read back.
    expect(stripPhoto(stripped, 'image/jpeg').equals(stripped)).toBe(true);
  });

  it('PNG: loses text, time and EXIF chunks', () => {
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const [header, data, end] = [pngChunk('IHDR', 'h'), pngChunk('IDAT', 'd'), pngChunk('IEND', '')];
    const png = Buffer.concat([
      signature,
      header,
      pngChunk('tEXt', SECRET),
      pngChunk('eXIf', SECRET),
      data,
      end,
      Buffer.from(SECRET),
    ]);
    expect(photoTypeOf(png)).toBe('image/png');
    expect(stripPhoto(png, 'image/png').equals(Buffer.concat([signature, header, data, end]))).toBe(true);
  });

  it('WebP: loses EXIF and XMP and says so in its header', () => {
    const chunks = Buffer.concat([
      webpChunk('VP8X', Buffer.from([0b0000_1100, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
      webpChunk('VP8 ', Buffer.from([1, 2, 3])),
      webpChunk('EXIF', Buffer.from(SECRET)),
      webpChunk('XMP ', Buffer.from(SECRET)),
    ]);
    const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
    head.writeUInt32LE(chunks.length + 4, 4);
    const stripped = stripPhoto(Buffer.concat([head, chunks]), 'image/webp');
    expect(photoTypeOf(stripped)).toBe('image/webp');
    expect(stripped.includes(SECRET)).toBe(false);
    expect(stripped.readUInt32LE(4)).toBe(stripped.length - 8);
    expect(stripped[20]! & 0b1100).toBe(0);
  });

  it('refuses a broken file', () => {
    expect(() => stripPhoto(jpeg(1).subarray(0, 15), 'image/jpeg')).toThrow('broken');
  });
});
