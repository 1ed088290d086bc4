// What one sees of a run: canvases drawn from what its worker sends.

/** @typedef {import("./worker.js").View} View */
/** @typedef {import("./worker.js").Point} Point */
/** @typedef {"loss" | "bce" | "kld"} Term */
/** @typedef {{ train: Point[], val: Point[] }} Curve */

export const SIDE = 14; // pixels of an image, each way

/**
 * A canvas' context, with as many pixels as the screen has, and its size in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 */
function open(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas, dense = Math.min(2, devicePixelRatio);
  if (canvas.width !== Math.round(width * dense)) canvas.width = Math.round(width * dense);
  if (canvas.height !== Math.round(height * dense)) canvas.height = Math.round(height * dense);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(dense, 0, 0, dense, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** The theme's colours, by the names of their CSS variables. */
export function colours() {
  const probe = document.createElement("i"), style = getComputedStyle(probe);
  document.body.append(probe);
  /** @param {string} name */
  const read = (name) => ((probe.style.color = `var(--${name})`), style.color);
  const names = ["ink", "quiet", "line", "bce", "kld"], digits = Array.from({ length: 10 }, (_, i) => read(`digit${i % 5}`));
  const [ink, quiet, line, bce, kld] = names.map(read);
  probe.remove();
  return { ink, quiet, line, bce, kld, loss: ink, digits };
}
/** @typedef {ReturnType<typeof colours>} Colours */

/**
 * Images side by side, each SIDE × SIDE grey levels.
 * @param {HTMLCanvasElement} canvas @param {number} columns @param {Uint8ClampedArray | Uint8Array} greys
 */
export function drawImages(canvas, columns, greys) {
  const count = greys.length / SIDE ** 2, width = columns * SIDE, height = Math.ceil(count / columns) * SIDE;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < greys.length; i++) {
    const picture = Math.floor(i / SIDE ** 2), within = i % SIDE ** 2;
    const x = (picture % columns) * SIDE + (within % SIDE), y = Math.floor(picture / columns) * SIDE + Math.floor(within / SIDE);
    pixels[y * width + x] = 0xff000000 | (greys[i] * 0x10101);
  }
  context.putImageData(image, 0, 0);
}

/**
 * How far the plane reaches from 0, so that nearly all means are on it; in few sizes, so that it seldom jumps.
 * @param {Float32Array} mu
 */
export function reachOf(mu) {
  const far = Float32Array.from(mu, Math.abs).sort()[Math.floor(0.98 * mu.length)] * 1.1;
  return [3.5, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500].find((reach) => far <= reach) ?? 1000;
}

/**
 * The latent plane: each image's digit at its μ, an oval one |σ| about it, the prior's circles at 1 and 2.
 * @param {HTMLCanvasElement} canvas @param {Colours} colour @param {View} view @param {Uint8Array} labels
 * @param {number[]} z the chosen point
 */
export function drawPlane(canvas, colour, { mu, sigma }, labels, z) {
  const { context, width: size } = open(canvas), reach = reachOf(mu), unit = size / 2 / reach;
  /** @param {number} value */
  const x = (value) => size / 2 + value * unit;
  /** @param {number} value */
  const y = (value) => size / 2 - value * unit;
  context.lineWidth = 1;
  context.strokeStyle = colour.line;
  context.strokeRect(x(-3), y(3), 6 * unit, 6 * unit);
  context.setLineDash([4, 4]);
  for (const radius of [1, 2]) {
    context.beginPath();
    context.arc(x(0), y(0), radius * unit, 0, 7);
    context.stroke();
  }
  context.setLineDash([]);
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let i = 0; i < labels.length; i++) {
    const across = Math.abs(sigma[2 * i]) * unit, up = Math.abs(sigma[2 * i + 1]) * unit;
    if (!(across + up < 8 * size)) continue;
    context.globalAlpha = Math.min(0.2, 1.4 / Math.sqrt(1 + across * up)); // large ovals are fainter
    context.fillStyle = colour.digits[labels[i]];
    context.beginPath();
    context.ellipse(x(mu[2 * i]), y(mu[2 * i + 1]), across, up, 0, 0, 7);
    context.fill();
  }
  context.globalAlpha = 1;
  for (let i = 0; i < labels.length; i++) {
    context.fillStyle = colour.digits[labels[i]];
    context.fillText(String(labels[i]), x(mu[2 * i]), y(mu[2 * i + 1]));
  }
  context.strokeStyle = context.fillStyle = colour.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x(z[0]), y(z[1]), 7, 0, 7);
  context.stroke();
  context.font = "11px system-ui, sans-serif";
  context.fillText(`${reach}`, size - 14, size / 2 + 9);
  context.fillText(`−${reach}`, 14, size / 2 + 9);
}

