// Builds the pages' scripts and styles from router/web/src into router/web/static.
// The server reads static/manifest.json to find the names with their content hashes.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const project = dirname(fileURLToPath(import.meta.url));
const sources = join(project, "router", "web", "src");

// Every script and stylesheet directly in the folder is an entry; what they share goes into a subfolder.
const entries = readdirSync(sources)
  .filter((name) => /\.(js|css)$/.test(name))
  .sort()
  .map((name) => join(sources, name));

// Beside each file stands what goes over the line: compressed once, as well as it goes (router/web/assets.py).
const compressed = {
  name: "compressed",
  writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle).filter((each) => /\.(js|css|svg)$/.test(each))) {
      const content = readFileSync(join(dir, name));
      writeFileSync(join(dir, `${name}.br`), brotliCompressSync(content));
      writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
    }
  },
};

export default defineConfig({
  root: sources,
  base: "/static/",
  publicDir: false,
  plugins: [compressed],
  cacheDir: join(project, ".cache", "vite"),
  build: {
    outDir: join(project, "router", "web", "static"),
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Inlined files would be data: addresses, which the pages' content security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: entries, checks: { pluginTimings: false } },
  },
});
