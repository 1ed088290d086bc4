// The course's VAE in plain JavaScript: forward, loss, gradients and Adam, as vae_lib/model.py, loss.py and train.py
// compute them in PyTorch. Arrays are row-major Float32Arrays, with their shape in a comment; B images in a batch, P
// pixels, H hidden units, D latent dimensions. A weight is stored (inputs, outputs), the transpose of PyTorch's.

import { addProduct } from "./product.js";

/** @typedef {import("./product.js").Numbers} Numbers */
/** @typedef {"sigma" | "log_var" | "softplus"} Head what the head hid_sigma gives; vae_lib's `Encoder` explains it */
/** @typedef {{ pixels: number, hidden: number, latent: number, head: Head }} Shape */
/** @typedef {Record<string, Numbers>} Weights by the names of PyTorch's state_dict, each a part of one array */
/** @typedef {{ shape: Shape, all: Numbers, weights: Weights, grads: Weights, grad: Numbers, m: Numbers, v: Numbers,
 *   steps: number }} Model m and v are Adam's moments */
/** @typedef {{ beta: number, pixelWeight: number, logVarAsSigma: boolean }} Objective what is trained on: pixelWeight 1
 *   sums the BCE over the pixels, 1 / P is the mean; logVarAsSigma is the bug z = μ + log σ² · ε */
/** @typedef {{ n: number, h: Numbers, mu: Numbers, raw: Numbers, sigma: Numbers }} Codes (B, H), then (B, D) three times;
 *   raw is what the head hid_sigma gives */
/** @typedef {{ loss: number, bce: number, kld: number }} Losses nats per image, mean over a batch */

/**
 * The size of each weight and bias, in PyTorch's order: [name, inputs (0 for a bias), outputs].
 * @param {Shape} shape
 * @returns {[string, number, number][]}
 */
export function layout({ pixels, hidden, latent }) {
  return [
    ["encoder.hidden.weight", pixels, hidden], ["encoder.hidden.bias", 0, hidden],
    ["encoder.hid_mu.weight", hidden, latent], ["encoder.hid_mu.bias", 0, latent],
    ["encoder.hid_sigma.weight", hidden, latent], ["encoder.hid_sigma.bias", 0, latent],
    ["decoder.hidden.weight", latent, hidden], ["decoder.hidden.bias", 0, hidden],
    ["decoder.out.weight", hidden, pixels], ["decoder.out.bias", 0, pixels],
  ];
}

/**
 * A new model, with PyTorch's default weights: uniform in ±1 / √inputs.
 * @param {Shape} shape @param {() => number} uniform draws from [0, 1)
 * @returns {Model}
 */
export function newModel(shape, uniform) {
  const parts = layout(shape), size = parts.reduce((sum, [, inputs, outputs]) => sum + (inputs || 1) * outputs, 0);
  const [all, grad, m, v] = [0, 1, 2, 3].map(() => new Float32Array(size));
  const weights = /** @type {Weights} */ ({}), grads = /** @type {Weights} */ ({});
  let at = 0, bound = 0;
  for (const [name, inputs, outputs] of parts) {
    const end = at + (inputs || 1) * outputs;
    if (inputs) bound = 1 / Math.sqrt(inputs); // a bias follows its weight and has the same bound
    for (let i = at; i < end; i++) all[i] = bound * (2 * uniform() - 1);
    weights[name] = all.subarray(at, end);
    grads[name] = grad.subarray(at, end);
    at = end;
  }
  return { shape, all, weights, grads, grad, m, v, steps: 0 };
}

/**
 * A linear layer: x (n, inputs) → (n, outputs), with ReLU where asked.
 * @param {Model} model @param {string} name @param {Numbers} x @param {number} n @param {boolean} [relu]
 */
function linear(model, name, x, n, relu = false) {
  const bias = model.weights[`${name}.bias`], outputs = bias.length, inputs = x.length / n;
  const out = new Float32Array(n * outputs);
  for (let r = 0; r < n; r++) out.set(bias, r * outputs);
  addProduct(out, x, inputs, 1, model.weights[`${name}.weight`], outputs, 1, n, inputs, outputs);
  if (relu) for (let i = 0; i < out.length; i++) if (out[i] < 0) out[i] = 0;
  return out;
}

