// The page. MODULES has the two modules of WebAssembly in base64.

const EXAMPLES = {
  "An output that does not come back": `conv_chain! {
    struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 16, kernel: 5, stride: 2) -> [16, 12, 12];
        dec: ConvTranspose2d(16 -> 1, kernel: 5, stride: 2) restores enc;
        output: [1, 28, 28];
    }
}
`,
  "An autoencoder of digits": `conv_chain! {
    struct Digits {
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu);

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}
`,
  "A classifier with a wrong Linear": `conv_chain! {
    struct Classifier {
        input: [3, 32, 32];
        Conv2d(3 -> 16, kernel: 5, activation: Relu);
        MaxPool2d(2);
        Conv2d(16 -> 32, kernel: 5, activation: Relu);
        MaxPool2d(2);
        Flatten;
        Linear(512 -> 10);
        output: [10];
    }
}
`,
};

const element = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made[name] = value;
  made.append(...children);
  return made;
}

async function load(name) {
  const bytes = Uint8Array.from(atob(MODULES[name]), (letter) => letter.charCodeAt(0));
  const module = await WebAssembly.compile(bytes);
  return () => WebAssembly.instantiate(module).then((instance) => instance.exports);
}

// The front end.

const newFront = await load("front");
let front = await newFront();

/** Writes bytes to memory that a module reserved. */
const write = (exports, place, bytes) => new Uint8Array(exports.memory.buffer, place, bytes.length).set(bytes);

/** The text that a module answered. */
const result = (exports) =>
  new TextDecoder().decode(new Uint8Array(exports.memory.buffer, exports.result(), exports.result_length()));

/** What the front end answers for a text; `otherwise` if it stopped. */
async function ask(question, text, otherwise) {
  try {
    const bytes = new TextEncoder().encode(text);
    write(front, front.reserve(bytes.length), bytes);
    front[question]();
    return JSON.parse(result(front));
  } catch (error) {
    // A module that stopped is of no use any more.
    front = await newFront();
    return { ...otherwise, unusable: `the front end stopped: ${error.message}` };
  }
}

const text = element("text");

function select({ start, end }) {
  text.focus();
  text.setSelectionRange(start, end);
}

/** What is said above the findings until the text changes. */
let notes = [];

async function replaceText(after, said = []) {
  text.value = after;
  text.focus();
  text.setSelectionRange(0, 0);
  text.scrollTop = 0;
  notes = said;
  await show();
}

const button = (className, textContent, onclick) => make("button", { type: "button", className, textContent, onclick });

/** A remark, with buttons. */
function noteItem({ words, buttons = [], className = "note" }) {
  return make("li", { className }, make("pre", { textContent: words }), ...buttons);
}

