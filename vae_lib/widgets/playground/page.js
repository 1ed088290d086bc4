// The page: controls, the workers behind them, and the loop that draws.

import { SIDE, addPoints, colours, drawCurve, drawImages, drawPlane, reachOf } from "./view.js";

/** @typedef {import("./worker.js").Settings} Settings */
/** @typedef {import("./worker.js").Request} Request */
/** @typedef {import("./worker.js").View} View */
/** @typedef {{ name: string, box: HTMLElement, ask: (request: Request) => void, settings: Settings, waiting: boolean,
 *   again: boolean, stale: boolean, view?: View, fresh: boolean, curve: import("./view.js").Curve, z: number[], looked: number }} Run */

const PIXELS = SIDE ** 2, SPEAK = 5000, CALM = 1000; // milliseconds between two sentences, and two pictures where less motion is asked
const still = matchMedia("(prefers-reduced-motion: reduce)"), dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} selector @param {ParentNode} [within]
 */
const find = (selector, within = document) => /** @type {E} */ (/** @type {unknown} */ (within.querySelector(selector)));
/** @param {string} id */
const bytes = (id) => Uint8Array.from(atob(find(`#${id}`).textContent ?? ""), (letter) => letter.charCodeAt(0));

const labels = bytes("labels"), images = bytes("images"), train = images.slice(0, -labels.length * PIXELS);
const val = images.slice(-labels.length * PIXELS), shown = Array.from({ length: 10 }, (_, digit) => labels.indexOf(digit));
const originals = Uint8Array.from(shown.flatMap((image) => [...val.slice(image * PIXELS, (image + 1) * PIXELS)]));
const source = URL.createObjectURL(new Blob([find("#worker").textContent ?? ""], { type: "text/javascript" }));
const go = find("#train"), stepButton = find("#step"), compare = /** @type {HTMLInputElement} */ (find("#compare"));
let running = false, colour = colours(), spoken = 0, counted = { now: 0, frames: 0, step: 0 }, frames = 0, asked = 0;
/** @type {Run[]} */
const all = []; // both runs, once there are two
const active = () => all.filter(({ box }) => !box.hidden);

/** @param {string} name */
function addRun(name) {
  const box = find("#runs").appendChild(document.createElement("section"));
  box.append(/** @type {HTMLTemplateElement} */ (find("template")).content.cloneNode(true));
  box.className = "run";
  box.setAttribute("aria-label", `Run ${name}`);
  find(".name", box).textContent = `Run ${name}`;
  /** @type {HTMLDetailsElement} */ (find(".settings", box)).open = innerWidth >= 600;
  const worker = new Worker(source);
  /** @type {Run} */
  const run = {
    name, box, ask: (request) => worker.postMessage(request), settings: read(box), waiting: false, again: false, stale: false, fresh: false,
    curve: { train: [], val: [] }, z: [0, 0], looked: 0,
  };
  worker.onmessage = ({ data }) => receive(run, data);
  run.ask({ kind: "data", train, val, shown });
  find(".settings", box).addEventListener("change", ({ target }) => change(run, /** @type {HTMLElement} */ (target)));
  for (const canvas of [find(".plane", box), find(".grid", box)]) choosePoints(run, canvas);
  all.push(run);
  restart(run);
}

/** @param {HTMLElement} box @returns {Settings} */
function read(box) {
  /** @param {string} name */
  const field = (name) => /** @type {HTMLInputElement} */ (find(`[name="${name}"]`, box));
  const [lr, beta, batch, hidden, seed] = ["lr", "beta", "batch", "hidden", "seed"].map((name) => Number(field(name).value));
  const head = /** @type {import("./math.js").Head} */ (field("head").value), noise = field("noise").checked;
  return { lr, beta, batch, hidden, seed, head, noise, bug: /** @type {import("./worker.js").Bug} */ (field("bug").value) };
}

