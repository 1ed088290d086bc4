// What one sees of the explorer. It shows a z, and knows nothing of how one gets there.

import { KEYS, drawing, element, lettering, paint, picture, setAttributes, signed } from "./page.js";
import { anchors, drawPrior, shares } from "./state.js";

export const STEP = 13, UNIT = 23, MIDDLE = 80, LEFT = 28; // of the strip of bars: a bar's width, the height of 1, where 0 is
const REACH = 3.4; // what is longer is drawn so long

/** What the marks mean: how one looks (an SVG element of 24 × 16 and its attributes), and a sentence. */
const MARKS = /** @type {const} */ ([
  ["circle", { cx: 12, cy: 8, r: 6, class: "knob" }, "The pad made this z: a mixture of the ten class means, the nearer the more."],
  ["circle", { cx: 12, cy: 8, r: 6, class: "knob idle" }, "z is not on the pad. Touch the pad, and the marker fills again."],
  ["rect", { x: 7, y: 1, width: 10, height: 14, class: "bar far" }, "A number of z beyond ±2, where one in twenty of the prior’s numbers lies. The bands end at ±1 and ±2."],
  ["path", { d: "M12 3 l6 9 h-12 z", class: "chosen" }, "The number that “One dimension” moves. Drag a bar to choose and move it."],
  ["rect", { x: 5, y: 1, width: 14, height: 14, class: "taken" }, "The draw that you took."],
]);
const ON_THE_PAD = [
  ["0 … 9", "to that class mean"], ["Page Up, Page Down", "to the next or previous one"], ["Home", "to the middle"],
  ["arrows, with Shift far", "a little way"],
];

/**
 * The parts of the page, in the element, and the functions that show a z in them.
 * @param {HTMLElement} el @param {import("./state.js").State} state
 */