/**
 * The gradients of that layer: its weight's and bias's are added up, and x's added to dx.
 * @param {Model} model @param {string} name @param {Numbers} x (n, inputs) @param {Numbers} dout (n, outputs)
 * @param {number} n @param {Numbers} [dx] (n, inputs)
 */
function linearBack(model, name, x, dout, n, dx) {
  const bias = model.grads[`${name}.bias`], outputs = bias.length, inputs = x.length / n;
  for (let i = 0; i < dout.length; i++) bias[i % outputs] += dout[i];
  addProduct(model.grads[`${name}.weight`], x, 1, inputs, dout, outputs, 1, inputs, n, outputs);
  if (dx) addProduct(dx, dout, outputs, 1, model.weights[`${name}.weight`], 1, outputs, n, outputs, inputs);
}

/**
 * The gradient on its way back through a ReLU: 0 where the ReLU's output h is.
 * @param {Numbers} dh @param {Numbers} h
 */
function reluBack(dh, h) {
  for (let i = 0; i < dh.length; i++) if (h[i] <= 0) dh[i] = 0;
}

/** @param {number} h */
const sigmoid = (h) => 1 / (1 + Math.exp(-h));

/**
 * σ and its derivative by h, for what the head gives: h.
 * @type {Record<Head, (h: number) => [number, number]>}
 */
const HEADS = {
  sigma: (h) => [h, 1],
  log_var: (h) => [Math.exp(h / 2), Math.exp(h / 2) / 2],
  softplus: (h) => [Math.max(h, 0) + Math.log1p(Math.exp(-Math.abs(h))), sigmoid(h)],
};

/**
 * q(z|x): images x (n, P) in [0, 1] → μ and σ, each (n, D).
 * @param {Model} model @param {Numbers} x @param {number} n
 * @returns {Codes}
 */
export function encode(model, x, n) {
  const h = linear(model, "encoder.hidden", x, n, true);
  const mu = linear(model, "encoder.hid_mu", h, n), raw = linear(model, "encoder.hid_sigma", h, n);
  return { n, h, mu, raw, sigma: raw.map((one) => HEADS[model.shape.head](one)[0]) };
}

/**
 * z = μ + σ · ε, (n, D); with the bug, log σ² stands where σ should.
 * @param {Codes} codes @param {Numbers} eps (n, D) @param {boolean} [logVarAsSigma]
 */
export function sample({ mu, raw, sigma }, eps, logVarAsSigma = false) {
  const scale = logVarAsSigma ? raw : sigma;
  return mu.map((one, i) => one + scale[i] * eps[i]);
}

/**
 * p(x|z): z (n, D) → the hidden layer (n, H) and the logit of each pixel (n, P).
 * @param {Model} model @param {Numbers} z @param {number} n
 */
export function decode(model, z, n) {
  const h = linear(model, "decoder.hidden", z, n, true);
  return { h, logits: linear(model, "decoder.out", h, n) };
}

/**
 * Logits as grey levels, 0 to 255.
 * @param {Numbers} logits
 */
export function greys(logits) {
  const out = new Uint8ClampedArray(logits.length); // filled in a loop: `from` with a function takes ten times as long
  for (let i = 0; i < out.length; i++) out[i] = 255 * sigmoid(logits[i]);
  return out;
}

/**
 * BCE, KLD and their weighted sum, as vae_lib/loss.py: summed over pixels or dimensions, mean over the n images.
 * @param {Numbers} x (n, P) @param {Numbers} logits (n, P) @param {Codes} codes @param {number} beta
 * @returns {Losses}
 */
export function losses(x, logits, { n, mu, sigma }, beta) {
  let bce = 0, kld = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(logits[i]);
    bce += size / 2 + logits[i] * (0.5 - x[i]) + Math.log(1 + Math.exp(-size));
  }
  for (let i = 0; i < mu.length; i++) {
    const variance = sigma[i] ** 2;
    kld += 0.5 * (mu[i] ** 2 + variance - 1 - Math.log(variance + 1e-30)); // the tiny number as in vae_lib
  }
  return { loss: (bce + beta * kld) / n, bce: bce / n, kld: kld / n };
}