/** @param {Run} run @param {Partial<Settings>} settings */
function set(run, settings) {
  for (const [name, value] of Object.entries(settings)) {
    const field = /** @type {HTMLInputElement} */ (find(`[name="${name}"]`, run.box));
    if (name === "noise") field.checked = Boolean(value);
    else field.value = String(value);
  }
  restart(run);
}

/** @param {Run} run @param {HTMLElement} field */
function change(run, field) {
  const seed = /** @type {HTMLInputElement} */ (find('[name="seed"]', run.box));
  if (!seed.validity.valid || seed.value === "") seed.value = String(run.settings.seed);
  const bug = run.settings.bug;
  run.settings = read(run.box);
  const other = [bug, run.settings.bug].includes("log_var_as_sigma"); // another head
  if (field.dataset.restarts !== undefined || (bug !== run.settings.bug && other)) restart(run);
  else run.ask({ kind: "change", settings: run.settings });
}

/** @param {Run} run */
function restart(run) {
  run.settings = read(run.box);
  run.stale = run.waiting;
  run.curve = { train: [], val: [] };
  counted = { now: 0, frames, step: 0 };
  find(".sentence", run.box).textContent = "After each epoch, one pass over all images, a sentence here tells the loss.";
  run.ask({ kind: "restart", settings: run.settings });
  run.ask({ kind: "run", on: running });
  look(run);
}

/** @param {Run} run */
function look(run) {
  if (run.waiting) return void (run.again = true);
  run.ask({ kind: "look", z: run.z });
  run.waiting = true;
  run.looked = performance.now();
}

/** @param {Run} run @param {View} view */
function receive(run, view) {
  const { stale, again } = run;
  [run.waiting, run.stale, run.again] = [false, false, false];
  if (again) look(run);
  if (stale) return; // it was on its way when the run began anew
  run.curve = { train: addPoints(run.curve.train, view.train), val: addPoints(run.curve.val, view.val) };
  [run.view, run.fresh] = [view, true];
  if (view.val.length || !view.finite) tell(run, view);
  if (!view.finite && running) toggle(false);
  if (!asked) asked = requestAnimationFrame(frame);
}

/** @param {number} value @param {number} [digits] */
const text = (value, digits = 1) => value.toFixed(digits).replace("-", "−");

/** @param {Run} run @param {View} view */
function tell(run, view) {
  const last = run.curve.val.at(-1)?.losses;
  const says = view.finite && last
    ? `Epoch ${view.epoch}: loss ${text(last.loss)} nats per image on new images, BCE ${text(last.bce)} + β · KLD ${text(last.kld)}.`
    : `The loss is no longer a number after ${view.step} steps: choose a smaller learning rate, then Reset.`;
  find(".sentence", run.box).textContent = says;
  if (performance.now() - spoken < SPEAK && view.finite) return;
  spoken = performance.now();
  find("#spoken").textContent = active().map(({ name, box }) => `Run ${name}. ${find(".sentence", box).textContent}`).join(" ");
}

/** @param {number} now */
function frame(now) {
  asked = 0;
  const pause = still.matches ? CALM : 0;
  for (const run of active()) if (run.fresh) draw(run);
  if (active().some((run) => run.fresh)) frames++;
  for (const run of active()) run.fresh = false;
  if (running) for (const run of active()) if (now - run.looked >= pause) look(run);
  const step = all[0].view?.step ?? 0, seconds = (now - counted.now) / 1000;
  if (running && seconds > 1) {
    const rate = (step - counted.step) / seconds, shown = (frames - counted.frames) / seconds;
    if (counted.now) find("#speed").textContent = `${rate.toFixed(0)} steps and ${shown.toFixed(0)} pictures a second`;
    counted = { now, frames, step };
  }
  if (running && !asked) asked = requestAnimationFrame(frame);
}

