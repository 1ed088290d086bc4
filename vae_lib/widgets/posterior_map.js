// Images to choose from; of the chosen one, its posterior in the plane and the encoder's answer.
// The browser's half of the class PosteriorMap.

import { KEYS, drawing, element, lettering, paint, picture, setAttributes, signed } from "./page.js";

const SIZE = 400, EDGE = 42; // of the plane as drawn, and of the room for its numbers
const SHADES = [0.5, 2, 4.5]; // nats below the peak: where a Gaussian has 1, 2 and 3 standard deviations
let groups = 0; // a page may have several of these, and radio buttons belong together by name

/** @typedef {{ low: number[], side: number, mu: number[], sigma: number[], elbo: number, log_p: number }} Near */

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-widget", "vae-posteriors");
  const near = /** @type {Near[]} */ (model.get("near"));
  /** @type {(name: string) => Uint8Array} */
  const bytes = (name) => new Uint8Array(model.get(name).buffer, model.get(name).byteOffset, model.get(name).byteLength);
  const images = bytes("images"), levels = bytes("levels"), places = Math.sqrt(levels.length / near.length);
  const group = `vae-posteriors-${groups++}`;

  const shades = element("canvas", { width: places, height: places });
  const scale = drawing("g", { class: "scale" }), ellipse = drawing("ellipse", { class: "answer" }), middle = drawing("path", { class: "answer" });
  const plane = drawing("svg", { viewBox: `${-EDGE} 0 ${SIZE + EDGE} ${SIZE + EDGE}`, role: "img" });
  const shown = drawing("image", { width: SIZE, height: SIZE });
  plane.append(drawing("rect", { width: SIZE, height: SIZE, class: "ground" }), shown, scale, ellipse, middle);
  const text = element("p", { role: "status" });

  const radios = near.map((_, i) => {
    const radio = element("input", { type: "radio", name: group, "aria-label": `image ${i}`, ...KEYS });
    radio.addEventListener("change", () => show(i));
    const image = picture({ "aria-hidden": "true" });
    paint(image, Float32Array.from(images.subarray(784 * i, 784 * (i + 1)), (byte) => byte / 255));
    return { radio, label: element("label", {}, radio, image) };
  });
  el.replaceChildren(
    element("div", { class: "choice", role: "radiogroup", "aria-label": "Image" }, ...radios.map(({ label }) => label)),
    plane,
    element("div", { class: "words" }, text,
      element("p", {}, "Shades: the posterior, which ends where a Gaussian has 1, 2 and 3 standard deviations."),
      element("p", {}, "Dashed: the encoder’s answer, its μ and an ellipse of 2 σ.")));

  /** @param {number} i */
  function show(i) {
    const { low, side, mu, sigma, elbo, log_p } = near[i], unit = SIZE / side;
    /** @type {(z: number[]) => [number, number]} */
    const place = ([a, b]) => [(a - low[0]) * unit, SIZE - (b - low[1]) * unit];
    shade(levels.subarray(places * places * i, places * places * (i + 1)));
    shown.setAttribute("href", shades.toDataURL());
    const [x, y] = place(mu);
    setAttributes(ellipse, { cx: x, cy: y, rx: 2 * sigma[0] * unit, ry: 2 * sigma[1] * unit });
    setAttributes(middle, { d: `M${x - 6} ${y} h12 M${x} ${y - 6} v12` });
    scale.replaceChildren(...[0, 0.5, 1].flatMap((share) => [
      lettering(signed(low[0] + share * side, 2), { x: share * SIZE, y: SIZE + 18, class: `across at-${share === 0.5 ? "middle" : share}` }),
      lettering(signed(low[1] + share * side, 2), { x: -4, y: SIZE * (1 - share), class: `up at-${share === 0.5 ? "middle" : share}` })]),
      lettering("z[0] →", { x: SIZE, y: SIZE + 32, class: "across at-1" }), lettering("↑ z[1]", { x: 4, y: 14, class: "across at-0" }));
    radios[i].radio.checked = true;
    const gap = `log p(x) ${signed(log_p, 1)}, the ELBO ${signed(elbo, 1)}: a gap of ${(log_p - elbo).toFixed(1)} nats`;
    text.textContent = `Image ${i}: ${gap}.`;
    const answer = `The encoder says ${mu.map((m, k) => `${signed(m, 2)} ± ${sigma[k].toFixed(2)}`).join(" and ")}`;
    plane.setAttribute("aria-label", `Posterior of image ${i}, ${peak(i)} ${answer}.`);
  }

  /**
   * The highest place of the posterior, a sentence.
   * @param {number} i
   */
  function peak(i) {
    const at = levels.subarray(places * places * i, places * places * (i + 1)).indexOf(0);
    const z = [Math.floor(at / places), at % places].map((k, axis) => near[i].low[axis] + (k / (places - 1)) * near[i].side);
    return `highest at ${z.map((value) => signed(value, 2)).join(", ")}.`;
  }

  /** @param {Uint8Array} below each place's 32nds of a nat below the peak, z[0] along the first axis */
  function shade(below) {
    const context = /** @type {CanvasRenderingContext2D} */ (shades.getContext("2d")), image = context.createImageData(places, places);
    for (let a = 0; a < places; a++)
      for (let b = 0; b < places; b++) {
        const nats = below[a * places + b] / 32, strength = SHADES.filter((level) => nats < level).length;
        image.data.set([0, 114, 178, [0, 60, 140, 255][strength]], 4 * ((places - 1 - b) * places + a));
      }
    context.putImageData(image, 0, 0);
  }
  show(0);
}

export default { render };
