/** Work that does not start again while it runs. `stop` aborts its signal, then waits for it. */
export function oneAtATime(work: (signal: AbortSignal) => Promise<unknown>) {
  const stopping = new AbortController();
  let running: Promise<unknown> | null = null;
  return {
    start(): void {
      running ??= work(stopping.signal).finally(() => {
        running = null;
      });
    },
    async stop(): Promise<void> {
      stopping.abort();
      await running;
    },
  };
}
