// Tests the playground in headless Chromium: `node test.mjs PAGE COMMAND SCREENSHOTS`, with the command cargo-convshape
// to compare with and a folder for screenshots.
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const [page, command, screenshots] = process.argv.slice(2).map((path) => resolve(path));
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Wrong chains that fixes mend. */
const WRONG = `
shapes/restores_27_of_28.rs
shapes/linear_after_flatten.rs
shapes/output_padding_left_out.rs
shapes/channels_do_not_follow.rs
shapes/concat_off_by_one.rs
shapes/two_layers_that_each_lose_a_row.rs
shapes/restores_other_channels.rs
layers/kernel_larger_than_its_input.rs
layers/output_padding_reaches_the_stride.rs
names/layer_misspelt.rs
names/field_misspelt.rs
dialects/keras_same_loses_an_odd_row.rs
`.trim().split("\n");

/** The largest difference of a reconstructed pixel from the recorded one. */
const TOLERANCE = 1e-5;

// Chromium's debugging protocol over a pipe: messages of JSON that end with a zero.

const profile = await mkdtemp(join(tmpdir(), "playground-"));
const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"];
const chromium = spawn("chromium", [...flags, `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank"], {
  stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
});
const waiting = new Map();
let messages = 0;
let received = "";
chromium.stdio[4].setEncoding("utf8").on("data", (data) => {
  const parts = (received + data).split("\0");
  received = parts.pop();
  for (const message of parts.map((part) => JSON.parse(part))) {
    const { done, failed } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error) failed?.(new Error(message.error.message));
    else done?.(message.result);
  }
});
chromium.on("exit", () => waiting.forEach(({ failed }) => failed(new Error("Chromium ended"))));

let session;
function call(method, params = {}) {
  const id = ++messages;
  chromium.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
  return new Promise((done, failed) => waiting.set(id, { done, failed }));
}

/** The value of an expression in the page. */
async function evaluate(expression) {
  const answer = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  const { exceptionDetails: thrown, result } = answer;
  if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
  return result.value;
}

async function until(condition) {
  for (let tries = 0; tries < 600; tries++) {
    if (await evaluate(condition)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`still not so: ${condition}`);
}

async function screenshot(name, width, height, scheme) {
  await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  const { data } = await call("Page.captureScreenshot", { captureBeyondViewport: true });
  await writeFile(join(screenshots, `${name}.png`), Buffer.from(data, "base64"));
}

const FINDINGS = `[...document.querySelectorAll("#findings pre")].map((pre) => pre.textContent)`;

/** Types a chain in, and returns what is found. */
async function type(text) {
  await evaluate(`{
    const area = document.getElementById("text");
    area.value = ${JSON.stringify(text)};
    area.dispatchEvent(new Event("input"));
  }`);
  return settled();
}

/** Gives a file to an element of the page. */
async function open(id, path) {
  const { root: document } = await call("DOM.getDocument");
  const { nodeId } = await call("DOM.querySelector", { nodeId: document.nodeId, selector: `#${id}` });
  await call("DOM.setFileInputFiles", { nodeId, files: [path] });
  await until(`document.getElementById("${id}").value === ""`);
}

const STATUS = `document.getElementById("status").textContent`;

/** What is found once the page has looked at the text. */
async function settled() {
  await evaluate(`new Promise((done) => setTimeout(done, 0))`);
  return evaluate(FINDINGS);
}

/** What the command prints, with the path as the page has it. */
function native(path) {
  let printed;
  try {
    printed = execFileSync(command, ["check", path], { encoding: "utf8" });
  } catch (error) {
    printed = error.stdout;
  }
  return printed.replaceAll(path, "chain.rs");
}

try {
  const { targetId } = await call("Target.createTarget", { url: pathToFileURL(page).href });
  session = (await call("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  await until(`document.documentElement?.dataset.ready === "yes"`);

  for (const [name, width, scheme] of [["light", 1280, "light"], ["dark", 1280, "dark"], ["phone", 390, "light"]]) {
    await screenshot(name, width, 900, scheme);
    const overflow = await evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert.equal(overflow, 0, `${name}: the page is wider than the screen`);
  }

  let applied = 0;
  for (const file of WRONG) {
    const path = join(root, "ui-tests/fail", file);
    const found = await type(await readFile(path, "utf8"));
    assert.ok(found.length > 0, `${file}: nothing is wrong`);
    assert.equal(native(path).split("\n\n").slice(0, -1).join("\n\n"), found.join("\n\n"), file);
    // The first fix of the first error, until none is left.
    while ((await evaluate(`document.getElementById("status").className`)) === "wrong") {
      assert.ok(++applied < 100, `${file}: its fixes do not come to an end`);
      await evaluate(`document.querySelector("#findings .error button.fix").click()`);
      await settled();
    }
    console.log(`ok ${file}`);
  }

  // By keyboard alone: from the text to the first fix.
  await type(await readFile(join(root, "ui-tests/fail", WRONG[0]), "utf8"));
  await evaluate(`document.getElementById("text").focus()`);
  const press = async (key, code, text) => {
    for (const type of ["keyDown", "keyUp"]) {
      await call("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: code, text });
    }
  };
  // Source code that is wider than its place can be scrolled by keyboard too, so it may be a stop on the way.
  for (let stops = 0; stops < 4 && (await evaluate("document.activeElement.className")) !== "fix"; stops++) {
    await press("Tab", 9);
  }
  assert.equal(await evaluate("document.activeElement.className"), "fix");
  await press("Enter", 13, "\r");
  await settled();
  assert.equal(await evaluate(`document.getElementById("status").className`), "right");
  console.log("ok the first fix by keyboard");

  // Lines of Python.
  const python = `import torch.nn as nn
encoder = nn.Sequential(
    nn.Conv2d(1, 16, 3, stride=2, padding=1),  # 14
    nn.ReLU(),
    nn.Conv2d(16, 64, 7),
)
decoder = nn.Sequential(nn.ConvTranspose2d(64, 16, 7), nn.ReLU(),
    nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1), nn.Sigmoid())
`;
  await type(python);
  assert.equal(await evaluate(STATUS), "Lines of PyTorch or Keras.");
  await screenshot("python", 1280, 900, "light");
  await evaluate(`document.querySelector("#findings button.fix").click()`);
  await settled();
  assert.equal(await evaluate(STATUS), "The shapes fit.");
  const chain = await evaluate(`document.getElementById("text").value`);
  assert.match(chain, /#\[name = "encoder.0"\] Conv2d\(1 -> 16, kernel: 3, stride: 2, padding: 1\);/);
  assert.match(chain, /output: \[1, 27, 27\];/);
  const [guess] = await evaluate(FINDINGS);
  assert.equal(guess, "the lines do not say the size of the input: `[1, 28, 28]` is a guess");
  // Not kept when the text changes.
  assert.deepEqual(await type(chain), []);
  const unread = await type("net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    *blocks,\n    SEBlock(8))");
  assert.deepEqual(unread, ["line 3: `*blocks` unpacks a list: write its layers out"]);
  assert.deepEqual(await type("hello"), []);
  console.log("ok lines of Python become a chain");

  // Shapes on hover, and where the cursor is.
  await evaluate(`document.getElementById("text").scrollIntoView()`);
  await type(chain);
  const at = chain.split("\n").findIndex((line) => line.includes("Conv2d(16"));
  const line = await evaluate(`(() => {
    const area = document.getElementById("text");
    const { left, top } = area.getBoundingClientRect();
    const { paddingTop, lineHeight } = getComputedStyle(area);
    return { x: left + 80, y: top + parseFloat(paddingTop) + (${at} + 0.5) * parseFloat(lineHeight) + 1 };
  })()`);
  await call("Input.dispatchMouseEvent", { type: "mouseMoved", ...line });
  const shapes = "conv2: Conv2d [16, 14, 14] \u2192 [64, 8, 8], 50,240 parameters, 3,211,264 MACs";
  assert.equal(await evaluate(`document.getElementById("tip").textContent`), shapes);
  assert.equal(await evaluate(`document.getElementById("tip").hidden`), false);
  await screenshot("hover", 1280, 900, "dark");
  await evaluate(`{
    const area = document.getElementById("text");
    area.focus();
    const start = area.value.indexOf("Conv2d(16");
    area.setSelectionRange(start, start);
  }`);
  await until(`document.getElementById("here").textContent === ${JSON.stringify(shapes)}`);
  console.log("ok shapes on hover and at the cursor");

  // An ONNX file: the chain that the command writes.
  const onnx = join(root, "convshape/onnx/tests/imported/layers.onnx");
  const folder = join(profile, "imported");
  execFileSync(command, ["import", onnx, "--name", "Net", "--out", folder]);
  await open("onnx", onnx);
  assert.equal(await evaluate(`document.getElementById("text").value`), await readFile(join(folder, "net.rs"), "utf8"));
  const weights = (await readFile(join(folder, "net.safetensors"))).length.toLocaleString("en");
  assert.equal((await evaluate(FINDINGS))[0], `The chain of layers.onnx, with ${weights} bytes of weights.`);
  await screenshot("onnx", 390, 900, "dark");
  await open("onnx", join(root, "README.md"));
  assert.match((await evaluate(FINDINGS))[0], /^README.md: not an ONNX model/);
  console.log("ok an ONNX file becomes a chain");

  // The digits' weights from a file: the same reconstruction as that of the built-in model.
  const reconstruction = `(() => {
    const context = document.getElementById("reconstruction").getContext("2d");
    return Array.from({ length: 64 }, (_, index) =>
      context.getImageData((index % 8) * 24 + 12, Math.floor(index / 8) * 24 + 12, 1, 1).data[0]);
  })()`;
  const press3 = async (name) => {
    await evaluate(`document.getElementById("drawing").focus()`);
    for (const [key, code] of [["ArrowUp", 38], [" ", 32], ["ArrowUp", 38], [" ", 32], ["ArrowLeft", 37], [" ", 32]]) {
      await press(key, code, key === " " ? " " : undefined);
    }
    return evaluate(name);
  };
  await evaluate(`document.getElementById("clear").click()`);
  const builtIn = await press3(reconstruction);
  await evaluate(`{
    const choice = document.getElementById("example");
    choice.value = "An autoencoder of digits";
    choice.onchange();
  }`);
  await settled();
  const trained = join(root, "examples/data/digits/autoencoder.safetensors");
  await open("weights", trained);
  assert.equal(await evaluate(`document.getElementById("model").textContent`), "The chain above runs with the weights of autoencoder.safetensors.");
  const fromFile = await press3(reconstruction);
  const furthest = Math.max(...fromFile.map((grey, index) => Math.abs(grey - builtIn[index])));
  assert.ok(furthest <= 1, `with the weights of a file a pixel differs by ${furthest} of 255`);
  assert.ok(Math.max(...builtIn) > 100, "the drawing is empty");
  await type(chain);
  await open("weights", trained);
  assert.equal(
    await evaluate(`document.getElementById("model").textContent`),
    "autoencoder.safetensors: the file has no `encoder.0.weight`",
  );
  await evaluate(`document.getElementById("built-in").click()`);
  console.log("ok weights from a file");

  // A one, drawn with the mouse.
  await evaluate(`document.getElementById("clear").click()`);
  const box = await evaluate(`(() => {
    const canvas = document.getElementById("drawing");
    canvas.scrollIntoView();
    const { left, top, width } = canvas.getBoundingClientRect();
    return { left, top, width };
  })()`);
  const mouse = (type, column, row, buttons) => {
    const [x, y] = [box.left + (column * box.width) / 8, box.top + (row * box.width) / 8];
    return call("Input.dispatchMouseEvent", { type, x, y, buttons, button: "left" });
  };
  await mouse("mousePressed", 4, 0.5, 1);
  for (let y = 1; y <= 7.5; y += 0.5) await mouse("mouseMoved", 4, y, 1);
  await mouse("mouseReleased", 4, 7.5, 0);
  const [drawn, reconstructed] = await evaluate(`["drawing", "reconstruction"].map((id) => {
    const context = document.getElementById(id).getContext("2d");
    return Array.from({ length: 64 }, (_, index) =>
      context.getImageData((index % 8) * 24 + 12, Math.floor(index / 8) * 24 + 12, 1, 1).data[0] / 255);
  })`);
  const correlation = correlate(drawn, reconstructed);
  assert.ok(correlation > 0.8, `the reconstruction correlates with the drawing by ${correlation}`);
  console.log(`ok a drawn digit comes back: correlation ${correlation.toFixed(2)}`);
  await screenshot("digit", 1280, 900, "light");
} finally {
  chromium.kill();
  await new Promise((done) => chromium.once("exit", done));
  await rm(profile, { recursive: true, force: true });
}

function correlate(a, b) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = (values) => values.map((value) => value - mean(values));
  const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
  const [x, y] = [centred(a), centred(b)];
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

// The recorded digits, without a browser.
const digits = join(dirname(page), "wasm32-unknown-unknown/release/playground_digits.wasm");
const { exports } = (await WebAssembly.instantiate(await readFile(digits))).instance;
/** The elements of a npy file, after its header. */
const npy = async (name) => {
  const bytes = await readFile(join(root, "examples/data/digits", name));
  return bytes.subarray(10 + bytes.readUInt16LE(8));
};
const [images, expected] = [await npy("images.npy"), await npy("reconstructed_first_64.npy")];
const input = new Float32Array(exports.memory.buffer, exports.drawn(), 64);
const output = new Float32Array(exports.memory.buffer, exports.reconstructed(), 64);
let worst = 0;
for (let index = 0; index < 64 * 64; index += 64) {
  input.forEach((_, at) => (input[at] = images[index + at] / 16));
  exports.run();
  output.forEach((value, at) => (worst = Math.max(worst, Math.abs(value - expected.readFloatLE(4 * (index + at))))));
}
assert.ok(worst <= TOLERANCE, `a recorded digit is off by ${worst}`);
console.log(`ok 64 recorded digits: largest error ${worst.toExponential(1)}`);
