// Runs a program of the target wasm32-wasip1 in Node.js: `node wasi.mjs MODULE ARGUMENTS..`. It sees the file system.
import { readFile } from "node:fs/promises";
import { argv, cwd, env, exit } from "node:process";
import { WASI } from "node:wasi";

const [module, ...args] = argv.slice(2);
const wasi = new WASI({ version: "preview1", args: [module, ...args], env: { ...env, PWD: cwd() }, preopens: { "/": "/" } });
const { instance } = await WebAssembly.instantiate(await readFile(module), wasi.getImportObject());
exit(wasi.start(instance));