/**
 * Where the curves' axes end: the first tenth of the training may lie above, for it is much higher than the rest.
 * @param {Curve[]} curves @param {Term[]} terms
 */
function limits(curves, terms) {
  const end = Math.max(1, ...curves.flatMap(({ train }) => train.slice(-1)).map((point) => point.step));
  const points = curves.flatMap(({ train, val }) => [...train, ...val]), late = points.filter(({ step }) => step >= end / 10);
  const values = late.flatMap((point) => terms.map((term) => point.losses[term])).filter(Number.isFinite);
  const low = Math.min(...values), high = Math.max(...values), margin = Math.max(0.5, 0.06 * (high - low));
  return { end, low: Math.max(0, low - margin), high: high + margin };
}

/**
 * Training as lines, validation as circles; all runs share the axes, so that one can compare them.
 * @param {HTMLCanvasElement} canvas @param {Colours} colour @param {Curve} curve @param {Curve[]} all @param {Term[]} terms
 */
export function drawCurve(canvas, colour, curve, all, terms) {
  const { context, width, height } = open(canvas), { end, low, high } = limits(all, terms);
  if (!curve.train.length || !Number.isFinite(low)) return;
  const left = 34, bottom = height - 16;
  /** @param {number} step */
  const x = (step) => left + ((width - left - 6) * step) / end;
  /** @param {number} value */
  const y = (value) => 4 + ((bottom - 4) * (high - value)) / (high - low);
  context.font = "11px system-ui, sans-serif";
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const gap = [0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 1e5].find((size) => (high - low) / size <= 5) ?? 1e9;
  for (let tick = Math.ceil(low / gap) * gap; tick <= high; tick += gap) {
    context.strokeStyle = colour.line;
    context.strokeRect(left, y(tick), width - left - 6, 0);
    context.fillStyle = colour.quiet;
    context.fillText(String(tick), left - 5, y(tick));
  }
  context.fillText(`${end} steps`, width - 6, height - 6);
  context.save();
  context.beginPath();
  context.rect(left, 0, width, bottom + 1);
  context.clip();
  for (const term of terms) {
    context.strokeStyle = colour[term];
    context.lineWidth = 1.8;
    context.setLineDash(term === "kld" ? [6, 3] : []);
    context.beginPath();
    for (const { step, losses } of curve.train) context.lineTo(x(step), y(losses[term]));
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1.2;
    const every = Math.ceil(curve.val.length / 20);
    curve.val.filter((_, i) => (curve.val.length - 1 - i) % every === 0).forEach(({ step, losses }) => {
      context.beginPath();
      context.arc(x(step), y(losses[term]), 3, 0, 7);
      context.stroke();
    });
  }
  context.restore();
}

/**
 * Take new points in; beyond 800, every second one goes.
 * @param {Point[]} points @param {Point[]} fresh
 */
export function addPoints(points, fresh) {
  const all = [...points, ...fresh];
  return all.length > 800 ? all.filter((_, i) => (all.length - 1 - i) % 2 === 0) : all;
}
