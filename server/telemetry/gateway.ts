import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../shared/time.ts';
import { MAX_FRAME_BYTES } from '../../shared/telemetry.ts';
import { createDeviceSocket, type DeviceSocket, type SocketDeps } from './device-socket.ts';
import type { Device, Intake } from './intake.ts';
import { createDeviceShares, type DeviceShare } from './device-share.ts';
import { boundHalfOpen, type HalfOpen, type HalfOpenLimits } from './half-open.ts';
import { DEVICE_LIMITS, type RateLimits } from './rate.ts';

/** Closing codes of the contract. */
export const CLOSE_BAD_TOKEN = 4401;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_REPLACED = 4409;

export interface GatewayOptions {
  rate: Partial<RateLimits>;
  pingEveryMs: number;
  maxSockets: number;
  /** Sockets one device may have open at once; the oldest gives way. */
  socketsPerDevice: number;
  halfOpen: Partial<HalfOpenLimits>;
}

const DEFAULTS: GatewayOptions = {
  rate: {},
  pingEveryMs: 20_000,
  maxSockets: 10_000,
  socketsPerDevice: 4,
  halfOpen: {},
};

/** Tokens lately refused: a device that knocks on with a dead one costs no query each time. */
const REFUSED_KEPT = 5_000;
const REFUSED_FOR_MS = 30_000;

const SERVER_OPTIONS = {
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  // A broken text is no JSON and gets that answer; checking it twice would cost every frame.
  skipUTF8Validation: true,
  clientTracking: false,
  /** Milliseconds a peer has to answer a goodbye. */
  closeTimeout: 3_000,
};

export interface GatewayDeps {
  authenticate(token: string): Promise<Device | null>;
  intake: Intake;
  clock: Clock;
  log: { warn(fields: object, message?: string): void };
  /** A device has connected. */
  onHere?: (deviceId: number) => void;
  /** The last socket of a device is gone. */
  onGone?: (deviceId: number) => void;
  options?: Partial<GatewayOptions>;
}

export interface GatewayCounters {
  connected: number;
  accepted: number;
  refused: number;
  revoked: number;
  floods: number;
  deadPeers: number;
  badFrames: number;
  /** Sockets not being read now. */
  paused: number;
  /** Connections that have not yet said what they want, and those dropped because they did not. */
  halfOpen: number;
  halfOpenDropped: number;
}

export interface Gateway {
  /** Serves `WS /gps` of this server; upgrades of other paths are left to others. */
  attach(server: Server): void;
  /** Closes every socket of a device with 4401, now and for good. */
  revoke(deviceId: number): void;
  /** What is known of a device has changed: fixes that arrive from now on are taken by it. */
  update(device: Device): void;
  setPressure(high: boolean): void;
  /** A device's share, the same for its sockets and its HTTP requests. */
  shareOf(deviceId: number): DeviceShare;
  counters(): GatewayCounters;
  /** Reads nothing more; acknowledgements still go out. */
  quiesce(): void;
  /** Says goodbye (1001) and waits for the peers, at most `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** Accepts devices' websockets, knows which are open, pings them and drops the dead. */
export function createGateway(deps: GatewayDeps): Gateway {
  const options = { ...DEFAULTS, ...deps.options };
  const rate: RateLimits = { ...DEVICE_LIMITS, ...options.rate };
  const wss = new WebSocketServer(SERVER_OPTIONS);
  const sockets = new Set<DeviceSocket>();
  const byDevice = new Map<number, Set<DeviceSocket>>();
  const connected = new Map<number, Device>();
  const shares = createDeviceShares(deps.clock, rate);
  const revoked = new Set<number>();
  /** Devices changed since the start: one that was being let in meanwhile may bring what was read before. */
  const changed = new Map<number, Device>();
  const refusedUntilMs = new Map<string, number>();
  const halfOpen: HalfOpen[] = [];
  const counters = { accepted: 0, refused: 0, revoked: 0, floods: 0, deadPeers: 0, badFrames: 0 };
  const corked: (() => void)[] = [];
  let pending = 0;
  let isPressed = false;
  let isStopping = false;
  const servers: {
    server: Server;
    listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  }[] = [];

  const pinger = setInterval(() => {
    for (const socket of sockets) {
      if (socket.ping()) continue;
      counters.deadPeers += 1;
    }
    shares.forgetIdle((deviceId) => byDevice.has(deviceId));
  }, options.pingEveryMs);
  pinger.unref();

  async function known(token: string | null): Promise<Device | null> {
    if (token === null || (refusedUntilMs.get(token) ?? 0) > deps.clock()) return null;
    const device = await deps.authenticate(token);
    if (device !== null) return device;
    refusedUntilMs.delete(token);
    refusedUntilMs.set(token, deps.clock() + REFUSED_FOR_MS);
    if (refusedUntilMs.size > REFUSED_KEPT) refusedUntilMs.delete(refusedUntilMs.keys().next().value!);
    return null;
  }

  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (isStopping || sockets.size + pending >= options.maxSockets) return refuse(socket, 503);
    const destroy = () => socket.destroy();
    socket.on('error', destroy);
    pending += 1;
    let device: Device | null;
    try {
      device = await known(tokenOf(request));
    } catch (error) {
      deps.log.warn({ err: error }, 'a device could not be authenticated');
      return refuse(socket, 503);
    } finally {
      pending -= 1;
    }
    socket.off('error', destroy);
    if (socket.destroyed) return;
    if (isStopping) return refuse(socket, 503);
    wss.handleUpgrade(request, socket, head, (ws) => {
      if (device === null || revoked.has(device.id)) {
        counters.refused += 1;
        ws.on('error', () => ws.terminate());
        ws.close(CLOSE_BAD_TOKEN, 'bad token');
        return;
      }
      open(ws, socket, device);
    });
  }

