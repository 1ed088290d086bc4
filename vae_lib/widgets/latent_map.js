// A map of encoded images: point at one, or walk with the arrow keys, and see it beside its reconstruction.
// The browser's half of the class LatentMap.

import { KEYS, element, paint, picture, signed } from "./page.js";

const WIDTH = 560, HEIGHT = 440, EDGE = 14;

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-map");
  /** @type {(name: string) => Float32Array} pixels in [0, 1] */
  const pixels = (name) => Float32Array.from(new Uint8Array(model.get(name).buffer, model.get(name).byteOffset, model.get(name).byteLength), (byte) => byte / 255);
  const labels = /** @type {number[]} */ (model.get("labels")), colours = /** @type {string[]} */ (model.get("colours"));
  const points = /** @type {[number, number][]} */ (model.get("points"));
  const sides = [0, 1].map((axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))]);
  /** @type {(value: number, axis: number, length: number) => number} */
  const place = (value, axis, length) => EDGE + ((value - sides[axis][0]) / (sides[axis][1] - sides[axis][0])) * (length - 2 * EDGE);
  const spots = points.map(([x, y]) => [place(x, 0, WIDTH), HEIGHT - place(y, 1, HEIGHT)]);

  const map = element("canvas", { width: 2 * WIDTH, height: 2 * HEIGHT });
  const ring = element("div", { class: "ring" });
  const plane = element("div", {
    class: "plane", tabindex: 0, role: "slider", "aria-label": "Map of encoded images", ...KEYS,
    "aria-roledescription": "map", "aria-valuemin": 0, "aria-valuemax": points.length - 1,
  }, map, ring);
  const original = picture({ role: "img" });
  const rebuilt = picture({ role: "img" });
  const text = element("p", { role: "status" });
  const side = element("div", { class: "side" }, element("p", {}, "image"), original, element("p", {}, "reconstruction"), rebuilt, text);
  el.replaceChildren(plane, side);

  const context = /** @type {CanvasRenderingContext2D} */ (map.getContext("2d"));
  context.scale(2, 2);
  Object.assign(context, { font: "11px sans-serif", textAlign: "center", textBaseline: "middle" });
  spots.forEach(([x, y], i) => {
    context.fillStyle = colours[labels[i]];
    context.fillText(String(labels[i]), x, y);
  });
  context.fillStyle = "#333";
  Object.assign(context, { font: "12px sans-serif", textAlign: "right" });
  context.fillText("component 1 →", WIDTH - 8, HEIGHT - 10);
  context.textAlign = "left";
  context.fillText("↑ component 2", 8, 14);

  let here = 0;
  const images = pixels("images"), reconstructions = pixels("reconstructions");
  /** @param {number} i */
  function show(i) {
    here = i;
    const [x, y] = spots[i], says = `image ${i}, a ${labels[i]}`;
    Object.assign(ring.style, { left: `${(100 * x) / WIDTH}%`, top: `${(100 * y) / HEIGHT}%` });
    [images, reconstructions].forEach((all, k) => paint([original, rebuilt][k], all.subarray(784 * i, 784 * (i + 1))));
    original.setAttribute("aria-label", says);
    rebuilt.setAttribute("aria-label", `reconstruction of ${says}`);
    plane.setAttribute("aria-valuenow", String(i));
    plane.setAttribute("aria-valuetext", `${says}, at ${points[i].map((c) => signed(c, 1)).join(", ")}`);
    text.textContent = says;
  }

  /**
   * The point with the smallest `cost`, which is Infinity for those out of the question; here if there is none.
   * @param {(spot: number[]) => number} cost
   */
  function best(cost) {
    const costs = spots.map(cost), least = Math.min(...costs);
    return least === Infinity ? here : costs.indexOf(least);
  }

  plane.addEventListener("pointermove", (event) => {
    const box = plane.getBoundingClientRect();
    const x = ((event.clientX - box.left) * WIDTH) / box.width, y = ((event.clientY - box.top) * HEIGHT) / box.height;
    show(best(([px, py]) => Math.hypot(px - x, py - y)));
  });
  /** @type {Record<string, [number, number]>} */
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  plane.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = spots[here];
    show(best(([px, py]) => {
      const ahead = (px - x) * way[0] + (py - y) * way[1], aside = Math.abs((px - x) * way[1]) + Math.abs((py - y) * way[0]);
      return ahead > 0 && aside <= ahead ? ahead + 2 * aside : Infinity;
    }));
    event.preventDefault();
    event.stopPropagation();
  });
  show(0);
}

export default { render };
