/** What is wrong with the settings, in sentences for whoever made them. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
