// Bundles the pages' scripts and styles into player_api/static. Names carry a hash of their content, so that they can be
// cached for ever; manifest.json tells the server which name is current and is written last, in one move. What several
// pages share, and what is loaded later (a language, the player's engine), are chunks: "chunk/NAME" in the manifest.
// policy.json has the hashes of the styles inside of the player's elements, for the pages' Content-Security-Policy.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
const pages = ["watch/watch.js", "watch/watch.css", "studio/library.js", "studio/video.js", "studio/studio.css",
  "studio/captions_editor.js", "studio/chapters_editor.js", "studio/editors.css", "studio/trim_editor.js", "studio/trim.css",
  "studio/live/live_list.js", "studio/live/live_stream.js", "studio/live/live.css",
  "studio/analytics/analytics.js", "studio/analytics/overview.js", "studio/analytics/analytics.css"];
const alone = ["player/engagement.js", "player/lectern-player.js"]; // for pages of others: one file each, no hash in its address

const manifest = {};
const inputs = new Set();

async function bundle(entries, how) {
  const { metafile } = await build({
    absWorkingDir: here,
    entryPoints: entries.map((name) => `src/${name}`),
    entryNames: "[name].[hash]",
    chunkNames: "[name].[hash]",
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "safari16"],
    loader: { ".ftl": "text" },
    legalComments: "none", // LICENSES.txt holds them whole
    metafile: true,
    logLevel: "warning",
    ...how,
  });
  for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
    const entry = entries.find((name) => entryPoint === `src/${name}`);
    manifest[entry ? basename(entry) : `chunk/${basename(file)}`] = basename(file);
  }
  for (const input of Object.keys(metafile.inputs)) inputs.add(input);
}

await bundle(pages, { splitting: true });
await bundle(alone, {});

// The elements of media-chrome write their own <style>; a page that allows nothing inline allows these, by their hashes.
const styles = new Set();
for (const input of inputs) {
  if (!/^node_modules\/media-chrome\/dist\/media-[a-z-]+\.js$/.test(input)) continue;
  const { default: Element } = await import(join(here, input));
  for (const [, style] of Element.getTemplateHTML({}).matchAll(/<style[^>]*>([^]*?)<\/style>/g)) {
    styles.add(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  }
}

const packages = new Set();
for (const input of inputs) {
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
writeFileSync(join(out, "policy.json"), `${JSON.stringify({ styles: [...styles].sort() }, null, 2)}\n`);
writeFileSync(join(out, "manifest.json.new"), `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(join(out, "manifest.json.new"), join(out, "manifest.json"));

const current = new Set([...Object.values(manifest), "LICENSES.txt", "manifest.json", "policy.json"]);
for (const file of readdirSync(out)) if (!current.has(file)) rmSync(join(out, file), { recursive: true });
