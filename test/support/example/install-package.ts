import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  files: string[];
}

interface HostManifest {
  /** The versions are those of this clone. */
  dependencies: Record<string, string>;
  scripts?: Record<string, string>;
}

const HOST: HostManifest = {
  dependencies: {
    express: '*',
    '@electric-sql/pglite': '*',
    '@types/express': '*',
    '@types/node': '*',
  },
};

/** Packs this package, and installs it into a new folder, with what a host app in TypeScript needs. */
export async function installPackage({ dependencies: wanted, scripts }: HostManifest = HOST) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-package-'));
  const tarball = await pack(folder);
  const host = join(folder, 'host');
  await mkdir(host);
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const dependencies: Record<string, string> = { latchkey: `file:${tarball}` };
  for (const name of Object.keys(wanted)) {
    if (name in dependencies) continue;
    dependencies[name] = lock.packages[`node_modules/${name}`].version;
  }
  const manifest = { name: 'host', private: true, type: 'module', scripts, dependencies };
  await writeFile(join(host, 'package.json'), JSON.stringify(manifest));
  // The versions of this clone, so that npm finds most of them in its cache.
  lock.packages[''] = manifest;
  for (const entry of Object.values<object>(lock.packages)) {
    for (const key of ['dev', 'peer', 'devOptional']) Reflect.deleteProperty(entry, key);
  }
  await writeFile(join(host, 'package-lock.json'), JSON.stringify({ ...lock, name: 'host' }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', ...flags], { cwd: host });
  return { folder, host, installed: join(host, 'node_modules/latchkey') };
}

/** Packs a copy, as this clone's `dist` may be in use. */
async function pack(folder: string): Promise<string> {
  const copy = join(folder, 'copy');
  await mkdir(copy);
  const manifest: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const sources = ['src', 'test', ...manifest.files.filter((name) => name !== 'dist')];
  const files = (await readdir(root)).filter((name) => /\.(json|md|ts)$|^LICENSE$/.test(name));
  for (const name of [...sources, ...files]) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await mkdir(join(copy, 'dist'));
  await writeFile(join(copy, 'dist/left-over.js'), '');
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: copy,
  });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  return join(folder, filename);
}

/** Compiles a host app's files as strictly as it can be. Rejects with what the compiler says. */
export async function compile(host: string, ...files: string[]): Promise<void> {
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2023', types: ['node'], strict: true },
    ...{ skipLibCheck: false, exactOptionalPropertyTypes: true },
  };
  const settings = JSON.stringify({ compilerOptions, files });
  await writeFile(join(host, 'tsconfig.json'), settings);
  const compiler = join(root, 'node_modules/.bin/tsc');
  await run(compiler, ['--project', host]).catch(({ stdout }) => {
    throw new Error(stdout);
  });
}
