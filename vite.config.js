// Builds the pages' scripts and styles from router/web/src into router/web/static.
// The server reads static/manifest.json to find the names with their content hashes.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const project = dirname(fileURLToPath(import.meta.url));
const sources = join(project, "router", "web", "src");

// Every script and stylesheet directly in the folder is an entry; what they share goes into a subfolder.
const entries = readdirSync(sources)
  .filter((name) => /\.(js|css)$/.test(name))
  .sort()
  .map((name) => join(sources, name));

export default defineConfig({
  root: sources,
  base: "/static/",
  publicDir: false,
  cacheDir: join(project, ".cache", "vite"),
  build: {
    outDir: join(project, "router", "web", "static"),
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Inlined files would be data: addresses, which the pages' content security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: entries },
  },
});
