// What the explorer knows: what Python sent, checked, and the geometry of its pad.

import { decoder, float16, network } from "./network.js";

const RING = 0.7; // of the pad's half width

/**
 * @typedef {object} State
 * @property {number} dims D
 * @property {(z: ArrayLike<number>) => Float32Array} decode z → 784 pixels in [0, 1]
 * @property {((x: ArrayLike<number>) => Float32Array) | null} classify pixels → ten scores
 * @property {(() => Float32Array) | null} drawMixture a draw of z from the mixture, if Python sent one
 * @property {Float32Array[]} means of the ten classes
 * @property {Float32Array[]} codes of the images that the explorer offers
 * @property {number[]} labels of these images
 * @property {number[]} kld nats of each dimension
 * @property {number[]} byUse the dimensions, most used first
 */

/**
 * What Python sent; a sentence is thrown where something does not fit.
 * @param {import("./page.js").Model} model
 * @returns {State}
 */
export function readState(model) {
  const sizes = model.get("sizes");
  const [dims] = sizes;
  const decode = decoder(model.get("weights"), sizes);
  const view = model.get("codes");
  const rows = Array.from({ length: view.byteLength / 4 / dims }, (_, row) =>
    Float32Array.from({ length: dims }, (_, i) => view.getFloat32(4 * (row * dims + i), true)),
  );
  const classifierSizes = model.get("classifier_sizes");
  const classify = classifierSizes.length ? network(model.get("classifier"), classifierSizes) : null;
  const kld = /** @type {number[]} */ (model.get("kld"));
  const byUse = kld.map((_, i) => i).sort((a, b) => kld[b] - kld[a]);
  const drawMixture = model.get("mixture")?.byteLength ? mixture(model.get("mixture"), dims) : null;
  return { dims, decode, classify, drawMixture, means: rows.slice(0, 10), codes: rows.slice(10), labels: model.get("labels"), kld, byUse };
}

/**
 * The z that Python has set.
 * @param {import("./page.js").Model} model @param {number} dims
 */
export function readZ(model, dims) {
  const z = /** @type {number[]} */ (model.get("z"));
  if (z.length !== dims || !z.every(Number.isFinite))
    throw new Error(`z should be ${dims} finite numbers, ${z.length} came: set explorer.z to a code such as mu[0].`);
  return Float32Array.from(z);
}

/** The places of the ten class means on the pad, whose half width is 1; the 0 is at the top. */
export const anchors = Array.from({ length: 10 }, (_, k) => {
  const angle = ((k - 2.5) * Math.PI) / 5;
  return /** @type {[number, number]} */ ([RING * Math.cos(angle), RING * Math.sin(angle)]);
});

/**
 * Ten shares that add up to 1: the nearer a class mean on the ring, the larger its share.
 * @param {[number, number]} place
 */
export function shares([x, y]) {
  const near = anchors.map(([ax, ay]) => 1 / (Math.hypot(x - ax, y - ay) ** 4 + 1e-9));
  const total = near.reduce((a, b) => a + b);
  return near.map((w) => w / total);
}

/**
 * The weighted sum of rows.
 * @param {Float32Array[]} rows @param {number[]} weights
 */
export const mix = (rows, weights) => rows[0].map((_, i) => rows.reduce((sum, row, k) => sum + weights[k] * row[i], 0));

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/**
 * A draw from the prior, z ~ N(0, I).
 * @param {number} dims
 */
export const drawPrior = (dims) => Float32Array.from({ length: dims }, normal);

/**
 * Draws from a mixture of bells: first the bell, by its weight, then mean + factor · noise.
 * @param {DataView} bytes float16: all weights, all means, and of each factor the lower triangle, row by row
 * @param {number} dims
 */
export function mixture(bytes, dims) {
  const all = float16(bytes), triangle = (dims * (dims + 1)) / 2, bells = all.length / (1 + dims + triangle);
  return () => {
    let k = 0;
    for (let left = Math.random() - all[0]; left > 0 && k < bells - 1; ) left -= all[++k];
    const mean = all.subarray(bells + k * dims).subarray(0, dims);
    const factor = all.subarray(bells * (1 + dims) + k * triangle), noise = drawPrior(dims);
    return mean.map((start, i) => {
      const row = factor.subarray((i * (i + 1)) / 2);
      return noise.subarray(0, i + 1).reduce((sum, eps, j) => sum + row[j] * eps, start);
    });
  };
}