function findingItem(finding) {
  // Words may wrap; the source with its carets may not.
  const start = finding.text.lastIndexOf(" --> ");
  const snippet = make("span", { className: "snippet", textContent: finding.text.slice(start) });
  const message = make("pre", {}, finding.text.slice(0, start), snippet);
  const item = make("li", { className: finding.is_error ? "error" : "warning" }, message);
  item.append(button("place", "Show in the chain", () => select(finding.place)));
  for (const fix of finding.fixes) {
    item.append(button("fix", `Fix: ${fix.help.replaceAll("`", "")}`, () => replaceText(fix.text)));
  }
  return item;
}

// Lines of Python.

const PYTHON = /\b(nn|layers|keras|torch|tf)\s*\.|\bSequential\s*\(|^\s*(>>>|import|from|def|class)\s/m;

/** The start and end of a line, from 1. */
function lineAt(number) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  return { start, end: start + (lines[number - 1] ?? "").length };
}

/** The findings for lines of Python, and what to say about them. */
async function python() {
  const ported = await ask("port", text.value, { source: null, notes: [], faults: [] });
  if (ported.source !== null) {
    const said = ported.notes.map((words) => ({ words }));
    const turn = button("fix", "Turn them into a chain", () => replaceText(ported.source, said));
    const words = ["A chain can say the same.", ...ported.notes].join("\n");
    return { items: [noteItem({ words, buttons: [turn] })], right: true, words: "Lines of PyTorch or Keras." };
  }
  const items = ported.faults.map(({ line, reason }) =>
    noteItem({ className: "error", words: `line ${line}: ${reason}`, buttons: [button("place", "Show the line", () => select(lineAt(line)))] }),
  );
  const words = ported.unusable ?? "Lines of PyTorch or Keras, of which some cannot be read:";
  return { items, right: false, words };
}

// Shapes where the cursor is.

/** The rows of the table, each with the line of its layer, from 0. */
let shown = [];

function described(line) {
  const count = (value, word) => (value ? `${value.toLocaleString("en")} ${word}` : null);
  const words = shown.filter((row) => row.line === line).map((row) => {
    const shapes = [row.input, row.output].filter((shape) => shape !== null).join(" \u2192 ");
    const costs = [count(row.parameters, "parameters"), count(row.macs, "MACs")].filter((cost) => cost !== null);
    return [`${row.name}: ${row.op} ${shapes || "?"}`, ...costs].join(", ");
  });
  // The passes of a repeat share their line.
  return words.length > 4 ? [...words.slice(0, 3), `and ${words.length - 3} more`] : words;
}

function showHere() {
  const line = text.value.slice(0, text.selectionStart).split("\n").length - 1;
  element("here").textContent = described(line).join("\n") || "Shapes show where the cursor is, or under the mouse.";
}

text.onmousemove = (event) => {
  const style = getComputedStyle(text);
  const line = (event.offsetY + text.scrollTop - parseFloat(style.paddingTop)) / parseFloat(style.lineHeight);
  const words = described(Math.floor(line)).join("\n");
  const tip = element("tip");
  tip.textContent = words;
  tip.hidden = words === "";
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - width - 4))}px`;
  tip.style.top = `${event.clientY + 20 + height > innerHeight ? event.clientY - height - 8 : event.clientY + 20}px`;
};
text.onmouseleave = () => (element("tip").hidden = true);
document.addEventListener("selectionchange", showHere);

const number = (value) => (value === null ? "?" : value === 0 ? "-" : value.toLocaleString("en"));

function layerRow(row) {
  const name = make("button", { type: "button", textContent: row.name, onclick: () => select(row.place) });
  const cells = [row.op, row.output ?? "?", number(row.parameters), number(row.macs)];
  return make("tr", {}, make("td", {}, name), ...cells.map((cell) => make("td", { textContent: cell })));
}

function sum(rows, of) {
  const values = rows.map((row) => row[of]);
  return values.includes(null) ? null : values.reduce((total, value) => total + value, 0);
}

// A bar for each value of the chain: as high as its largest axis, as wide as its channels, both as logarithms.
function picture(rows) {
  const SVG = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(SVG, "svg");
  const [height, gap] = [120, 10];
  let x = 0;
  for (const row of rows) {
    const sizes = (row.output ?? "").match(/\d+/g)?.map(Number) ?? [1];
    const [channels, ...axes] = sizes;
    const size = (value) => Math.log2(Math.max(value, 1) + 1);
    const [w, h] = [6 + 5 * size(channels), 6 + 12 * size(Math.max(1, ...axes))];
    const bar = document.createElementNS(SVG, "rect");
    const place = { x, y: (height - Math.min(h, height)) / 2, width: w, height: Math.min(h, height), rx: 2 };
    for (const [name, value] of Object.entries(place)) bar.setAttribute(name, value);
    const title = document.createElementNS(SVG, "title");
    title.textContent = `${row.name}: ${row.op} ${row.output ?? "?"}`;
    bar.append(title);
    svg.append(bar);
    x += w + gap;
  }
  svg.setAttribute("width", x);
  svg.setAttribute("height", height);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", rows.map((row) => `${row.name} ${row.output ?? "?"}`).join(", "));
  return svg;
}

async function show() {
  const inspected = await ask("inspect", text.value, { chains: [] });
  const findings = inspected.chains.flatMap((chain) => chain.findings);
  const errors = findings.filter((finding) => finding.is_error).length;
  const deferred = inspected.chains.flatMap((chain) => chain.deferred);
  const rows = inspected.chains.flatMap((chain) => chain.rows);
  const status = element("status");
  const right = inspected.unusable === null && inspected.chains.length > 0 && errors === 0;
  status.className = right ? "right" : "wrong";
  const count = (length, word) => `${length} ${word}${length === 1 ? "" : "s"}`;
  if (inspected.unusable !== null) status.textContent = inspected.unusable;
  else if (inspected.chains.length === 0) status.textContent = "There is no conv_chain! { .. } here.";
  else if (errors > 0) status.textContent = count(errors, "error");
  else if (deferred.length > 0) status.textContent = `No error here; the compiler also checks ${deferred.join("; ")}`;
  else status.textContent = findings.length > 0 ? count(findings.length, "warning") : "The shapes fit.";
  const items = [...notes.map(noteItem), ...findings.map(findingItem)];
  if (inspected.chains.length === 0 && PYTHON.test(text.value)) {
    const ported = await python();
    status.className = ported.right ? "right" : "wrong";
    status.textContent = ported.words;
    items.push(...ported.items);
  }
  element("findings").replaceChildren(...items);
  const line = (row) => text.value.slice(0, row.place.start).split("\n").length - 1;
  shown = rows.map((row) => ({ ...row, line: line(row) }));
  element("layers-title").closest("section").hidden = rows.length === 0;
  element("tip").hidden = true;
  showHere();
  element("layers").replaceChildren(...rows.map(layerRow));
  const totals = ["total", "", "", number(sum(rows, "parameters")), number(sum(rows, "macs"))];
  element("total").replaceChildren(make("tr", {}, ...totals.map((cell) => make("td", { textContent: cell }))));
  element("picture").replaceChildren(picture(rows));
}

const choice = element("example");
choice.append(...Object.keys(EXAMPLES).map((name) => make("option", { textContent: name })));
choice.onchange = () => {
  text.value = EXAMPLES[choice.value];
  notes = [];
  show();
};
text.value = EXAMPLES[choice.value];
text.oninput = () => {
  notes = [];
  show();
};

// A model that runs on a drawing.

const digits = await (await load("digits"))();
let models;

/** The model that is built in: an autoencoder of digits. */
const BUILT_IN = {
  words: "Draw a digit: an autoencoder squeezes its 64 pixels into 16 numbers and back.",
  side: 8,
  run(drawn) {
    new Float32Array(digits.memory.buffer, digits.drawn(), drawn.length).set(drawn);
    digits.run();
    return new Float32Array(digits.memory.buffer, digits.reconstructed(), drawn.length).slice();
  },
};

/** The chain above with weights from a file. */
function loadedModel(name, side) {
  return {
    words: `The chain above runs with the weights of ${name}.`,
    side,
    run(drawn) {
      new Float32Array(models.memory.buffer, models.input(), drawn.length).set(drawn);
      if (models.run() === 0) throw new Error(result(models));
      return new Float32Array(models.memory.buffer, models.output(), models.output_length()).slice();
    },
  };
}

let model = BUILT_IN;
let drawn = new Float32Array(BUILT_IN.side ** 2);
const drawing = element("drawing");
let cursor = null;

function use(next) {
  model = next;
  cursor = null;
  drawn = new Float32Array(next.side ** 2);
  element("model").textContent = next.words;
  element("built-in").hidden = next === BUILT_IN;
  reconstruct();
}

/** The side of a picture with one channel; `null` for another shape. */
function side(shape) {
  const sizes = JSON.parse(shape);
  const [a, b, ...more] = sizes.filter((size) => size > 1);
  return a === b && more.length === 0 && a <= 96 ? a : null;
}

/** The module for models, with the chain's text and a file in its memory. */
async function withFile(bytes) {
  models ??= await (await load("models"))();
  write(models, models.reserve(1, bytes.length), bytes);
}

/** Loads the file in the module's memory into the chain above. */
function loadWeights(name) {
  const chain = new TextEncoder().encode(text.value);
  write(models, models.reserve(0, chain.length), chain);
  if (models.load() === 0) return result(models);
  const [input] = result(models).match(/\[[^\]]*\]/g);
  if (side(input) === null) return `The chain takes ${input}, which is no square picture with one channel: nothing to draw.`;
  use(loadedModel(name, side(input)));
  return null;
}

async function openWeights(file) {
  await withFile(new Uint8Array(await file.arrayBuffer()));
  const problem = loadWeights(file.name);
  if (problem !== null) element("model").textContent = `${file.name}: ${problem}`;
}

async function openOnnx(file) {
  await withFile(new Uint8Array(await file.arrayBuffer()));
  if (models.import() === 0) {
    notes = [{ className: "error", words: `${file.name}: ${result(models)}` }];
    return show();
  }
  const weights = new Uint8Array(models.memory.buffer, models.file(), models.file_length()).slice();
  const save = () => {
    const href = URL.createObjectURL(new Blob([weights]));
    make("a", { href, download: "net.safetensors" }).click();
    URL.revokeObjectURL(href);
  };
  const words = `The chain of ${file.name}, with ${weights.length.toLocaleString("en")} bytes of weights.`;
  await replaceText(result(models), [{ words, buttons: [button("place", "Save the weights", save)] }]);
  loadWeights(file.name);
}

for (const [name, open] of [["onnx", openOnnx], ["weights", openWeights]]) {
  const input = element(name);
  element(`open-${name}`).onclick = () => input.click();
  input.onchange = async () => {
    const [file] = input.files;
    if (file) await open(file);
    // So that the same file can be opened again.
    input.value = "";
  };
}
element("built-in").onclick = () => use(BUILT_IN);
document.ondragover = (event) => event.preventDefault();
document.ondrop = (event) => {
  event.preventDefault();
  for (const file of event.dataTransfer.files) {
    (file.name.endsWith(".safetensors") ? openWeights : openOnnx)(file);
  }
};

function paint(canvas, values, side, mark) {
  const context = canvas.getContext("2d");
  const size = canvas.width / side;
  values.forEach((value, index) => {
    const grey = Math.round(255 * Math.min(1, Math.max(0, value)));
    context.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
    context.fillRect((index % side) * size, Math.floor(index / side) * size, size, size);
  });
  if (mark) {
    context.strokeStyle = "#4aa3ff";
    context.lineWidth = 3;
    context.strokeRect(mark.x * size + 1.5, mark.y * size + 1.5, size - 3, size - 3);
  }
}

function reconstruct() {
  paint(drawing, drawn, model.side, cursor);
  const output = model.run(drawn);
  const side = Math.sqrt(output.length);
  const isPicture = Number.isInteger(side) && side > 1;
  paint(element("reconstruction"), isPicture ? output : new Float32Array(model.side ** 2), isPicture ? side : model.side, null);
  const values = [...output.entries()].sort(([, a], [, b]) => b - a).slice(0, 3);
  const words = values.map(([index, value]) => `${index}: ${value.toFixed(3)}`).join(", ");
  element("numbers").textContent = isPicture ? "" : `The largest of ${output.length} outputs: ${words}`;
}

// A soft brush of about an eighth of the picture, at a place in pixels.
function brush(x, y) {
  const { side } = model;
  const reach = Math.max(1.3, side / 14);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const index = row * side + column;
      drawn[index] = Math.max(drawn[index], Math.min(1, Math.max(0, reach - distance)));
    }
  }
  reconstruct();
}

function draw(event) {
  if (event.buttons === 0) return;
  event.preventDefault();
  const box = drawing.getBoundingClientRect();
  const place = (at, start, length) => ((at - start) / length) * model.side;
  brush(place(event.clientX, box.left, box.width), place(event.clientY, box.top, box.height));
}

function clear() {
  drawn.fill(0);
  reconstruct();
}

drawing.onpointerdown = (event) => {
  drawing.setPointerCapture(event.pointerId);
  draw(event);
};
drawing.onpointermove = draw;
const middle = () => ({ x: Math.floor(model.side / 2), y: Math.floor(model.side / 2) });
drawing.onfocus = () => {
  cursor ??= middle();
  reconstruct();
};
drawing.onblur = () => {
  cursor = null;
  reconstruct();
};
drawing.onkeydown = (event) => {
  cursor ??= middle();
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const move = moves[event.key];
  if (move) {
    const within = (value) => Math.min(model.side - 1, Math.max(0, value));
    cursor = { x: within(cursor.x + move[0]), y: within(cursor.y + move[1]) };
    reconstruct();
  } else if (event.key === " ") brush(cursor.x + 0.5, cursor.y + 0.5);
  else if (event.key === "Delete") clear();
  else return;
  event.preventDefault();
};
element("clear").onclick = clear;

// A digit to begin with.
use(BUILT_IN);
const SEVEN = [[2, 1.5], [3, 1.5], [4, 1.5], [5, 1.5], [5, 2.5], [4.5, 3.5], [4, 4.5], [3.5, 5.5], [3, 6.5]];
SEVEN.forEach(([x, y]) => brush(x, y));

await show();
document.documentElement.dataset.ready = "yes";
