// Builds the citizen's widget and the demo page into the service's folder of static files, and prints the sizes.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.env.ZHIXUN_STATIC_OUT || join(here, '..', 'zhixun', 'channels', 'static');
const target = ['chrome80', 'firefox78', 'safari14.1'];
const BUDGET = { 'widget.js': 25 * 1000 };

// The widget carries its rules as text for a constructed stylesheet; they are minified on the way in.
const cssAsText = {
  name: 'css-as-text',
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => ({ contents: await minified(path), loader: 'text' }));
  },
};

async function minified(path) {
  const { code } = await esbuild.transform(await readFile(path, 'utf8'), { loader: 'css', minify: true, target });
  return code;
}

// ASCII output survives a host page in GBK that includes the script without naming its encoding.
const script = (from, plugins = []) => esbuild.build({
  entryPoints: [join(here, from)], outfile: join(out, basename(from)), bundle: true, minify: true, format: 'iife',
  charset: 'ascii', target, plugins, legalComments: 'none', logLevel: 'warning',
});

async function measure(name) {
  const bytes = await readFile(join(out, name));
  const gzip = gzipSync(bytes, { level: 9 });
  const brotli = brotliCompressSync(bytes);
  // A server that finds these beside the file sends them as they are.
  await writeFile(join(out, `${name}.gz`), gzip);
  await writeFile(join(out, `${name}.br`), brotli);
  const over = gzip.length > (BUDGET[name] || Infinity);
  console.log(`${name.padEnd(12)} ${kb(bytes.length)} ${kb(gzip.length)} gzip ${kb(brotli.length)} brotli${over ? '  OVER BUDGET' : ''}`);
  if (over) process.exitCode = 1;
}

// The bundler does not escape regular expressions, so this is looked at rather than believed.
async function mustBeAscii(name) {
  const bytes = await readFile(join(out, name));
  if (bytes.some((byte) => byte > 127)) throw new Error(`${name} holds characters that are not ASCII`);
}

const kb = (n) => `${(n / 1000).toFixed(1).padStart(6)} kB`;

await mkdir(out, { recursive: true });
await Promise.all([script('src/widget.js', [cssAsText]), script('demo/demo.js'), script('demo/forms.js')]);
await writeFile(join(out, 'widget.css'), await minified(join(here, 'src/widget.css')));
for (const style of ['demo.css', 'forms.css']) await writeFile(join(out, style), await minified(join(here, 'demo', style)));
await mustBeAscii('widget.js');
for (const page of ['index.html', 'embed.html', 'icon.svg']) await copyFile(join(here, 'demo', page), join(out, page));
for (const name of ['widget.js', 'widget.css', 'demo.js', 'demo.css', 'forms.js', 'forms.css', 'index.html', 'embed.html', 'icon.svg']) await measure(name);
