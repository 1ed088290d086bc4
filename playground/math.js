// The course's VAE in plain JavaScript: forward, loss, gradients and Adam, as vae_lib/model.py, loss.py and train.py
// compute them in PyTorch. Arrays are row-major Float64Arrays, with their shape in a comment; B images in a batch, P
// pixels, H hidden units, D latent dimensions. A weight is stored (inputs, outputs), the transpose of PyTorch's.

/** @typedef {Float64Array} Numbers */
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
  const [all, grad, m, v] = [0, 1, 2, 3].map(() => new Float64Array(size));
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

// The two products that nearly all the time goes into. Both pass over zeros, of which images and ReLUs are full, and
// take what is left four at a time, so that each number of c is read and written a quarter as often.

const index = new Int32Array(8192 + 4), value = new Float64Array(8192 + 4);

/**
 * c += a · b, with c (rows, columns), b (inner, columns), and a's element (r, i) at a[r · aRow + i · aInner]: so a can be
 * read as its own transpose. inner is at most 8192.
 * @param {Numbers} c @param {Numbers} a @param {number} aRow @param {number} aInner @param {Numbers} b
 * @param {number} rows @param {number} inner @param {number} columns
 */
function addProduct(c, a, aRow, aInner, b, rows, inner, columns) {
  for (let r = 0; r < rows; r++) {
    let n = 0;
    for (let i = 0; i < inner; i++) {
      const factor = a[r * aRow + i * aInner];
      if (factor !== 0) (index[n] = i * columns), (value[n++] = factor);
    }
    index.fill(0, n, n + 3), value.fill(0, n, n + 3);
    const start = r * columns;
    for (let k = 0; k < n; k += 4) {
      const i0 = index[k], i1 = index[k + 1], i2 = index[k + 2], i3 = index[k + 3];
      const v0 = value[k], v1 = value[k + 1], v2 = value[k + 2], v3 = value[k + 3];
      for (let j = 0; j < columns; j++)
        c[start + j] += v0 * b[i0 + j] + v1 * b[i1 + j] + v2 * b[i2 + j] + v3 * b[i3 + j];
    }
  }
}

/**
 * c += a · bᵀ where the mask is positive, with c and mask (rows, columns), a (rows, inner), b (columns, inner): the way
 * back through a linear layer and the ReLU before it, whose output is the mask.
 * @param {Numbers} c @param {Numbers} a @param {Numbers} b @param {Numbers} mask
 * @param {number} rows @param {number} inner @param {number} columns
 */
function addMaskedBack(c, a, b, mask, rows, inner, columns) {
  for (let r = 0; r < rows; r++) {
    let n = 0;
    for (let j = 0; j < columns; j++) if (mask[r * columns + j] > 0) index[n++] = j;
    index.fill(0, n, n + 3);
    const from = r * inner, to = r * columns;
    for (let k = 0; k < n; k += 4) {
      const j0 = index[k] * inner, j1 = index[k + 1] * inner, j2 = index[k + 2] * inner, j3 = index[k + 3] * inner;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let i = 0; i < inner; i++) {
        const x = a[from + i];
        s0 += x * b[j0 + i], s1 += x * b[j1 + i], s2 += x * b[j2 + i], s3 += x * b[j3 + i];
      }
      c[to + index[k]] += s0;
      if (k + 1 < n) c[to + index[k + 1]] += s1;
      if (k + 2 < n) c[to + index[k + 2]] += s2;
      if (k + 3 < n) c[to + index[k + 3]] += s3;
    }
  }
}

/**
 * A linear layer: x (n, inputs) → (n, outputs), with ReLU where asked.
 * @param {Model} model @param {string} name @param {Numbers} x @param {number} n @param {boolean} [relu]
 */
function linear(model, name, x, n, relu = false) {
  const bias = model.weights[`${name}.bias`], outputs = bias.length, inputs = x.length / n;
  const out = new Float64Array(n * outputs);
  for (let r = 0; r < n; r++) out.set(bias, r * outputs);
  addProduct(out, x, inputs, 1, model.weights[`${name}.weight`], n, inputs, outputs);
  if (relu) for (let i = 0; i < out.length; i++) if (out[i] < 0) out[i] = 0;
  return out;
}

/**
 * The gradients of that layer: its weight's and bias's are added up, and x's added to dx where x, a ReLU's output, is
 * positive.
 * @param {Model} model @param {string} name @param {Numbers} x (n, inputs) @param {Numbers} dout (n, outputs)
 * @param {number} n @param {Numbers} [dx] (n, inputs)
 */
function linearBack(model, name, x, dout, n, dx) {
  const bias = model.grads[`${name}.bias`], outputs = bias.length, inputs = x.length / n;
  for (let i = 0; i < dout.length; i++) bias[i % outputs] += dout[i];
  addProduct(model.grads[`${name}.weight`], x, 1, inputs, dout, inputs, n, outputs);
  if (dx) addMaskedBack(dx, dout, model.weights[`${name}.weight`], x, n, outputs, inputs);
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
export const greys = (logits) => Uint8ClampedArray.from(logits, (one) => 255 * sigmoid(one));

/**
 * BCE, KLD and their weighted sum, as vae_lib/loss.py: summed over pixels or dimensions, mean over the n images.
 * @param {Numbers} x (n, P) @param {Numbers} logits (n, P) @param {Codes} codes @param {number} beta
 * @returns {Losses}
 */
export function losses(x, logits, { n, mu, sigma }, beta) {
  let bce = 0, kld = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(logits[i]);
    bce += size / 2 + logits[i] * (0.5 - x[i]) + Math.log1p(Math.exp(-size));
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
  const dlogits = logits.map((one, i) => ((sigmoid(one) - x[i]) * pixelWeight) / n);
  const dh = new Float64Array(n * hidden);
  linearBack(model, "decoder.out", h, dlogits, n, dh);
  linearBack(model, "decoder.hidden", z, dh, n);
  const dz = new Float64Array(n * latent), dmu = new Float64Array(n * latent), draw = new Float64Array(n * latent);
  addMaskedBack(dz, dh, model.weights["decoder.hidden.weight"], dz.map(() => 1), n, hidden, latent); // no ReLU at z
  // ∂z/∂μ = 1 and ∂z/∂σ = ε; ∂KLD/∂μ = μ and ∂KLD/∂σ = σ - 1/σ.
  for (let i = 0; i < dz.length; i++) {
    const slope = HEADS[head](raw[i])[1], dkld = sigma[i] - sigma[i] / (sigma[i] ** 2 + 1e-30);
    dmu[i] = dz[i] + (beta * mu[i]) / n;
    draw[i] = dz[i] * eps[i] * (logVarAsSigma ? 1 : slope) + (beta * dkld * slope) / n;
  }
  const dhidden = new Float64Array(n * hidden);
  linearBack(model, "encoder.hid_mu", codes.h, dmu, n, dhidden);
  linearBack(model, "encoder.hid_sigma", codes.h, draw, n, dhidden);
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
  return Float64Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}
