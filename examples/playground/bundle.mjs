// Writes the page with its style, script and modules: `node bundle.mjs MODULES PAGE`, with the folder of the modules.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const folder = dirname(fileURLToPath(import.meta.url));
const [folderOfModules, page] = process.argv.slice(2);
const part = (name) => readFile(join(folder, name), "utf8");
const size = (bytes) => `${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} with gzip`;

const modules = {};
for (const name of ["front", "digits", "models"]) {
  const bytes = await readFile(join(folderOfModules, `playground_${name}.wasm`));
  console.log(`${name}: ${size(bytes)}`);
  modules[name] = bytes.toString("base64");
}
const style = await part("page.css");
const script = await part("page.js");
let text = await part("page.html");
// Functions, so that a `$` in what is put in means itself.
text = text.replace("/* page.css */", () => style);
text = text.replace("/* modules */ {}", () => JSON.stringify(modules));
text = text.replace("/* page.js */", () => script);
await writeFile(page, text);
console.log(`${page}: ${size(Buffer.from(text))}`);
