// Builds the citizen's widget, the demo page and the staff desk into the service's folder of static files, and prints the sizes.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.env.ZHIXUN_STATIC_OUT || join(here, '..', 'zhixun', 'channels', 'static');
const target = ['chrome80', 'firefox78', 'safari14.1'];
const BUDGET = { 'widget.js': 26 * 1000, 'desk.js': 30 * 1000, 'desk.css': 10 * 1000 };

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

// What an agency sees of a slip is no page of the desk, and has a script and rules of its own.
const scripts = ['demo/demo.js', 'demo/forms.js', 'desk/desk.js', 'desk/entry.js', 'desk/report.js', 'desk/slip.js'];
const styles = ['src/widget.css', 'demo/demo.css', 'demo/forms.css', 'desk/desk.css', 'desk/slip.css'];
const pages = ['index.html', 'embed.html', 'icon.svg'];

// Reports are printed with it; it is fetched with the packages and held to the lock's digest, never kept in the repository.
const font = 'NotoSansHans-Regular.otf';
const fonts = join(here, '..', 'zhixun', 'reports', 'static');

await mkdir(out, { recursive: true });
await mkdir(fonts, { recursive: true });
await copyFile(join(here, 'node_modules', '@embedpdf', 'fonts-sc', 'fonts', font), join(fonts, font));
await Promise.all([script('src/widget.js', [cssAsText]), ...scripts.map((path) => script(path))]);
for (const style of styles) await writeFile(join(out, basename(style)), await minified(join(here, style)));
await mustBeAscii('widget.js');
for (const page of pages) await copyFile(join(here, 'demo', page), join(out, page));
for (const path of ['src/widget.js', ...scripts, ...styles, ...pages]) await measure(basename(path));
// What pages of other sites name the script by. The service reckons it anew from the file, and `zhixun embed` prints the lines.
console.log(`widget.js    sha384-${createHash('sha384').update(await readFile(join(out, 'widget.js'))).digest('base64')}`);
