// One run, in a thread of its own: it trains in short slices, and between two slices answers what the page asks.

import { decode, encode, greys, losses, newModel, normals, sample, step, uniformFrom } from "./math.js";

/** @typedef {"none" | "one_eps" | "no_kld" | "log_var_as_sigma" | "mean"} Bug */
/** @typedef {{ lr: number, beta: number, batch: number, hidden: number, head: import("./math.js").Head, noise: boolean,
 *   seed: number, bug: Bug }} Settings */
/** @typedef {{ step: number, losses: import("./math.js").Losses }} Point */
/** @typedef {{ kind: "data", train: Uint8Array, val: Uint8Array, shown: number[] } | { kind: "restart",
 *   settings: Settings } | { kind: "change", settings: Settings } | { kind: "run", on: boolean } | { kind: "step" } | { kind: "look", z: number[] }} Request */
/** @typedef {{ step: number, epoch: number, train: Point[], val: Point[], mu: Float32Array, sigma: Float32Array,
 *   grid: Uint8ClampedArray, rows: Uint8ClampedArray, samples: Uint8ClampedArray, digit: Uint8ClampedArray,
 *   finite: boolean }} View what the page draws; train and val are what is new since the last view */

const PIXELS = 196, LATENT = 2, SLICE = 10; // milliseconds of training between two looks into the post
const GRID = 12, REACH = 3, SAMPLES = 16, EACH = 5; // EACH: steps in a point of the curve
const AT_ONCE = 100; // validation images that a view encodes anew

let train = new Float32Array(), val = new Float32Array();
/** @type {number[]} */
let shown;
/** @type {Settings} */
let settings;
/** @type {import("./math.js").Model} */
let model;
/** @type {() => number} */
let uniform;
/** @type {{ mu: Float32Array, sigma: Float32Array, next: number }} */
let codes;
/** @type {{ z: Float32Array, rows: Float32Array, val: Float32Array }} noise that stays the same, to see what changes */
let fixed;
let order = new Uint32Array(0), at = 0, epoch = 0, running = false, finite = true;
let trainPoints = /** @type {Point[]} */ ([]), valPoints = /** @type {Point[]} */ ([]), recent = /** @type {Point[]} */ ([]);

const grid = Float32Array.from({ length: GRID * GRID * LATENT }, (_, i) => {
  const cell = i >> 1, place = i % 2 ? GRID - 1 - Math.floor(cell / GRID) : cell % GRID; // z2 grows upwards
  return REACH * ((2 * place + 1) / GRID - 1);
});

function restart() {
  uniform = uniformFrom(settings.seed);
  model = newModel({ pixels: PIXELS, hidden: settings.hidden, latent: LATENT, head: head() }, uniform);
  const other = uniformFrom(~settings.seed), n = val.length / PIXELS; // what is shown never moves what is trained
  fixed = { z: normals(SAMPLES * LATENT, other), rows: normals(shown.length * LATENT, other), val: normals(n * LATENT, other) };
  codes = { ...encode(model, val, n), next: 0 };
  order = Uint32Array.from({ length: train.length / PIXELS }, (_, i) => i);
  [at, epoch, finite, trainPoints, valPoints, recent] = [order.length, -1, true, [], [], []];
}

const head = () => (settings.bug === "log_var_as_sigma" ? "log_var" : settings.head);

/** One pass over the images ends: measure on the others, and shuffle. */
function turn() {
  if (epoch >= 0) valPoints.push({ step: model.steps, losses: evaluate() });
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  at = 0;
  epoch++;
}

function evaluate() {
  const n = val.length / PIXELS, all = encode(model, val, n);
  codes = { ...all, next: 0 };
  return losses(val, decode(model, draw(all, fixed.val), n).logits, all, settings.beta);
}

/** @param {import("./math.js").Codes} all @param {Float32Array} eps */
const draw = (all, eps) => (settings.noise ? sample(all, eps, settings.bug === "log_var_as_sigma") : all.mu);

