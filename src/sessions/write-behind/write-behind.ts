import type { Logger } from 'pino';

/** Rows per statement, so that locks stay short. */
const BATCH_SIZE = 1_000;

interface Options<Entry> {
  /** Names the entries in the log. */
  what: string;
  intervalMs: number;
  /** Writes entries in one statement. Returns the ids to retry with the next write. */
  write(entries: [id: string, Entry][]): Promise<Iterable<string>>;
  merge(earlier: Entry, later: Entry): Entry;
}

/** Collects entries by id and writes them in batches, at an interval and on stop. */
export class WriteBehind<Entry> {
  readonly #options: Options<Entry>;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #noted = new Map<string, Entry>();
  /** Being written: may or may not be in the database yet. */
  #inFlight = new Map<string, Entry>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: Options<Entry>, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#timer = setInterval(() => this.flush(), options.intervalMs);
    this.#timer.unref();
  }

  get size(): number {
    return this.#noted.size;
  }

  /** The entry that waits to be written. The caller may change it. */
  noted(id: string): Entry | undefined {
    return this.#noted.get(id);
  }

  /** The entry that may not be in the database yet. */
  pending(id: string): Entry | undefined {
    return this.#noted.get(id) ?? this.#inFlight.get(id);
  }

  note(id: string, entry: Entry): void {
    this.#noted.set(id, entry);
  }

  /** Writes what is pending. A failure is logged and retried with the next write. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(): Promise<void> {
    if (this.#noted.size === 0) return;
    this.#inFlight = this.#noted;
    this.#noted = new Map();
    const entries = [...this.#inFlight];
    try {
      for (let start = 0; start < entries.length; start += BATCH_SIZE) {
        const batch = entries.slice(start, start + BATCH_SIZE);
        const waiting = new Set(await this.#options.write(batch));
        for (const [id] of batch) if (!waiting.has(id)) this.#inFlight.delete(id);
      }
    } catch (error) {
      const { what } = this.#options;
      this.#log.warn({ err: error }, `${what} were not written, retrying in a few seconds`);
    } finally {
      this.#requeue();
    }
  }

  #requeue(): void {
    for (const [id, earlier] of this.#inFlight) {
      const later = this.#noted.get(id);
      this.#noted.set(id, later ? this.#options.merge(earlier, later) : earlier);
    }
    this.#inFlight = new Map();
  }
}
