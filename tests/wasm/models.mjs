// Runs the recorded models in WebAssembly: `node models.mjs MODULE`.
import { readFile } from "node:fs/promises";

// The largest error of an element, as a share of the output's standard deviation: as on other processors.
const TOLERANCE = 1e-5;

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const { memory, cases, name, name_length, error_of, allocations_of } = instance.exports;
let failed = 0;
for (let index = 0; index < cases(); index++) {
  const label = new TextDecoder().decode(new Uint8Array(memory.buffer, name(index), name_length(index)));
  const error = error_of(index);
  const allocations = allocations_of(index);
  // NaN fails too.
  const right = error <= TOLERANCE && allocations === 0;
  failed += right ? 0 : 1;
  console.log(`${right ? "ok" : "FAILED"} ${label}: error ${error.toExponential(1)}, ${allocations} allocations`);
}
console.log(`${cases() - failed} passed, ${failed} failed`);
process.exit(failed === 0 && cases() > 0 ? 0 : 1);
