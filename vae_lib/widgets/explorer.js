// The explorer's half in the browser: it has the decoder's weights, so it needs no kernel to draw.
// Beside it are widgets.css and, in widgets.py, the class Explorer, which sends what `open` reads.

const SIDE = 28;
const RING = 0.7; // of the pad's half width
const SVG = "http://www.w3.org/2000/svg";

/** A network of two layers, x → W₂ relu(W₁ x + b₁) + b₂, from float16 weights stored input by input. */
export function network(bytes, [inputs, hidden, outputs]) {
  const all = float16(bytes);
  const lengths = [inputs * hidden, hidden, hidden * outputs, outputs];
  const needed = lengths.reduce((a, b) => a + b);
  if (all.length !== needed)
    throw new Error(`A network ${inputs}–${hidden}–${outputs} has ${needed} weights, ${all.length} came: run the cell again.`);
  if (!all.every(Number.isFinite))
    throw new Error("Some weights are no finite numbers: load a model whose training did not fail, and run the cell again.");
  const layers = lengths.map((length, i) => all.subarray(lengths.slice(0, i).reduce((a, b) => a + b, 0)).subarray(0, length));
  const [first, firstBias, second, secondBias] = layers;
  const h = new Float32Array(hidden);
  return (x) => {
    const out = Float32Array.from(secondBias);
    h.set(firstBias);
    for (let i = 0; i < inputs; i++) add(h, x[i], first, i * hidden);
    for (let j = 0; j < hidden; j++) if (h[j] > 0) add(out, h[j], second, j * outputs);
    return out;
  };
}

/** sum += factor · the row that begins at `offset`. */
function add(sum, factor, rows, offset) {
  for (let i = 0; i < sum.length; i++) sum[i] += factor * rows[offset + i];
}

/** The decoder: z → x_hat, pixels in [0, 1]. */
export function decoder(bytes, sizes) {
  const logits = network(bytes, sizes);
  return (z) => logits(z).map((a) => 1 / (1 + Math.exp(-a)));
}

function float16(view) {
  const out = new Float32Array(view.byteLength / 2);
  const powers = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));
  for (let i = 0; i < out.length; i++) {
    const bits = view.getUint16(2 * i, true);
    const exponent = (bits >> 10) & 31;
    const size = exponent === 31 ? NaN : ((bits & 1023) + (exponent ? 1024 : 0)) * powers[exponent];
    out[i] = bits & 0x8000 ? -size : size;
  }
  return out;
}

/** What Python sent, checked: a sentence is thrown where something does not fit. */
function open(model) {
  const sizes = model.get("sizes");
  const [dims] = sizes;
  const decode = decoder(model.get("weights"), sizes);
  const view = model.get("codes");
  const rows = Array.from({ length: view.byteLength / 4 / dims }, (_, row) =>
    Float32Array.from({ length: dims }, (_, i) => view.getFloat32(4 * (row * dims + i), true)),
  );
  const classifierSizes = model.get("classifier_sizes");
  const classify = classifierSizes.length ? network(model.get("classifier"), classifierSizes) : null;
  return { dims, decode, classify, means: rows.slice(0, 10), codes: rows.slice(10), labels: model.get("labels"), kld: model.get("kld") };
}

function checkedZ(model, dims) {
  const z = model.get("z");
  if (z.length !== dims || !z.every(Number.isFinite))
    throw new Error(`z should be ${dims} finite numbers, ${z.length} came: set explorer.z to a code such as mu[0].`);
  return Float32Array.from(z);
}

/** Ten shares that add up to 1: the nearer a class mean on the ring, the larger its share. */
function shares([x, y]) {
  const near = anchors.map(([ax, ay]) => 1 / (Math.hypot(x - ax, y - ay) ** 4 + 1e-9));
  const total = near.reduce((a, b) => a + b);
  return near.map((w) => w / total);
}

const anchors = Array.from({ length: 10 }, (_, k) => {
  const angle = ((k - 2.5) * Math.PI) / 5; // the 0 is at the top
  return [RING * Math.cos(angle), RING * Math.sin(angle)];
});

const mix = (rows, weights) => rows[0].map((_, i) => rows.reduce((sum, row, k) => sum + weights[k] * row[i], 0));
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const signed = (value, digits) => value.toFixed(digits).replace("-", "−");

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function shape(parent, tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  parent.append(made);
  return made;
}

