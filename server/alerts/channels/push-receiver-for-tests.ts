import {
  createDecipheriv,
  createECDH,
  createHmac,
  createPublicKey,
  hkdfSync,
  randomBytes,
  verify,
  type ECDH,
} from 'node:crypto';

/** A browser's half of web push, written from RFC 8188, 8291 and 8292 and not from the library that is under test. */
export interface PushReceiver {
  p256dh: string;
  auth: string;
  /** What the encrypted body says. @throws when it was not meant for this browser */
  open(body: Buffer): string;
}

export function createPushReceiver(): PushReceiver {
  const keys = createECDH('prime256v1');
  keys.generateKeys();
  const auth = randomBytes(16);
  return {
    p256dh: keys.getPublicKey().toString('base64url'),
    auth: auth.toString('base64url'),
    open: (body) => decrypt(keys, auth, body),
  };
}

function decrypt(keys: ECDH, auth: Buffer, body: Buffer): string {
  const salt = body.subarray(0, 16);
  const keyLength = body[20]!;
  const senderKey = body.subarray(21, 21 + keyLength);
  const sealed = body.subarray(21 + keyLength);
  const shared = keys.computeSecret(senderKey);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), senderKey]);
  const input = Buffer.from(hkdfSync('sha256', shared, auth, info, 32));
  const key = Buffer.from(hkdfSync('sha256', input, salt, 'Content-Encoding: aes128gcm\0', 16));
  const nonce = Buffer.from(hkdfSync('sha256', input, salt, 'Content-Encoding: nonce\0', 12));
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  // One record: its end is marked by 2, then zeros.
  return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8');
}

/**
 * Checks `Authorization: vapid t=…, k=…` as a push service does.
 * @returns the claims and the key it was signed with
 * @throws when the signature is not the key's
 */
export function checkVapid(authorization: string): { claims: Record<string, unknown>; publicKey: string } {
  const { token, publicKey } =
    /^vapid t=(?<token>[^,]+), ?k=(?<publicKey>.+)$/.exec(authorization)?.groups ?? {};
  if (token === undefined || publicKey === undefined) throw new Error('no VAPID header');
  const point = Buffer.from(publicKey, 'base64url');
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33, 65).toString('base64url'),
    },
  });
  const [head, claims, signature] = token.split('.') as [string, string, string];
  const isTrue = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isTrue) throw new Error('the VAPID signature is not of the key it names');
  return {
    claims: JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Record<string, unknown>,
    publicKey,
  };
}

/** The signature a receiver of webhooks computes for itself. */
export function webhookSignature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
