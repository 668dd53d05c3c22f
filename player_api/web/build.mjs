// Bundles the pages' scripts and styles into player_api/static. Names carry a hash of their content, so that they can be
// cached for ever; manifest.json tells the server which name is current and is written last, in one move.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
const entries = ["watch.js", "studio.js", "watch.css", "engagement.js"]; // the last is for pages of others

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: entries.map((name) => `src/${name}`),
  entryNames: "[name].[hash]",
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "safari16"],
  legalComments: "none", // LICENSES.txt holds them whole
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) manifest[basename(entryPoint)] = basename(file);

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const match = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (match) packages.add(match[1]);
}
const licences = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const body = texts.map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
  return `${name} ${version} (${license})\n\n${body || "The package ships no licence text."}\n`;
});

mkdirSync(out, { recursive: true });
writeFileSync(join(out, "LICENSES.txt"), licences.join(`\n${"=".repeat(80)}\n\n`));
writeFileSync(join(out, "manifest.json.new"), `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(join(out, "manifest.json.new"), join(out, "manifest.json"));

const current = new Set([...Object.values(manifest), "LICENSES.txt", "manifest.json"]);
for (const file of readdirSync(out)) if (!current.has(file)) rmSync(join(out, file), { recursive: true });
