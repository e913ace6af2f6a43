import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Networks that are nobody's business outside: this machine, its neighbours, the cloud's own services. */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  PRIVATE.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, bits, 'ipv6');

/** True for an address no request of ours may go to unless the installation says so. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPrivateAddress(mapped);
  const family = isIP(address);
  if (family === 0) return true;
  // A mapped address written in hexadecimal is refused whole: nobody publishes one.
  return /^::ffff:/i.test(address) || PRIVATE.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** The other side must not be asked: its address is private. */
export class BlockedAddressError extends Error {
  override readonly name = 'BlockedAddressError';
}

export interface GuardedRequest {
  url: string;
  headers: Record<string, string>;
  body: string | Buffer;
  timeoutMs: number;
  /** Lets requests go to private addresses too: for programs in the own network. */
  allowPrivate: boolean;
}

/**
 * One POST to an address somebody typed: resolved once and checked before connecting, so that a name cannot point at
 * this machine; redirections are not followed; what is answered is not read. Status and Retry-After in seconds.
 * @throws BlockedAddressError; the socket's or the timer's error when nobody answers
 */
export function guardedPost(asked: GuardedRequest): Promise<{ status: number; retryAfterS: number | null }> {
  const url = new URL(asked.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!asked.allowPrivate && isIP(host) !== 0 && isPrivateAddress(host)) {
    return Promise.reject(new BlockedAddressError('address-not-allowed'));
  }
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        headers: { ...asked.headers, 'content-length': String(Buffer.byteLength(asked.body)) },
        // A connection of its own: an idle one of an hour ago only delays what is sent now and then.
        agent: false,
        lookup: asked.allowPrivate ? undefined : guardedLookup,
        signal: AbortSignal.timeout(asked.timeoutMs),
      },
      (response: IncomingMessage) => {
        const retryAfter = Number(response.headers['retry-after']);
        resolve({
          status: response.statusCode ?? 0,
          retryAfterS: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
        });
        response.destroy();
      },
    );
    outgoing.on('error', reject);
    outgoing.end(asked.body);
  });
}

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, '', 0);
    const addresses = found as LookupAddress[];
    const first = addresses[0];
    if (first === undefined || addresses.some(({ address }) => isPrivateAddress(address))) {
      return callback(new BlockedAddressError('address-not-allowed'), '', 0);
    }
    if (options.all) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};
