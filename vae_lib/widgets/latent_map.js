// A map of encoded images: point at one, or walk with the arrow keys, and see it beside its reconstruction.
// The browser's half of the class LatentMap in widgets.py.

const WIDTH = 560, HEIGHT = 440, EDGE = 14, SIDE = 28;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function paint(canvas, bytes) {
  const image = canvas.getContext("2d").createImageData(SIDE, SIDE);
  bytes.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function render({ model, el }) {
  el.classList.add("vae-map");
  const bytes = (name) => new Uint8Array(model.get(name).buffer, model.get(name).byteOffset, model.get(name).byteLength);
  const labels = model.get("labels"), colours = model.get("colours"), points = model.get("points");
  const sides = [0, 1].map((axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))]);
  const place = (value, axis, length) => EDGE + ((value - sides[axis][0]) / (sides[axis][1] - sides[axis][0])) * (length - 2 * EDGE);
  const spots = points.map(([x, y]) => [place(x, 0, WIDTH), HEIGHT - place(y, 1, HEIGHT)]);

  const map = element("canvas", { width: 2 * WIDTH, height: 2 * HEIGHT });
  const ring = element("div", { class: "ring" });
  const plane = element("div", {
    class: "plane", tabindex: 0, role: "slider", "aria-label": "Map of encoded images", "data-lm-suppress-shortcuts": "true",
    "aria-roledescription": "map", "aria-valuemin": 0, "aria-valuemax": points.length - 1,
  }, map, ring);
  const original = element("canvas", { width: SIDE, height: SIDE, role: "img" });
  const rebuilt = element("canvas", { width: SIDE, height: SIDE, role: "img" });
  const text = element("p", { role: "status" });
  const side = element("div", { class: "side" }, element("p", {}, "image"), original, element("p", {}, "reconstruction"), rebuilt, text);
  el.replaceChildren(plane, side);

  const context = map.getContext("2d");
  context.scale(2, 2);
  Object.assign(context, { font: "11px sans-serif", textAlign: "center", textBaseline: "middle" });
  spots.forEach(([x, y], i) => {
    context.fillStyle = colours[labels[i]];
    context.fillText(labels[i], x, y);
  });
  context.fillStyle = "#333";
  Object.assign(context, { font: "12px sans-serif", textAlign: "right" });
  context.fillText("component 1 →", WIDTH - 8, HEIGHT - 10);
  context.textAlign = "left";
  context.fillText("↑ component 2", 8, 14);

  let here = 0;
  const images = bytes("images"), reconstructions = bytes("reconstructions");
  function show(i) {
    here = i;
    const [x, y] = spots[i], says = `image ${i}, a ${labels[i]}`;
    Object.assign(ring.style, { left: `${(100 * x) / WIDTH}%`, top: `${(100 * y) / HEIGHT}%` });
    [images, reconstructions].forEach((all, k) => paint([original, rebuilt][k], all.subarray(784 * i, 784 * (i + 1))));
    original.setAttribute("aria-label", says);
    rebuilt.setAttribute("aria-label", `reconstruction of ${says}`);
    plane.setAttribute("aria-valuenow", i);
    plane.setAttribute("aria-valuetext", `${says}, at ${points[i].map((c) => c.toFixed(1).replace("-", "−")).join(", ")}`);
    text.textContent = says;
  }

  /** The point with the smallest `cost`, which is Infinity for those out of the question; here if there is none. */
  function best(cost) {
    const costs = spots.map(cost), least = Math.min(...costs);
    return least === Infinity ? here : costs.indexOf(least);
  }

  plane.addEventListener("pointermove", (event) => {
    const box = plane.getBoundingClientRect();
    const x = ((event.clientX - box.left) * WIDTH) / box.width, y = ((event.clientY - box.top) * HEIGHT) / box.height;
    show(best(([px, py]) => Math.hypot(px - x, py - y)));
  });
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
