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

async function inspect(text) {
  try {
    const bytes = new TextEncoder().encode(text);
    const place = front.reserve(bytes.length);
    new Uint8Array(front.memory.buffer, place, bytes.length).set(bytes);
    front.inspect();
    const json = new Uint8Array(front.memory.buffer, front.result(), front.result_length());
    return JSON.parse(new TextDecoder().decode(json));
  } catch (error) {
    // A module that stopped is of no use any more.
    front = await newFront();
    return { unusable: `the front end stopped: ${error.message}`, chains: [] };
  }
}

const text = element("text");

function select({ start, end }) {
  text.focus();
  text.setSelectionRange(start, end);
}

function replaceText(after) {
  text.value = after;
  text.focus();
  show();
}

function findingItem(finding) {
  // Words may wrap; the source with its carets may not.
  const start = finding.text.lastIndexOf(" --> ");
  const snippet = make("span", { className: "snippet", textContent: finding.text.slice(start) });
  const message = make("pre", {}, finding.text.slice(0, start), snippet);
  const item = make("li", { className: finding.is_error ? "error" : "warning" }, message);
  const button = (className, textContent, onclick) => make("button", { type: "button", className, textContent, onclick });
  item.append(button("place", "Show in the chain", () => select(finding.place)));
  for (const fix of finding.fixes) {
    item.append(button("fix", `Fix: ${fix.help.replaceAll("`", "")}`, () => replaceText(fix.text)));
  }
  return item;
}

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
  const inspected = await inspect(text.value);
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
  element("findings").replaceChildren(...findings.map(findingItem));
  element("layers").replaceChildren(...rows.map(layerRow));
  const totals = ["total", "", "", number(sum(rows, "parameters")), number(sum(rows, "macs"))];
  element("total").replaceChildren(make("tr", {}, ...totals.map((cell) => make("td", { textContent: cell }))));
  element("picture").replaceChildren(picture(rows));
}

const choice = element("example");
choice.append(...Object.keys(EXAMPLES).map((name) => make("option", { textContent: name })));
choice.onchange = () => {
  text.value = EXAMPLES[choice.value];
  show();
};
text.value = EXAMPLES[choice.value];
text.oninput = show;

// The digits.

const digits = await (await load("digits"))();
const SIDE = 8;
const pixels = new Float32Array(digits.memory.buffer, digits.drawn(), SIDE * SIDE);
const reconstruction = new Float32Array(digits.memory.buffer, digits.reconstructed(), SIDE * SIDE);
const drawing = element("drawing");
let cursor = null;

function paint(canvas, values, mark) {
  const context = canvas.getContext("2d");
  const size = canvas.width / SIDE;
  values.forEach((value, index) => {
    const grey = Math.round(255 * value);
    context.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
    context.fillRect((index % SIDE) * size, Math.floor(index / SIDE) * size, size, size);
  });
  if (mark) {
    context.strokeStyle = "#4aa3ff";
    context.lineWidth = 3;
    context.strokeRect(mark.x * size + 1.5, mark.y * size + 1.5, size - 3, size - 3);
  }
}

function reconstruct() {
  digits.run();
  paint(drawing, pixels, cursor);
  paint(element("reconstruction"), reconstruction, null);
}

// A soft brush of about one pixel, at a place in pixels.
function brush(x, y) {
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const index = row * SIDE + column;
      pixels[index] = Math.max(pixels[index], Math.min(1, Math.max(0, 1.3 - distance)));
    }
  }
  reconstruct();
}

function draw(event) {
  if (event.buttons === 0) return;
  event.preventDefault();
  const box = drawing.getBoundingClientRect();
  brush(((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE);
}

function clear() {
  pixels.fill(0);
  reconstruct();
}

drawing.onpointerdown = (event) => {
  drawing.setPointerCapture(event.pointerId);
  draw(event);
};
drawing.onpointermove = draw;
drawing.onfocus = () => {
  cursor ??= { x: 4, y: 4 };
  reconstruct();
};
drawing.onblur = () => {
  cursor = null;
  reconstruct();
};
drawing.onkeydown = (event) => {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const move = moves[event.key];
  if (move) {
    const within = (value) => Math.min(SIDE - 1, Math.max(0, value));
    cursor = { x: within(cursor.x + move[0]), y: within(cursor.y + move[1]) };
    reconstruct();
  } else if (event.key === " ") brush(cursor.x + 0.5, cursor.y + 0.5);
  else if (event.key === "Delete") clear();
  else return;
  event.preventDefault();
};
element("clear").onclick = clear;

// A digit to begin with.
const SEVEN = [[2, 1.5], [3, 1.5], [4, 1.5], [5, 1.5], [5, 2.5], [4.5, 3.5], [4, 4.5], [3.5, 5.5], [3, 6.5]];
SEVEN.forEach(([x, y]) => brush(x, y));

await show();
document.documentElement.dataset.ready = "yes";