  function open(ws: WebSocket, stream: Duplex, given: Device): void {
    // One object for all sockets of a device, so that a change reaches them all.
    const device = Object.assign(connected.get(given.id) ?? given, changed.get(given.id));
    connected.set(device.id, device);
    const socket = createDeviceSocket(ws, stream, device, socketDeps(device));
    counters.accepted += 1;
    sockets.add(socket);
    let siblings = byDevice.get(device.id);
    if (!siblings) byDevice.set(device.id, (siblings = new Set()));
    siblings.add(socket);
    if (siblings.size > options.socketsPerDevice) {
      for (const oldest of siblings) {
        oldest.close(CLOSE_REPLACED, 'replaced by a newer connection');
        break;
      }
    }
    deps.onHere?.(device.id);
    const tally = deps.intake.tally(device.id);
    tally.connections += 1;
    tally.isConnected = true;
    if (isPressed) socket.setPressure(true);
  }

  function afterCommit(act: () => void): void {
    if (corked.length === 0) {
      setImmediate(() => {
        for (const uncork of corked.splice(0)) uncork();
      });
    }
    corked.push(act);
  }

  function socketDeps(device: Device): SocketDeps {
    return {
      intake: deps.intake,
      clock: deps.clock,
      share: shares.of(device.id),
      rate,
      afterCommit,
      onBadFrame: () => (counters.badFrames += 1),
      onFlood: () => (counters.floods += 1),
      onClosed(socket) {
        sockets.delete(socket);
        const siblings = byDevice.get(device.id);
        siblings?.delete(socket);
        if (siblings?.size === 0) {
          byDevice.delete(device.id);
          connected.delete(device.id);
          deps.intake.tally(device.id).isConnected = false;
          deps.onGone?.(device.id);
        }
      },
    };
  }

  return {
    shareOf: shares.of,
    attach(server) {
      const silent = boundHalfOpen(server, options.halfOpen);
      halfOpen.push(silent);
      const listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        silent.spoken(request);
        if (pathOf(request) === '/gps') void accept(request, socket, head);
        else if (server.listenerCount('upgrade') === 1) refuse(socket, 404);
      };
      server.on('upgrade', listener);
      servers.push({ server, listener });
    },
    revoke(deviceId) {
      revoked.add(deviceId);
      for (const socket of byDevice.get(deviceId) ?? []) {
        counters.revoked += 1;
        socket.close(CLOSE_BAD_TOKEN, 'revoked');
      }
    },
    update(device) {
      changed.set(device.id, device);
      const here = connected.get(device.id);
      if (here) Object.assign(here, device);
    },
    setPressure(high) {
      isPressed = high;
      for (const socket of sockets) socket.setPressure(high);
    },
    counters: () => ({
      ...counters,
      connected: sockets.size,
      paused: [...sockets].filter((socket) => socket.isPaused()).length,
      halfOpen: halfOpen.reduce((sum, one) => sum + one.count(), 0),
      halfOpenDropped: halfOpen.reduce((sum, one) => sum + one.dropped(), 0),
    }),
    quiesce() {
      isStopping = true;
      for (const socket of sockets) socket.quiesce();
    },
    async close(withinMs) {
      isStopping = true;
      clearInterval(pinger);
      for (const one of halfOpen) one.stop();
      for (const { server, listener } of servers) server.off('upgrade', listener);
      const gone = [...sockets].map((socket) => socket.closed);
      for (const socket of sockets) socket.close(CLOSE_GOING_AWAY, 'server stops');
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
      await Promise.race([Promise.all(gone), tooLong]);
      clearTimeout(timer);
      for (const socket of sockets) socket.terminate();
      wss.close();
    },
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0]!;
}

/** The credential of an upgrade: `Authorization: Bearer …`, or `?token=` for devices that cannot set headers. */
function tokenOf(request: IncomingMessage): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  const query = (request.url ?? '').split('?')[1];
  const token = bearer?.[1] ?? (query === undefined ? null : new URLSearchParams(query).get('token'));
  // Refused ones are remembered: a long one is none of ours.
  return token === null || token.length === 0 || token.length > 512 ? null : token;
}

const STATUS_LINE = { 404: '404 Not Found', 503: '503 Service Unavailable' } as const;

function refuse(socket: Duplex, status: keyof typeof STATUS_LINE): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${STATUS_LINE[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