/** @param {Run} run */
function draw({ box, view, curve, z }) {
  if (!view) return;
  const curves = active().map((run) => run.curve), last = curve.train.at(-1)?.losses;
  /** @param {string} selector */
  const canvas = (selector) => /** @type {HTMLCanvasElement} */ (find(selector, box));
  drawPlane(canvas(".plane"), colour, view, labels, z);
  drawImages(canvas(".grid"), 12, view.grid);
  drawImages(canvas(".rows"), 10, Uint8Array.of(...originals, ...view.rows));
  drawImages(canvas(".samples"), 8, view.samples);
  drawImages(canvas(".digit"), 1, view.digit);
  drawCurve(canvas(".terms"), colour, curve, curves, ["loss", "bce"]);
  drawCurve(canvas(".kld"), colour, curve, curves, ["kld"]);
  for (const term of /** @type {const} */ (["loss", "bce", "kld"])) find(`[data-term="${term}"]`, box).textContent = last ? text(last[term]) : "–";
  find(".where", box).textContent = `z = (${text(z[0], 2)}, ${text(z[1], 2)})`;
  find(".progress", box).textContent = `epoch ${Math.max(0, view.epoch) + 1}, step ${view.step}`;
}

/**
 * The pointer, or the arrow keys, choose a place of the plane; the decoder draws it.
 * @param {Run} run @param {HTMLElement} canvas
 */
function choosePoints(run, canvas) {
  const reach = () => (canvas.className === "grid" ? 3 : reachOf(run.view?.mu ?? new Float32Array(1)));
  /** @param {number[]} z */
  const choose = (z) => {
    run.z = z.map((value) => Math.min(reach(), Math.max(-reach(), value)));
    look(run);
  };
  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    choose([((2 * offsetX) / canvas.clientWidth - 1) * reach(), (1 - (2 * offsetY) / canvas.clientHeight) * reach()]);
  });
  canvas.addEventListener("keydown", (event) => {
    /** @type {Record<string, number[]>} */
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!(event.key in arrows) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(run.z.map((value, i) => value + (arrows[event.key][i] * reach()) / (event.shiftKey ? 7 : 35)));
  });
}

/** @param {boolean} on */
function toggle(on) {
  running = on;
  go.textContent = on ? "Pause" : "Train";
  document.body.classList.toggle("running", on);
  counted = { now: 0, frames, step: 0 };
  if (!on) find("#speed").textContent = "";
  for (const run of active()) run.ask({ kind: "run", on }), look(run);
}

/** @param {boolean} two */
function showTwo(two) {
  compare.checked = two;
  if (two && all.length === 1) addRun("B");
  for (const run of all.slice(1)) (run.box.hidden = !two), run.ask({ kind: "run", on: running && two });
  find("#runs").classList.toggle("two", two);
  for (const run of active()) look(run);
}

go.addEventListener("click", () => toggle(!running));
find("#reset").addEventListener("click", () => active().forEach(restart));
stepButton.addEventListener("click", () => {
  toggle(false);
  for (const run of active()) run.ask({ kind: "step" }), look(run);
});
compare.addEventListener("change", () => showTwo(compare.checked));
for (const query of [dark, still])
  query.addEventListener("change", () => ((colour = colours()), active().forEach(look)));
addEventListener("resize", () => active().forEach(look));

// The experiments: a prediction opens the answer, a button sets both runs up.
for (const experiment of document.querySelectorAll(".experiment")) {
  const answer = find("details", experiment), { settings = "{}" } = /** @type {HTMLElement} */ (experiment).dataset;
  experiment.addEventListener("change", () => (answer.hidden = false));
  find("button", experiment).addEventListener("click", () => {
    showTwo(true);
    set(all[0], { ...JSON.parse(settings).both, ...JSON.parse(settings).A });
    set(all[1], { ...JSON.parse(settings).both, ...JSON.parse(settings).B });
    toggle(true);
    find("#runs").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
  });
}
addRun("A");