function picture(attributes = {}) {
  return element("canvas", { width: SIDE, height: SIDE, ...attributes });
}

function paint(canvas, x) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < x.length; i++) image.data.fill(Math.round(255 * x[i]), 4 * i, 4 * i + 3);
  for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255;
  context.putImageData(image, 0, 0);
}

function render({ model, el }) {
  el.classList.add("vae-explorer");
  try {
    return explorer(model, el);
  } catch (error) {
    el.replaceChildren(element("p", { role: "alert" }, error.message));
  }
}

function explorer(model, el) {
  const { dims, decode, classify, means, codes, labels, kld } = open(model);
  const start = checkedZ(model, dims);
  const byUse = kld.map((_, i) => i).sort((a, b) => kld[b] - kld[a]); // the dimensions, most used first
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const keys = { "data-lm-suppress-shortcuts": "true" }; // JupyterLab leaves the arrow keys to this element
  let z = start.slice(), knob = [0, 0], frame, saving, telling;

  // ---- what one sees -------------------------------------------------------------------------------------------

  const digit = picture({ class: "digit", role: "img" });
  const where = element("p", { class: "where" });
  const verdict = element("p", { class: "verdict" });
  const spoken = element("p", { class: "spoken", role: "status" });

  const pad = document.createElementNS(SVG, "svg");
  const padAttributes = {
    viewBox: "-1.06 -1.06 2.12 2.12", class: "pad", tabindex: 0, role: "slider", "aria-label": "Pad, ten class means on a ring",
    "aria-roledescription": "two-dimensional slider", "aria-valuemin": 0, "aria-valuemax": 9, ...keys,
  };
  for (const [name, value] of Object.entries(padAttributes)) pad.setAttribute(name, value);
  shape(pad, "circle", { r: 1.03, class: "ground" });
  const thumbnail = picture();
  anchors.forEach(([x, y], k) => {
    paint(thumbnail, decode(means[k]));
    shape(pad, "image", { href: thumbnail.toDataURL(), x: x - 0.15, y: y - 0.15, width: 0.3, height: 0.3 });
    shape(pad, "text", { x: x * 1.34, y: y * 1.34, class: "name" }, k);
  });
  const dot = shape(pad, "circle", { r: 0.075, class: "knob" });

  const strip = document.createElementNS(SVG, "svg");
  const STEP = 13, UNIT = 23, MIDDLE = 80, LEFT = 24, width = LEFT + dims * STEP + 4;
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} 184`, class: "strip", role: "img" })) strip.setAttribute(name, value);
  for (const reach of [2, 1])
    shape(strip, "rect", { x: LEFT, y: MIDDLE - reach * UNIT, width: dims * STEP, height: 2 * reach * UNIT, class: "band" });
  for (const tick of [-2, -1, 0, 1, 2]) shape(strip, "text", { x: LEFT - 5, y: MIDDLE - tick * UNIT + 3.5, class: "tick" }, signed(tick, 0));
  shape(strip, "line", { x1: LEFT, x2: LEFT + dims * STEP, y1: MIDDLE, y2: MIDDLE, class: "zero" });
  const bars = byUse.map((_, rank) => shape(strip, "rect", { x: LEFT + rank * STEP + 1.5, width: STEP - 3 }));
  shape(strip, "text", { x: LEFT, y: 180, class: "end" }, "← used most");
  shape(strip, "text", { x: width - 4, y: 180, class: "end last" }, "hardly used →");
  const chosen = shape(strip, "path", { class: "chosen" });
  const distance = element("p", { class: "distance" });

  const options = () => codes.map((_, i) => element("option", { value: i }, `image ${i} (${labels[i]})`));
  const from = element("select", { "aria-label": "From image", ...keys }, ...options());
  const to = element("select", { "aria-label": "To image", ...keys }, ...options());
  const ends = [picture({ "aria-hidden": "true" }), picture({ "aria-hidden": "true" })];
  const along = element("input", { type: "range", min: 0, max: 100, step: 2, value: 0, "aria-label": "Way along the line, per cent", ...keys });
  to.value = codes.length - 1 && 1;

  const dimension = element("select", { "aria-label": "Dimension, most used first", ...keys }, ...byUse.map((dim) =>
    element("option", { value: dim }, `z[${dim}], ${kld[dim].toFixed(2)} nats`)));
  const value = element("input", { type: "range", min: -3, max: 3, step: 0.1, ...keys });

  const one = element("button", { type: "button", ...keys }, "Draw one");
  const sixteen = element("button", { type: "button", ...keys }, "Draw 16");
  const back = element("button", { type: "button", ...keys }, "Back to the start");
  const grid = element("div", { class: "grid", role: "group", "aria-label": "Sixteen draws from the prior" });

  const row = (...children) => element("div", { class: "row" }, ...children);
  const section = (title, ...children) => element("fieldset", {}, element("legend", {}, title), ...children);
  el.replaceChildren(
    element("div", { class: "shown" },
      element("div", { class: "top" }, element("div", { class: "view" }, digit, where, verdict), pad),
      strip, distance),
    element("div", { class: "controls" },
      section("A line between two images", row(ends[0], from, to, ends[1]), along),
      section("One dimension", row(dimension, value)),
      section("The prior, z ~ N(0, I)", row(one, sixteen, back), grid)),
    spoken,
  );

  // ---- one z, shown everywhere ---------------------------------------------------------------------------------

  function show(says) {
    const x = decode(z);
    paint(digit, x);
    where.textContent = says;
    digit.setAttribute("aria-label", `Decoded digit, ${says}.`);
    if (classify) {
      const scores = classify(x), top = scores.indexOf(Math.max(...scores));
      const sure = 1 / scores.reduce((sum, score) => sum + Math.exp(score - scores[top]), 0);
      verdict.textContent = `the classifier says ${top}, ${Math.round(100 * sure)} % sure`;
    }
    byUse.forEach((dim, rank) => {
      const height = UNIT * Math.min(Math.abs(z[dim]), 3.4);
      bars[rank].setAttribute("y", z[dim] > 0 ? MIDDLE - height : MIDDLE);
      bars[rank].setAttribute("height", height);
      bars[rank].setAttribute("class", Math.abs(z[dim]) > 2 ? "bar far" : "bar");
    });
    const inside = z.filter((number) => Math.abs(number) <= 2).length;
    const near = `Length of z ${Math.hypot(...z).toFixed(1)} (a draw: ${Math.sqrt(dims - 0.5).toFixed(1)} ± 0.7). ` +
      `Within ±2: ${inside} of ${dims} numbers (a draw: ${Math.round(0.954 * dims)}).`;
    distance.textContent = near;
    strip.setAttribute("aria-label", `The ${dims} numbers of z as bars. ${near}`);
    showDimension();
    clearTimeout(telling);
    telling = setTimeout(() => (spoken.textContent = `${says}. ${verdict.textContent}`), 500);
    clearTimeout(saving);
    saving = setTimeout(save, 150);
  }

  function showDimension() {
    const dim = Number(dimension.value), reach = Math.max(3, Math.abs(z[dim]));
    value.min = -reach;
    value.max = reach;
    value.value = z[dim];
    value.setAttribute("aria-label", `z[${dim}]`);
    chosen.setAttribute("d", `M${LEFT + (byUse.indexOf(dim) + 0.5) * STEP} 158 l6 9 h-12 z`);
  }

  function showKnob(active) {
    const parts = shares(knob), [first, second] = parts.map((_, k) => k).sort((a, b) => parts[b] - parts[a]);
    dot.setAttribute("cx", knob[0]);
    dot.setAttribute("cy", knob[1]);
    dot.classList.toggle("idle", !active);
    const text = `${Math.round(100 * parts[first])} % of the ${first}, ${Math.round(100 * parts[second])} % of the ${second}`;
    pad.setAttribute("aria-valuenow", first);
    pad.setAttribute("aria-valuetext", Math.hypot(...knob) < 0.01 ? "the middle, all ten digits alike" : text);
    return pad.getAttribute("aria-valuetext");
  }

  function save() {
    if (String(model.get("z")) === String([...z])) return;
    model.set("z", [...z]);
    model.save_changes();
  }

  /** Go to a z at once; `says` tells in words where that is. */
  function go(target, says, byPad = false) {
    cancelAnimationFrame(frame);
    z = target;
    if (!byPad) showKnob(false);
    show(says);
  }

  /** Go there through what lies between, unless the student asked the system for less motion. */
  function glide(target, says, byPad = false) {
    const origin = z, begin = performance.now();
    const step = (now) => {
      const share = still.matches ? 1 : Math.min(1, Math.max(0, (now - begin) / 250));
      go(share === 1 ? target : mix([origin, target], [1 - share, share]), says, byPad);
      if (share < 1) frame = requestAnimationFrame(step);
    };
    step(begin);
  }

  // ---- what one does -------------------------------------------------------------------------------------------

  function movePad(x, y, move = go) {
    const far = Math.max(1, Math.hypot(x, y));
    knob = [x / far, y / far];
    const says = `on the pad: ${showKnob(true)}`;
    move(mix(means, shares(knob)), says, true);
  }

  function drag(target, act) {
    target.addEventListener("pointerdown", (event) => {
      target.setPointerCapture(event.pointerId);
      target.focus();
      act(event);
    });
    target.addEventListener("pointermove", (event) => target.hasPointerCapture(event.pointerId) && act(event));
  }

  drag(pad, (event) => {
    const box = pad.getBoundingClientRect();
    movePad((2.12 * (event.clientX - box.left)) / box.width - 1.06, (2.12 * (event.clientY - box.top)) / box.height - 1.06);
  });
  pad.addEventListener("keydown", (event) => {
    const { key } = event, [x, y] = knob, far = event.shiftKey ? 0.2 : 0.05;
    const nearest = Number(pad.getAttribute("aria-valuenow"));
    const arrows = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key in arrows) movePad(x + arrows[key][0], y + arrows[key][1]);
    else if (key === "Home") movePad(0, 0, glide);
    else if (key === "PageUp") movePad(...anchors[(nearest + 1) % 10], glide);
    else if (key === "PageDown") movePad(...anchors[(nearest + 9) % 10], glide);
    else if (/^[0-9]$/.test(key)) movePad(...anchors[Number(key)], glide);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  drag(strip, (event) => {
    const box = strip.getBoundingClientRect(), scale = width / box.width;
    const rank = Math.floor(((event.clientX - box.left) * scale - LEFT) / STEP);
    if (event.type === "pointerdown") dimension.value = byUse[Math.min(dims - 1, Math.max(0, rank))];
    setDimension((MIDDLE - (event.clientY - box.top) * scale) / UNIT);
  });

  function setDimension(number) {
    const dim = Number(dimension.value), moved = z.slice();
    moved[dim] = Math.min(3, Math.max(-3, number));
    go(moved, `one dimension moved: z[${dim}] = ${signed(moved[dim], 1)}`);
  }

  function moveAlong(move = go) {
    const a = Number(from.value), b = Number(to.value), share = Number(along.value) / 100;
    ends.forEach((canvas, i) => paint(canvas, decode(codes[[a, b][i]])));
    const says = `${along.value} % of the way from image ${a} (${labels[a]}) to image ${b} (${labels[b]})`;
    if (move) move(mix([codes[a], codes[b]], [1 - share, share]), says);
    return says;
  }

  const draw = () => Float32Array.from({ length: dims }, normal);
  value.addEventListener("input", () => setDimension(Number(value.value)));
  dimension.addEventListener("change", showDimension);
  along.addEventListener("input", () => moveAlong());
  for (const choice of [from, to]) choice.addEventListener("change", () => moveAlong(glide));
  one.addEventListener("click", () => glide(draw(), "drawn from the prior"));
  back.addEventListener("click", () => glide(start, "back at the start"));
  sixteen.addEventListener("click", () => {
    grid.replaceChildren(...Array.from({ length: 16 }, (_, i) => {
      const drawn = draw(), small = picture({ "aria-hidden": "true" });
      paint(small, decode(drawn));
      const button = element("button", { type: "button", "aria-label": `Take draw ${i + 1}`, ...keys }, small);
      button.addEventListener("click", () => glide(drawn, `draw ${i + 1} of 16 from the prior`));
      return button;
    }));
  });

  function fromPython() {
    try {
      const sent = checkedZ(model, dims);
      if (String([...sent]) !== String([...z])) go(sent, "set from Python");
    } catch (error) {
      spoken.textContent = where.textContent = error.message;
    }
  }
  model.on("change:z", fromPython);

  const says = moveAlong(null), same = codes[0].every((number, i) => Math.abs(number - start[i]) < 1e-6);
  go(z, same ? says : "at the start");
  return () => {
    model.off("change:z", fromPython);
    for (const timer of [saving, telling]) clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}

export default { render };
