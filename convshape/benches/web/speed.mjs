// Times the suite in convshape and in onnxruntime-web, both in Node.js with one thread: `node speed.mjs MODULE`, with
// `--rounds 5` of `--seconds 0.2` each after `--warm 1` seconds, and `--cases mnist,l_t` if not all. `run` builds the
// module and starts it. With `--cpu` the time is the processor's, which other programs disturb less.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import ort from "onnxruntime-web";

/** The largest difference of two outputs that are equal, in standard deviations. */
const TOLERANCE = 1e-3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "0.2" },
    warm: { type: "string", default: "1" },
    cases: { type: "string", default: "" },
    cpu: { type: "boolean", default: false },
  },
});
const [rounds, seconds, warm] = [values.rounds, values.seconds, values.warm].map(Number);

/** Milliseconds. The processor's have those of the engine's own threads too. */
const now = () => {
  if (!values.cpu) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const { instance } = await WebAssembly.instantiate(await readFile(positionals[0]));
const convshape = instance.exports;
const part = (Type, name) => new Type(convshape.memory.buffer, convshape[name](), convshape[`${name}_length`]()).slice();

/** The seconds of one run, over at least `seconds`. */
async function time(run, once) {
  const times = Math.max(1, Math.ceil(seconds / once));
  const start = now();
  await run(times);
  return (now() - start) / 1000 / times;
}

/** The largest difference of two outputs, in standard deviations of the second. */
function difference(a, b) {
  const mean = b.reduce((sum, value) => sum + value, 0) / b.length;
  const deviation = Math.sqrt(b.reduce((sum, value) => sum + (value - mean) ** 2, 0) / b.length);
  // NaN stays.
  return b.reduce((worst, value, index) => (Math.abs(a[index] - value) <= worst ? worst : Math.abs(a[index] - value)), 0) / (deviation || 1);
}

const milliseconds = (time) => (1000 * time).toFixed(3).padStart(10);
console.log(`Node.js ${process.version}, onnxruntime-web ${ort.env.versions.web}, one thread, ${rounds} rounds${values.cpu ? ", processor time" : ""}`);
console.log(`\n| case             |  convshape ms | onnxruntime-web ms | ratio |`);
console.log("|------------------|--------------:|-------------------:|------:|");
const ratios = [];
const words = values.cases.split(",").filter((word) => word !== "");
for (let index = 0; index < convshape.cases(); index++) {
  const name = new TextDecoder().decode(new Uint8Array(convshape.memory.buffer, convshape.name(index), convshape.name_length(index)));
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  convshape.prepare(index);
  const session = await ort.InferenceSession.create(part(Uint8Array, "onnx"), { executionProviders: ["wasm"] });
  const dims = [...part(Uint32Array, "dims")];
  const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", part(Float32Array, "input"), dims) };
  let output;
  const runs = {
    convshape: (times) => convshape.run(times),
    ort: async (times) => {
      for (let left = times; left > 0; left--) output = (await session.run(feeds))[session.outputNames[0]].data;
    },
  };
  await runs.ort(1);
  const error = difference(part(Float32Array, "output"), output);
  if (!(error <= TOLERANCE)) throw new Error(`${name}: the outputs differ by ${error} standard deviations`);
  // The first runs are slower: the engine compiles what is hot once more, in the background.
  const once = {};
  for (const peer of ["convshape", "ort"]) {
    const start = now();
    for (let last = start; last - start < 1000 * warm; ) {
      await runs[peer](1);
      once[peer] = Math.max((now() - last) / 1000, 1e-6);
      last = now();
    }
  }
  const best = { convshape: Infinity, ort: Infinity };
  for (let round = 0; round < rounds; round++) {
    for (const peer of ["convshape", "ort"]) best[peer] = Math.min(best[peer], await time(runs[peer], once[peer]));
  }
  await session.release();
  const ratio = best.ort / best.convshape;
  ratios.push(ratio);
  console.log(`| ${name.padEnd(16)} |    ${milliseconds(best.convshape)} |         ${milliseconds(best.ort)} | ${ratio.toFixed(2).padStart(5)} |`);
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
console.log(`\ngeometric mean ${mean.toFixed(2)}, least ${Math.min(...ratios).toFixed(2)} (above 1: convshape is faster)`);
