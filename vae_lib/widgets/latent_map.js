// A map of encoded images: point at one, or walk with the arrow keys, and see it beside its reconstruction.
// The browser's half of the class LatentMap.

import { KEYS, drawing, element, lettering, paint, picture, setAttributes, signed } from "./page.js";

const WIDTH = 560, HEIGHT = 440, EDGE = 14, GLYPH = 11, CLOSEST = 16; // CLOSEST: so many times as large as the whole map

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-widget", "vae-map");
  /** @type {(name: string) => Float32Array} pixels in [0, 1] */
  const pixels = (name) => Float32Array.from(new Uint8Array(model.get(name).buffer, model.get(name).byteOffset, model.get(name).byteLength), (byte) => byte / 255);
  const labels = /** @type {number[]} */ (model.get("labels")), colours = /** @type {string[]} */ (model.get("colours"));
  const points = /** @type {[number, number][]} */ (model.get("points"));
  const sides = [0, 1].map((axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))]);
  /** @type {(value: number, axis: number, length: number) => number} */
  const place = (value, axis, length) => EDGE + ((value - sides[axis][0]) / (sides[axis][1] - sides[axis][0])) * (length - 2 * EDGE);
  const spots = points.map(([x, y]) => [place(x, 0, WIDTH), HEIGHT - place(y, 1, HEIGHT)]);

  const map = drawing("svg", { "aria-hidden": "true" });
  const ring = drawing("circle", { class: "ring" });
  const groups = colours.map((colour) => drawing("g", { style: `--digit: ${colour}` }));
  spots.forEach(([x, y], i) => groups[labels[i]].append(lettering(String(labels[i]), { x, y })));
  map.append(...groups, ring);
  const plane = element("div", {
    class: "plane", tabindex: 0, role: "slider", "aria-label": "Map of encoded images", ...KEYS,
    "aria-roledescription": "map", "aria-valuemin": 0, "aria-valuemax": points.length - 1,
  }, map, element("span", { class: "up" }, "↑ component 2"), element("span", { class: "right" }, "component 1 →"));
  const original = picture({ role: "img" });
  const rebuilt = picture({ role: "img" });
  const text = element("p", { role: "status" });
  /** @type {(says: string, attributes: import("./page.js").Attributes, act: () => void) => HTMLButtonElement} */
  const button = (says, attributes, act) => {
    const made = element("button", { type: "button", ...attributes, ...KEYS }, says);
    made.addEventListener("click", act);
    return made;
  };
  const only = groups.map((_, digit) => button(String(digit), { "aria-pressed": "false", "aria-label": `Only the ${digit}`, style: `--digit: ${colours[digit]}` }, () => choose(digit)));
  el.replaceChildren(
    element("div", { class: "shown" }, plane,
      element("div", { class: "buttons" },
        element("div", { role: "group", "aria-label": "Zoom" }, button("+", { "aria-label": "Closer" }, () => zoom(2)),
          button("−", { "aria-label": "Farther" }, () => zoom(0.5)), button("whole map", {}, () => zoom(0))),
        element("div", { role: "group", "aria-label": "Show only" }, element("span", {}, "only "), ...only))),
    element("div", { class: "side" },
      element("div", {}, element("p", {}, "image"), original), element("div", {}, element("p", {}, "reconstruction"), rebuilt), text));

  const images = pixels("images"), reconstructions = pixels("reconstructions");
  let here = 0, scale = 1, left = 0, top = 0; // the chosen image; how the map is enlarged, and its visible part's corner
  /** @type {Set<number>} digits that are shown; all, if there is none */
  const chosen = new Set();
  /** @param {number} i */
  const isShown = (i) => !chosen.size || chosen.has(labels[i]);

  /**
   * Move the visible part's corner to this place, or as near as the map reaches.
   * @param {number} x @param {number} y
   */
  function look(x, y) {
    left = Math.max(0, Math.min(x, WIDTH - WIDTH / scale));
    top = Math.max(0, Math.min(y, HEIGHT - HEIGHT / scale));
    setAttributes(map, { viewBox: `${left} ${top} ${WIDTH / scale} ${HEIGHT / scale}`, "font-size": GLYPH / scale ** 0.75 });
  }

  /**
   * Enlarge the map about the chosen image.
   * @param {number} factor 0 for the whole map
   */
  function zoom(factor) {
    const before = scale, [x, y] = spots[here];
    scale = Math.min(CLOSEST, Math.max(1, scale * factor));
    look(x - ((x - left) * before) / scale, y - ((y - top) * before) / scale);
    setAttributes(ring, { r: 9 / scale });
  }

  /**
   * Take a digit among those that alone are shown, or out of them.
   * @param {number} digit
   */
  function choose(digit) {
    if (!chosen.delete(digit)) chosen.add(digit);
    groups.forEach((group, k) => {
      group.classList.toggle("hidden", chosen.size > 0 && !chosen.has(k));
      only[k].setAttribute("aria-pressed", String(chosen.has(k)));
    });
    if (!isShown(here)) show(best(([x, y]) => Math.hypot(x - spots[here][0], y - spots[here][1])));
  }

  /** @param {number} i */
  function show(i) {
    here = i;
    const [x, y] = spots[i], says = `image ${i}, a ${labels[i]}`, [across, down] = [WIDTH / scale, HEIGHT / scale];
    setAttributes(ring, { cx: x, cy: y });
    if (x < left || y < top || x > left + across || y > top + down) look(x - across / 2, y - down / 2);
    [images, reconstructions].forEach((all, k) => paint([original, rebuilt][k], all.subarray(784 * i, 784 * (i + 1))));
    original.setAttribute("aria-label", says);
    rebuilt.setAttribute("aria-label", `reconstruction of ${says}`);
    plane.setAttribute("aria-valuenow", String(i));
    plane.setAttribute("aria-valuetext", `${says}, at ${points[i].map((c) => signed(c, 1)).join(", ")}`);
    text.textContent = says;
  }

  /**
   * The shown point with the smallest `cost`, which is Infinity for those out of the question; here if there is none.
   * @param {(spot: number[]) => number} cost
   */
  function best(cost) {
    const costs = spots.map((spot, i) => (isShown(i) ? cost(spot) : Infinity)), least = Math.min(...costs);
    return least === Infinity ? here : costs.indexOf(least);
  }

  /** @param {PointerEvent} event */
  function point(event) {
    const box = map.getBoundingClientRect(), unit = WIDTH / scale / box.width;
    if (plane.hasPointerCapture(event.pointerId) && scale > 1) return look(left - event.movementX * unit, top - event.movementY * unit);
    const x = left + (event.clientX - box.left) * unit, y = top + (event.clientY - box.top) * unit;
    show(best(([px, py]) => Math.hypot(px - x, py - y)));
  }
  plane.addEventListener("pointermove", point);
  plane.addEventListener("pointerdown", (event) => {
    point(event);
    if (event.pointerType === "mouse") plane.setPointerCapture(event.pointerId); // held, it moves an enlarged map
  });
  /** @type {Record<string, [number, number]>} */
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  /** @type {Record<string, number>} */
  const zooms = { "+": 2, "-": 0.5, 0: 0 };
  plane.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in zooms) zoom(zooms[event.key]);
    else if (!way) return;
    else {
      const [x, y] = spots[here];
      show(best(([px, py]) => {
        const ahead = (px - x) * way[0] + (py - y) * way[1], aside = Math.abs((px - x) * way[1]) + Math.abs((py - y) * way[0]);
        return ahead > 0 && aside <= ahead ? ahead + 2 * aside : Infinity;
      }));
    }
    event.preventDefault();
    event.stopPropagation();
  });
  zoom(0);
  show(0);
}

export default { render };