/**
 * Forward and backward for one batch; leaves the gradients of pixelWeight · BCE + β · KLD in model.grad.
 * @param {Model} model @param {Numbers} x images (n, P) @param {Numbers} eps noise (n, D) @param {number} n
 * @param {Objective} objective
 * @returns {Losses} with the BCE summed over the pixels, whatever is trained on
 */
export function backward(model, x, eps, n, { beta, pixelWeight, logVarAsSigma }) {
  const { hidden, latent, head } = model.shape;
  const codes = encode(model, x, n), { mu, raw, sigma } = codes, z = sample(codes, eps, logVarAsSigma);
  const { h, logits } = decode(model, z, n);
  model.grad.fill(0);
  // ∂BCE/∂logit = x̂ - x.
  const dlogits = new Float32Array(logits.length), dh = new Float32Array(n * hidden), weight = pixelWeight / n;
  for (let i = 0; i < logits.length; i++) dlogits[i] = weight * (sigmoid(logits[i]) - x[i]);
  linearBack(model, "decoder.out", h, dlogits, n, dh);
  reluBack(dh, h);
  const [dz, dmu, draw] = [0, 1, 2].map(() => new Float32Array(n * latent));
  linearBack(model, "decoder.hidden", z, dh, n, dz);
  // ∂z/∂μ = 1 and ∂z/∂σ = ε; ∂KLD/∂μ = μ and ∂KLD/∂σ = σ - 1/σ.
  for (let i = 0; i < dz.length; i++) {
    const slope = HEADS[head](raw[i])[1], dkld = sigma[i] - sigma[i] / (sigma[i] ** 2 + 1e-30);
    dmu[i] = dz[i] + (beta * mu[i]) / n;
    draw[i] = dz[i] * eps[i] * (logVarAsSigma ? 1 : slope) + (beta * dkld * slope) / n;
  }
  const dhidden = new Float32Array(n * hidden);
  linearBack(model, "encoder.hid_mu", codes.h, dmu, n, dhidden);
  linearBack(model, "encoder.hid_sigma", codes.h, draw, n, dhidden);
  reluBack(dhidden, codes.h);
  linearBack(model, "encoder.hidden", x, dhidden, n);
  return losses(x, logits, codes, beta);
}

/**
 * One step of Adam from the gradients in model.grad, as torch.optim.Adam with its defaults.
 * @param {Model} model @param {number} lr @param {number} weightDecay
 */
export function adam({ all, grad, m, v, steps }, lr, weightDecay) {
  const b1 = 0.9, b2 = 0.999, rate = lr / (1 - b1 ** (steps + 1)), scale = 1 / Math.sqrt(1 - b2 ** (steps + 1));
  for (let i = 0; i < all.length; i++) {
    const g = grad[i] + weightDecay * all[i];
    m[i] = b1 * m[i] + (1 - b1) * g;
    v[i] = b2 * v[i] + (1 - b2) * g * g;
    all[i] -= (rate * m[i]) / (Math.sqrt(v[i]) * scale + 1e-8);
  }
}

/**
 * Forward, backward and a step of Adam.
 * @param {Model} model @param {Numbers} x @param {Numbers} eps @param {number} n @param {Objective} objective
 * @param {number} lr @param {number} [weightDecay] 1e-5 is the report's
 */
export function step(model, x, eps, n, objective, lr, weightDecay = 1e-5) {
  const result = backward(model, x, eps, n, objective);
  adam(model, lr, weightDecay);
  model.steps++;
  return result;
}

/**
 * Numbers from [0, 1) that a seed repeats (mulberry32).
 * @param {number} seed a whole number
 */
export function uniformFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * n numbers from N(0, 1), by Box and Muller.
 * @param {number} n @param {() => number} uniform
 */
export function normals(n, uniform) {
  return Float32Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}
