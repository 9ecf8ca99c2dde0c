import { defineConfig } from "vite";

// The built page lies in the Python package, so that whoever installs it needs no Node.
export default defineConfig({
  build: {
    outDir: "../agent/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's content security policy allows no data: scripts or fonts
    modulePreload: { polyfill: false },
    rollupOptions: { input: ["index.html", "episodes.html"] },
  },
  server: { port: 17500, proxy: { "/api": "http://localhost:4000" } },
});