export function buildView(el, { dims, decode, classify, drawMixture, means, codes, labels, kld, byUse }) {
  const digit = picture({ class: "digit", role: "img" });
  const where = element("p", { class: "where" });
  const verdict = element("p", { class: "verdict" });
  const spoken = element("p", { class: "spoken", role: "status" });

  const pad = drawing("svg", {
    viewBox: "-1.06 -1.06 2.12 2.12", class: "pad", tabindex: 0, role: "slider", "aria-label": "Pad, ten class means on a ring",
    "aria-roledescription": "two-dimensional slider", "aria-valuemin": 0, "aria-valuemax": 9, ...KEYS,
  });
  const thumbnail = picture();
  const digits = anchors.flatMap(([x, y], k) => {
    paint(thumbnail, decode(means[k]));
    const name = lettering(String(k), { x: x * 1.355, y: y * 1.355, class: "name" });
    return [drawing("image", { href: thumbnail.toDataURL(), x: x - 0.13, y: y - 0.13, width: 0.26, height: 0.26 }), name];
  });
  const dot = drawing("circle", { r: 0.08, class: "knob" });
  pad.append(drawing("circle", { r: 1.03, class: "ground" }), ...digits, dot);

  const width = LEFT + dims * STEP + 4;
  const strip = drawing("svg", { viewBox: `0 0 ${width} 184`, class: "strip", role: "img" });
  const bands = [2, 1].map((reach) =>
    drawing("rect", { x: LEFT, y: MIDDLE - reach * UNIT, width: dims * STEP, height: 2 * reach * UNIT, class: "band" }));
  const bars = byUse.map((_, rank) => drawing("rect", { x: LEFT + rank * STEP + 1.5, width: STEP - 3 }));
  const columns = byUse.map((_, rank) => {
    const column = drawing("rect", { x: LEFT + rank * STEP, width: STEP, height: 2 * MIDDLE, class: "column" });
    column.append(drawing("title", {}));
    return column;
  });
  const chosen = drawing("path", { class: "chosen" });
  strip.append(
    ...bands,
    ...[-3, -2, -1, 0, 1, 2, 3].map((tick) => lettering(signed(tick, 0), { x: LEFT - 5, y: MIDDLE - tick * UNIT, class: "tick" })),
    drawing("line", { x1: LEFT, x2: LEFT + dims * STEP, y1: MIDDLE, y2: MIDDLE, class: "zero" }),
    ...bars,
    lettering("← used most", { x: LEFT, y: 180, class: "end" }),
    lettering("hardly used →", { x: width - 4, y: 180, class: "end last" }),
    chosen,
    ...columns,
  );
  const distance = element("p", { class: "distance" });

  const options = () => codes.map((_, i) => element("option", { value: i }, `${labels[i]}, image ${i}`));
  const from = element("select", { "aria-label": "From image", ...KEYS }, ...options());
  const to = element("select", { "aria-label": "To image", ...KEYS }, ...options());
  const ends = [picture({ "aria-hidden": "true" }), picture({ "aria-hidden": "true" })];
  const along = element("input", { type: "range", min: 0, max: 100, step: 2, value: 0, "aria-label": "Way along the line, per cent", ...KEYS });

  const dimension = element("select", { "aria-label": "Dimension, most used first", ...KEYS }, ...byUse.map((dim) =>
    element("option", { value: dim }, `z[${dim}], ${kld[dim].toFixed(2)} nats`)));
  const value = element("input", { type: "range", min: -3, max: 3, step: 0.1, ...KEYS });

  /** @type {(says: string) => HTMLButtonElement} */
  const button = (says) => element("button", { type: "button", ...KEYS }, says);
  const sources = [{ name: "the prior", draw: () => drawPrior(dims), one: button("Draw one"), sixteen: button("Draw 16") }];
  if (drawMixture) {
    const [one, sixteen] = ["Draw one from the mixture", "Draw 16 from the mixture"].map(button);
    sources.push({ name: "the mixture", draw: drawMixture, one, sixteen });
  }
  const [prior, ...others] = sources;
  const back = element("button", { type: "button", ...KEYS }, "Back to the start");
  const grid = element("div", { class: "grid", role: "group", "aria-label": "Sixteen draws from the prior" });

  /** @type {(...children: Node[]) => HTMLElement} */
  const row = (...children) => element("div", { class: "together" }, ...children);
  /** @type {(name: string, title: string, ...children: Node[]) => HTMLElement} */
  const section = (name, title, ...children) => element("fieldset", { class: name }, element("legend", {}, title), ...children);
  const marks = MARKS.map(([shape, attributes, says]) => {
    const mark = drawing("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" });
    mark.append(drawing(shape, attributes));
    return element("li", {}, mark, says);
  });
  const keys = ON_THE_PAD.flatMap(([key, says], i) => [i ? "; " : "", element("kbd", {}, key), ` ${says}`]);
  el.replaceChildren(
    element("div", { class: "layout" },
      element("div", { class: "view" }, digit, where, verdict), pad, strip,
      section("dimension", "One dimension", row(dimension, value)),
      section("prior", "The prior, z ~ N(0, I)", row(prior.one, prior.sixteen, back), ...others.map(({ one, sixteen }) => row(one, sixteen)), grid),
      section("line", "A line between two images", row(row(ends[0], from), row(to, ends[1])), along),
      distance,
      element("details", { class: "legend" }, element("summary", { ...KEYS }, "What the marks mean, and the keys"),
        element("ul", {}, ...marks), element("p", {}, "Keys on the pad: ", ...keys, "."))),
    spoken,
  );

  /**
   * Show a z everywhere; `says` tells in words where it is.
   * @param {Float32Array} z @param {string} says
   */
  function show(z, says) {
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
      const height = UNIT * Math.min(Math.abs(z[dim]), REACH);
      setAttributes(bars[rank], { y: z[dim] > 0 ? MIDDLE - height : MIDDLE, height, class: Math.abs(z[dim]) > 2 ? "bar far" : "bar" });
      /** @type {Element} */ (columns[rank].firstChild).textContent = `z[${dim}] = ${signed(z[dim], 2)}`;
    });
    const inside = z.filter((number) => Math.abs(number) <= 2).length;
    const near = `Length of z ${Math.hypot(...z).toFixed(1)} (a draw: ${Math.sqrt(dims - 0.5).toFixed(1)} ± 0.7). ` +
      `Within ±2: ${inside} of ${dims} numbers (a draw: ${Math.round(0.954 * dims)}).`;
    distance.textContent = near;
    strip.setAttribute("aria-label", `The ${dims} numbers of z as bars. ${near}`);
    showDimension(z);
  }

  /** @param {Float32Array} z */
  function showDimension(z) {
    const dim = Number(dimension.value), reach = Math.max(3, Math.abs(z[dim]));
    value.min = String(-reach);
    value.max = String(reach);
    value.value = String(z[dim]);
    value.setAttribute("aria-label", `z[${dim}]`);
    chosen.setAttribute("d", `M${LEFT + (byUse.indexOf(dim) + 0.5) * STEP} 158 l6 9 h-12 z`);
  }

  /**
   * Where the pad's knob is, in words.
   * @param {[number, number]} knob @param {boolean} active whether z is the knob's
   */
  function showKnob(knob, active) {
    const parts = shares(knob), [first, second] = parts.map((_, k) => k).sort((a, b) => parts[b] - parts[a]);
    setAttributes(dot, { cx: knob[0], cy: knob[1] });
    dot.classList.toggle("idle", !active);
    const percent = [first, second].map((k) => [Math.round(100 * parts[k]), k]).filter(([share]) => share > 0);
    const says = Math.hypot(...knob) < 0.01 ? "the middle, all ten digits alike" : percent.map(([share, k]) => `${share} % of the ${k}`).join(", ");
    setAttributes(pad, { "aria-valuenow": first, "aria-valuetext": says });
    return says;
  }

  return {
    where, verdict, spoken, pad, strip, width, from, to, ends, along, dimension, value, sources, back, grid,
    show, showDimension, showKnob,
  };
}
