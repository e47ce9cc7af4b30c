/** Wrong settings, one sentence each. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