function trainStep() {
  if (at >= order.length) turn();
  const n = Math.min(settings.batch, order.length - at), x = new Float32Array(n * PIXELS);
  for (let i = 0; i < n; i++) x.set(train.subarray(order[at + i] * PIXELS, (order[at + i] + 1) * PIXELS), i * PIXELS);
  at += n;
  const eps = normals(n * LATENT, uniform);
  if (settings.bug === "one_eps") for (let i = LATENT; i < eps.length; i++) eps[i] = eps[i % LATENT];
  const result = step(model, x, settings.noise ? eps : eps.fill(0), n, objective(), settings.lr);
  recent.push({ step: model.steps, losses: { ...result, loss: result.bce + settings.beta * result.kld } });
  finite = Number.isFinite(result.loss);
  if (recent.length < EACH && finite) return;
  /** @param {"loss" | "bce" | "kld"} term */
  const mean = (term) => recent.reduce((sum, point) => sum + point.losses[term], 0) / recent.length;
  trainPoints.push({ step: model.steps, losses: { loss: mean("loss"), bce: mean("bce"), kld: mean("kld") } });
  recent = [];
}

const objective = () => ({
  beta: settings.bug === "no_kld" ? 0 : settings.beta,
  pixelWeight: settings.bug === "mean" ? 1 / PIXELS : 1,
  logVarAsSigma: settings.bug === "log_var_as_sigma",
});

/** @param {number[]} z @returns {View} */
function look(z) {
  const n = Math.min(AT_ONCE, val.length / PIXELS - codes.next), from = codes.next * PIXELS;
  const fresh = encode(model, val.subarray(from, from + n * PIXELS), n);
  codes.mu.set(fresh.mu, codes.next * LATENT);
  codes.sigma.set(fresh.sigma, codes.next * LATENT);
  codes.next = (codes.next + n) % (val.length / PIXELS);
  const x = new Float32Array(shown.length * PIXELS);
  shown.forEach((image, i) => x.set(val.subarray(image * PIXELS, (image + 1) * PIXELS), i * PIXELS));
  const seen = encode(model, x, shown.length);
  const z_all = Float32Array.from([...grid, ...fixed.z, ...seen.mu, ...draw(seen, fixed.rows), ...z]);
  const pictures = greys(decode(model, z_all, z_all.length / LATENT).logits);
  const ends = [GRID * GRID, SAMPLES, 2 * shown.length, 1].map((sum => (/** @type {number} */ count) => (sum += count))(0));
  const [cells, samples, rows, digit] = ends.map((end, i) => pictures.slice((ends[i - 1] ?? 0) * PIXELS, end * PIXELS));
  const view = { step: model.steps, epoch, train: trainPoints, val: valPoints, mu: codes.mu, sigma: codes.sigma, finite };
  [trainPoints, valPoints] = [[], []];
  return { ...view, grid: cells, samples, rows, digit };
}

const { port1, port2 } = new MessageChannel(); // sooner than a timer, which a browser makes wait 4 ms
port1.onmessage = () => {
  for (const end = performance.now() + SLICE; running && finite && performance.now() < end; ) trainStep();
  if (running && finite) port2.postMessage(null);
};

/** @param {MessageEvent<Request>} event */
self.onmessage = ({ data }) => {
  if (data.kind === "data") {
    [train, val] = [data.train, data.val].map((bytes) => Float32Array.from(bytes, (byte) => byte / 255));
    shown = data.shown;
  } else if (data.kind === "restart" || data.kind === "change") {
    settings = data.settings;
    if (data.kind === "restart") restart();
  } else if (data.kind === "run") {
    if (data.on && !running) port2.postMessage(null);
    running = data.on;
  } else if (data.kind === "step") {
    trainStep();
    if (recent.length) trainPoints.push(recent[0]);
    recent = [];
  } else self.postMessage(look(data.z));
};
