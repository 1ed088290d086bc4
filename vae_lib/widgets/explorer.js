// The explorer's half in the browser: it has the decoder's weights, so it needs no kernel to draw.
// Here is what one does with it; state.js is what it knows, view.js what one sees, network.js the decoder.

import { KEYS, element, paint, picture, signed } from "./page.js";
import { anchors, mix, readState, readZ, shares } from "./state.js";
import { LEFT, MIDDLE, STEP, UNIT, buildView } from "./view.js";

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-widget", "vae-explorer");
  try {
    return explore(model, el);
  } catch (error) {
    el.replaceChildren(element("p", { role: "alert" }, /** @type {Error} */ (error).message));
  }
}

/** @typedef {(target: Float32Array, says: string, byPad?: boolean) => void} Move */

/** @param {import("./page.js").Model} model @param {HTMLElement} el */
function explore(model, el) {
  const state = readState(model), { dims, decode, means, codes, labels, byUse } = state;
  const start = readZ(model, dims);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const view = buildView(el, state);
  const { pad, strip, dimension, value, from, to, ends, along } = view;
  let z = /** @type {Float32Array} */ (start.slice()), knob = /** @type {[number, number]} */ ([0, 0]), frame = 0, saving = 0, telling = 0;

  /** @param {string} says */
  function show(says) {
    view.show(z, says);
    clearTimeout(telling);
    telling = window.setTimeout(() => (view.spoken.textContent = `${says}. ${view.verdict.textContent}`), 500);
    clearTimeout(saving);
    saving = window.setTimeout(save, 150);
  }

  function save() {
    if (String(model.get("z")) === String([...z])) return;
    model.set("z", [...z]);
    model.save_changes();
  }

  /**
   * Mark the draw that was taken, or none.
   * @param {Element} [draw]
   */
  function take(draw) {
    for (const other of view.grid.children) other.setAttribute("aria-pressed", String(other === draw));
  }

  /**
   * Go to a z at once; `says` tells in words where that is.
   * @type {Move}
   */
  function go(target, says, byPad = false) {
    cancelAnimationFrame(frame);
    z = target;
    if (!byPad) view.showKnob(knob, false);
    show(says);
  }

  /**
   * Go there through what lies between, unless the student asked the system for less motion.
   * @type {Move}
   */
  function glide(target, says, byPad = false) {
    const origin = z, begin = performance.now();
    /** @param {number} now */
    const step = (now) => {
      const share = still.matches ? 1 : Math.min(1, Math.max(0, (now - begin) / 250));
      go(share === 1 ? target : mix([origin, target], [1 - share, share]), says, byPad);
      if (share < 1) frame = requestAnimationFrame(step);
    };
    step(begin);
  }

  /** @param {number} x @param {number} y @param {Move} move */
  function movePad(x, y, move = go) {
    const far = Math.max(1, Math.hypot(x, y));
    take();
    knob = [x / far, y / far];
    const says = `on the pad: ${view.showKnob(knob, true)}`;
    move(mix(means, shares(knob)), says, true);
  }

  /** @param {SVGSVGElement} target @param {(event: PointerEvent) => void} act */
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
    /** @type {Record<string, [number, number]>} */
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
    const box = strip.getBoundingClientRect(), scale = view.width / box.width;
    const rank = Math.floor(((event.clientX - box.left) * scale - LEFT) / STEP);
    if (event.type === "pointerdown") dimension.value = String(byUse[Math.min(dims - 1, Math.max(0, rank))]);
    setDimension((MIDDLE - (event.clientY - box.top) * scale) / UNIT);
  });

  /** @param {number} number */
  function setDimension(number) {
    const dim = Number(dimension.value), moved = z.slice();
    moved[dim] = Math.min(3, Math.max(-3, number));
    go(moved, `one dimension moved: z[${dim}] = ${signed(moved[dim], 1)}`);
  }

  /** Where on the line one is, in words. */
  function paintEnds() {
    const a = Number(from.value), b = Number(to.value);
    ends.forEach((canvas, i) => paint(canvas, decode(codes[[a, b][i]])));
    return `${along.value} % of the way from image ${a} (${labels[a]}) to image ${b} (${labels[b]})`;
  }

  /** Put all controls where they began; returns where on the line that is. */
  function reset() {
    take();
    [from.value, to.value, along.value, dimension.value] = ["0", String(Math.min(1, codes.length - 1)), "0", String(byUse[0])];
    knob = [0, 0];
    return paintEnds();
  }

  /** @param {Move} move */
  function moveAlong(move = go) {
    const says = paintEnds(), share = Number(along.value) / 100;
    take();
    move(mix([codes[Number(from.value)], codes[Number(to.value)]], [1 - share, share]), says);
  }

  value.addEventListener("input", () => setDimension(Number(value.value)));
  dimension.addEventListener("change", () => view.showDimension(z));
  along.addEventListener("input", () => moveAlong());
  for (const choice of [from, to]) choice.addEventListener("change", () => moveAlong(glide));
  view.back.addEventListener("click", () => (reset(), glide(start, "back at the start")));
  for (const { name, draw, one, sixteen } of view.sources) {
    one.addEventListener("click", () => (take(), glide(draw(), `drawn from ${name}`)));
    sixteen.addEventListener("click", () => {
      view.grid.setAttribute("aria-label", `Sixteen draws from ${name}`);
      view.grid.replaceChildren(...Array.from({ length: 16 }, (_, i) => {
        const drawn = draw(), small = picture({ "aria-hidden": "true" });
        paint(small, decode(drawn));
        const button = element("button", { type: "button", "aria-label": `Take draw ${i + 1}`, "aria-pressed": "false", ...KEYS }, small);
        button.addEventListener("click", () => (take(button), glide(drawn, `draw ${i + 1} of 16 from ${name}`)));
        return button;
      }));
    });
  }

  function fromPython() {
    try {
      const sent = readZ(model, dims);
      if (String([...sent]) !== String([...z])) take(), go(sent, "set from Python");
    } catch (error) {
      view.spoken.textContent = view.where.textContent = /** @type {Error} */ (error).message;
    }
  }
  model.on("change:z", fromPython);

  const says = reset(), same = codes[0].every((number, i) => Math.abs(number - start[i]) < 1e-6);
  go(z, same ? says : "at the start");
  return () => {
    model.off("change:z", fromPython);
    for (const timer of [saving, telling]) clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}

export default { render };
