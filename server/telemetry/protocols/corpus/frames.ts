/**
 * What real senders put on the wire, field for field as their current versions do, with places and names of our own:
 * the ground that examples and fuzzing start from.
 */

const T_S = 1_795_532_400;
const AT = '2026-11-24T15:00:00.000Z';

/** Frames of `WS /gps`. */
export const OWN_FRAMES: readonly string[] = [
  `{"seq":17,"fixes":[{"t":${T_S}000,"lat":-0.9352,"lon":-78.6155,"speed":6.1,"heading":184,"accuracy":5,"battery":0.9,"ignition":true}]}`,
  `{"seq":1,"t":${T_S}123,"lat":-0.9352,"lon":-78.6155}`,
  `{"seq":2,"fixes":[]}`,
  `{"seq":3,"fixes":[{"t":${T_S}000,"lat":-0.9352,"lon":-78.6155,"speed":null,"heading":null},{"t":${T_S}500,"lat":-0.93521,"lon":-78.6155}]}`,
];

/** OsmAnd's form as a query: the app's own, Traccar Client up to 8, and cheap trackers that imitate it. */
export const OSMAND_QUERIES: readonly string[] = [
  // OsmAnd's online tracking with the address pattern of its manual.
  `lat=-0.9352&lon=-78.6155&timestamp=${T_S}000&hdop=4.5&altitude=2802.0&speed=6.1&bearing=184.0&id=cab-7`,
  // Traccar Client for Android, version 7 and 8.
  `id=482913&timestamp=${T_S}&lat=-0.93521&lon=-78.61552&speed=11.8574514&bearing=184.3&altitude=2802.4&accuracy=4.2&batt=87.0`,
  `id=482913&timestamp=${T_S}&lat=-0.93521&lon=-78.61552&speed=0.0&bearing=0.0&altitude=2802.4&accuracy=14.6&batt=100.0&charge=true`,
  // Traccar Client for iOS says what it does not know with -1.
  `id=482913&timestamp=${T_S}&lat=-0.93521&lon=-78.61552&speed=-1.0&bearing=-1.0&altitude=2802.4&accuracy=65.0&batt=55.0&alarm=sos`,
  // Trackers: an ISO instant, a pair of places, another name for the id, a driver.
  `deviceid=861234000012345&lat=-0.9352&lon=-78.6155&timestamp=2026-11-24T15%3A00%3A00Z&hdop=1.1&altitude=2802&speed=12.4`,
  `id=861234000012345&timestamp=2026-11-24+15%3A00%3A00&location=-0.9352,-78.6155&accuracy=5&driverUniqueId=17`,
  `id=861234000012345&lat=-0.9352&lon=-78.6155&valid=1&timestamp=${T_S}&batt=12.5&heading=90`,
];

/** Traccar Client 9 and later. */
export const TRACCAR_CLIENT_BODIES: readonly unknown[] = [
  {
    location: {
      timestamp: AT,
      coords: {
        latitude: -0.9352,
        longitude: -78.6155,
        accuracy: 4.7,
        speed: 6.12,
        speed_accuracy: 0.5,
        heading: 184.3,
        heading_accuracy: 12.5,
        altitude: 2802.4,
        ellipsoidal_altitude: 2829.1,
        altitude_accuracy: 1.9,
        age: 12,
      },
      is_moving: true,
      odometer: 18_231.5,
      uuid: '6f9b3f0e-4d39-4f0c-9a63-1f7c1f1f4f11',
      event: 'motionchange',
      battery: { level: 0.87, is_charging: false },
      activity: { type: 'in_vehicle', confidence: 100 },
      extras: {},
    },
    device_id: '482913',
  },
  {
    location: {
      timestamp: AT,
      coords: { latitude: -0.9352, longitude: -78.6155, accuracy: 100, speed: -1, heading: -1, altitude: 0 },
      is_moving: false,
      event: 'heartbeat',
      battery: { level: -1, is_charging: false },
      activity: { type: 'still', confidence: 75 },
    },
    device_id: 482_913,
  },
  {
    location: [
      { timestamp: AT, coords: { latitude: -0.9352, longitude: -78.6155, accuracy: 5 } },
      { timestamp: '2026-11-24T15:01:00Z', coords: { latitude: -0.9353, longitude: -78.6155, accuracy: 5 } },
    ],
    device_id: '482913',
  },
];

