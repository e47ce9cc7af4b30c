import type { Logger } from 'pino';

/** Rows a statement: locks stay short. */
const BATCH_SIZE = 1_000;

interface Behind<Entry> {
  /** What the entries are, for the log. */
  what: string;
  intervalMs: number;
  /** Writes entries in one statement. Returns the ids of those that have to wait for the next. */
  write(entries: [id: string, Entry][]): Promise<Iterable<string>>;
  /** One entry of two for the same id. */
  merge(earlier: Entry, later: Entry): Entry;
}

/** Collects entries by id, and writes them in batches every so often and at stop. */
export class WriteBehind<Entry> {
  readonly #behind: Behind<Entry>;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #noted = new Map<string, Entry>();
  /** What is being written: it is not in the database for sure yet. */
  #leaving = new Map<string, Entry>();
  #writing: Promise<void> = Promise.resolve();

  constructor(behind: Behind<Entry>, log: Logger) {
    this.#behind = behind;
    this.#log = log;
    this.#timer = setInterval(() => this.flush(), behind.intervalMs);
    this.#timer.unref();
  }

  /** The ids that wait to be written. */
  get size(): number {
    return this.#noted.size;
  }

  /** What waits to be written, and may be changed. */
  noted(id: string): Entry | undefined {
    return this.#noted.get(id);
  }

  /** What is not in the database for sure. */
  pending(id: string): Entry | undefined {
    return this.#noted.get(id) ?? this.#leaving.get(id);
  }

  note(id: string, entry: Entry): void {
    this.#noted.set(id, entry);
  }

  /** Writes all that is noted. What cannot be written is logged and tried again with the next. */
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
    this.#leaving = this.#noted;
    this.#noted = new Map();
    const entries = [...this.#leaving];
    try {
      for (let start = 0; start < entries.length; start += BATCH_SIZE) {
        const batch = entries.slice(start, start + BATCH_SIZE);
        const waiting = new Set(await this.#behind.write(batch));
        for (const [id] of batch) if (!waiting.has(id)) this.#leaving.delete(id);
      }
    } catch (error) {
      const { what } = this.#behind;
      this.#log.warn({ err: error }, `${what} were not written, next try in a few seconds`);
    } finally {
      this.#refund();
    }
  }

  /** Puts what was not written back in front of what was noted since. */
  #refund(): void {
    for (const [id, earlier] of this.#leaving) {
      const later = this.#noted.get(id);
      this.#noted.set(id, later ? this.#behind.merge(earlier, later) : earlier);
    }
    this.#leaving = new Map();
  }
}
