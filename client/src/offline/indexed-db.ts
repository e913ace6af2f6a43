/** The browser's own database, with just what an outbox and a memory need. Every call is one transaction. */
export interface LocalStore {
  get<Value>(table: string, key: string): Promise<Value | undefined>;
  /** In the order of their keys. */
  all<Value>(table: string): Promise<Value[]>;
  put(table: string, key: string, value: unknown): Promise<void>;
  remove(table: string, key: string): Promise<void>;
}

function finished<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('storage'));
  });
}

function open(name: string, tables: readonly string[]): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    for (const table of tables) request.result.createObjectStore(table);
  };
  return finished(request);
}

/** A store of that name. Where the browser refuses one (private window), memory stands in for it. */
export async function openLocalStore(name: string, tables: readonly string[]): Promise<LocalStore> {
  try {
    const database = await open(name, tables);
    const table = (of: string, mode: IDBTransactionMode) => database.transaction(of, mode).objectStore(of);
    return {
      get: (of, key) => finished(table(of, 'readonly').get(key)),
      all: (of) => finished(table(of, 'readonly').getAll()),
      put: async (of, key, value) => void (await finished(table(of, 'readwrite').put(value, key))),
      remove: async (of, key) => void (await finished(table(of, 'readwrite').delete(key))),
    };
  } catch {
    return memoryStore();
  }
}

/** Lives as long as the page. */
export function memoryStore(): LocalStore {
  const tables = new Map<string, Map<string, unknown>>();
  const table = (of: string) => tables.get(of) ?? tables.set(of, new Map()).get(of)!;
  return {
    get: async <Value>(of: string, key: string) => table(of).get(key) as Value | undefined,
    all: async <Value>(of: string) =>
      [...table(of)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value as Value),
    put: async (of, key, value) => void table(of).set(key, value),
    remove: async (of, key) => void table(of).delete(key),
  };
}