/** OwnTracks for Android and iOS, in HTTP mode. */
export const OWNTRACKS_BODIES: readonly unknown[] = [
  {
    _type: 'location',
    BSSID: '02:00:00:00:00:00',
    SSID: 'taller',
    _id: 'a1b2c3d4',
    acc: 12,
    alt: 2802,
    batt: 87,
    bs: 1,
    cog: 184,
    conn: 'm',
    created_at: T_S + 1,
    lat: -0.9352,
    lon: -78.6155,
    m: 1,
    t: 'u',
    tid: 'c7',
    topic: 'owntracks/cab/7',
    tst: T_S,
    vac: 3,
    vel: 22,
  },
  {
    _type: 'location',
    acc: 65,
    batt: 40,
    bs: 2,
    cog: -1,
    conn: 'w',
    inregions: ['patio'],
    lat: -0.9352,
    lon: -78.6155,
    motionactivities: ['automotive'],
    p: 71.4,
    t: 'p',
    tid: 'C7',
    tst: T_S,
    vel: -1,
  },
  { _type: 'lwt', tst: T_S },
  {
    _type: 'transition',
    event: 'leave',
    desc: 'patio',
    lat: -0.9352,
    lon: -78.6155,
    tst: T_S,
    wtst: T_S,
    tid: 'c7',
  },
  { _type: 'waypoint', desc: 'patio', lat: -0.936, lon: -78.613, rad: 80, tst: T_S },
  { _type: 'encrypted', data: 'kT9bP2dCq0b8l1s0ZcC1rM7x' },
];

/** Traccar's position forwarding, type json, version 5 and 6. */
export const TRACCAR_BODIES: readonly unknown[] = [
  {
    position: {
      id: 4_711,
      attributes: {
        batteryLevel: 88,
        ignition: true,
        motion: true,
        sat: 11,
        distance: 12.06,
        totalDistance: 812_334.5,
        hours: 71_000,
      },
      deviceId: 7,
      protocol: 'gt06',
      serverTime: '2026-11-24T15:00:01.000+00:00',
      deviceTime: '2026-11-24T15:00:00.000+00:00',
      fixTime: '2026-11-24T15:00:00.000+00:00',
      valid: true,
      outdated: false,
      latitude: -0.9352,
      longitude: -78.6155,
      altitude: 2802,
      speed: 11.8575,
      course: 184,
      address: null,
      accuracy: 0,
      network: null,
      geofenceIds: null,
    },
    device: {
      id: 7,
      attributes: {},
      groupId: 0,
      calendarId: 0,
      name: 'Cab 7',
      uniqueId: '861234000012345',
      status: 'online',
      lastUpdate: '2026-11-24T15:00:01.000+00:00',
      positionId: 4_710,
      phone: null,
      model: null,
      contact: null,
      category: 'truck',
      disabled: false,
      expirationTime: null,
    },
  },
  {
    position: {
      id: 0,
      attributes: { power: 12.4, battery: 3.9, alarm: 'powerCut', ignition: false, motion: false },
      protocol: 'h02',
      serverTime: '2026-11-24T15:00:01Z',
      deviceTime: '2026-11-24T15:00:00Z',
      fixTime: '2026-11-24T14:59:00Z',
      valid: false,
      outdated: true,
      latitude: -0.9352,
      longitude: -78.6155,
      speed: 0,
      course: 0,
      accuracy: 0,
      network: {
        radioType: 'gsm',
        considerIp: false,
        cellTowers: [{ cellId: 12_345, locationAreaCode: 801 }],
      },
    },
    device: { id: 7, name: 'Cab 7', uniqueId: '861234000012345' },
  },
];
