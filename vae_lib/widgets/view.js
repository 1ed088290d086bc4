// What one sees of the explorer. It shows a z, and knows nothing of how one gets there.

import { KEYS, drawing, element, paint, picture, setAttributes, signed } from "./page.js";
import { anchors, shares } from "./state.js";

export const STEP = 13, UNIT = 23, MIDDLE = 80, LEFT = 24; // of the strip of bars: a bar's width, the height of 1, where 0 is

/**
 * The parts of the page, in the element, and the functions that show a z in them.
 * @param {HTMLElement} el @param {import("./state.js").State} state
 */
export function buildView(el, { dims, decode, classify, means, codes, labels, kld, byUse }) {
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
    const name = drawing("text", { x: x * 1.34, y: y * 1.34, class: "name" });
    name.textContent = String(k);
    return [drawing("image", { href: thumbnail.toDataURL(), x: x - 0.15, y: y - 0.15, width: 0.3, height: 0.3 }), name];
  });
  const dot = drawing("circle", { r: 0.075, class: "knob" });
  pad.append(drawing("circle", { r: 1.03, class: "ground" }), ...digits, dot);

  const width = LEFT + dims * STEP + 4;
  const strip = drawing("svg", { viewBox: `0 0 ${width} 184`, class: "strip", role: "img" });
  const bands = [2, 1].map((reach) =>
    drawing("rect", { x: LEFT, y: MIDDLE - reach * UNIT, width: dims * STEP, height: 2 * reach * UNIT, class: "band" }));
  const bars = byUse.map((_, rank) => drawing("rect", { x: LEFT + rank * STEP + 1.5, width: STEP - 3 }));
  const chosen = drawing("path", { class: "chosen" });
  /** @type {(text: string, attributes: import("./page.js").Attributes) => SVGTextElement} */
  const write = (text, attributes) => {
    const made = drawing("text", attributes);
    made.textContent = text;
    return made;
  };
  strip.append(
    ...bands,
    ...[-2, -1, 0, 1, 2].map((tick) => write(signed(tick, 0), { x: LEFT - 5, y: MIDDLE - tick * UNIT + 3.5, class: "tick" })),
    drawing("line", { x1: LEFT, x2: LEFT + dims * STEP, y1: MIDDLE, y2: MIDDLE, class: "zero" }),
    ...bars,
    write("← used most", { x: LEFT, y: 180, class: "end" }),
    write("hardly used →", { x: width - 4, y: 180, class: "end last" }),
    chosen,
  );
  const distance = element("p", { class: "distance" });

  const options = () => codes.map((_, i) => element("option", { value: i }, `image ${i} (${labels[i]})`));
  const from = element("select", { "aria-label": "From image", ...KEYS }, ...options());
  const to = element("select", { "aria-label": "To image", ...KEYS }, ...options());
  const ends = [picture({ "aria-hidden": "true" }), picture({ "aria-hidden": "true" })];
  const along = element("input", { type: "range", min: 0, max: 100, step: 2, value: 0, "aria-label": "Way along the line, per cent", ...KEYS });
  to.value = String(codes.length - 1 && 1);

  const dimension = element("select", { "aria-label": "Dimension, most used first", ...KEYS }, ...byUse.map((dim) =>
    element("option", { value: dim }, `z[${dim}], ${kld[dim].toFixed(2)} nats`)));
  const value = element("input", { type: "range", min: -3, max: 3, step: 0.1, ...KEYS });

  const one = element("button", { type: "button", ...KEYS }, "Draw one");
  const sixteen = element("button", { type: "button", ...KEYS }, "Draw 16");
  const back = element("button", { type: "button", ...KEYS }, "Back to the start");
  const grid = element("div", { class: "grid", role: "group", "aria-label": "Sixteen draws from the prior" });

  /** @type {(...children: Node[]) => HTMLElement} */
  const row = (...children) => element("div", { class: "row" }, ...children);
  /** @type {(title: string, ...children: Node[]) => HTMLElement} */
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
      const height = UNIT * Math.min(Math.abs(z[dim]), 3.4);
      setAttributes(bars[rank], { y: z[dim] > 0 ? MIDDLE - height : MIDDLE, height, class: Math.abs(z[dim]) > 2 ? "bar far" : "bar" });
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
    const text = `${Math.round(100 * parts[first])} % of the ${first}, ${Math.round(100 * parts[second])} % of the ${second}`;
    const says = Math.hypot(...knob) < 0.01 ? "the middle, all ten digits alike" : text;
    setAttributes(pad, { "aria-valuenow": first, "aria-valuetext": says });
    return says;
  }

  return {
    where, verdict, spoken, pad, strip, width, from, to, ends, along, dimension, value, one, sixteen, back, grid,
    show, showDimension, showKnob,
  };
}
