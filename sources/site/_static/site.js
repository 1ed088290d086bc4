// What the site's pages do by themselves: widgets that live without a kernel, and glossary terms that explain
// themselves. Everything comes from files beside the page and works from disk, too, where `fetch` and modules do not.

/**
 * What a file widgets/NAME.js holds; tools/live_widgets.py writes it.
 * @typedef {{src: string, dark: string, alt: string}} Picture  dark: src for the dark theme
 * @typedef {object} Stored
 * @property {string} esm  the widget's module, as text
 * @property {string} css
 * @property {Object<string, any>} state  the traits that are no bytes
 * @property {Object<string, string>} buffers  the others, gzip in base64
 * @property {Object<string, Picture>} frames  of a `Live`: its picture for each position of its sliders, "0,3"
 */

/** @type {Object<string, Stored>} */
globalThis.vaeWidgets = {};

/** @param {string} packed  gzip in base64 */
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new DataView(await new Response(stream).arrayBuffer());
}

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => document.body.dataset.theme === "dark" || (document.body.dataset.theme !== "light" && darkSystem.matches);

/** The part of anywidget's model that needs no kernel; a picture that Python would draw is looked up instead. */
class Model {
  /** @param {Object<string, any>} values @param {Object<string, Picture>} frames */
  constructor(values, frames) {
    this.values = values;
    this.frames = frames;
    /** @type {Object<string, Set<() => void>>} */
    this.listeners = {};
  }
  get(name) {
    return this.values[name];
  }
  set(name, value) {
    this.values[name] = value;
    this.tell(name);
    if (name === "chosen") this.choose();
  }
  /** Take the picture of the chosen values, for the theme. */
  choose() {
    const frame = this.frames[String(this.values.chosen)];
    if (frame) this.set("picture", { alt: frame.alt, src: isDark() ? frame.dark : frame.src });
  }
  tell(name) {
    for (const listen of this.listeners[`change:${name}`] ?? []) listen();
  }
  on(event, listen) {
    (this.listeners[event] ??= new Set()).add(listen);
  }
  off(event, listen) {
    this.listeners[event]?.delete(listen);
  }
  save_changes() {}
  send() {}
}

/** Load a widget's file and put the widget in place of its still picture. @param {HTMLElement} place */
async function enliven(place) {
  const name = place.dataset.widget, folder = place.dataset.from;
  await new Promise((done, fail) => {
    document.head.append(Object.assign(document.createElement("script"), { src: `${folder}${name}.js`, onload: done, onerror: fail }));
  });
  const { esm, css, state, buffers, frames } = globalThis.vaeWidgets[name];
  const values = { ...state };
  for (const [trait, packed] of Object.entries(buffers)) values[trait] = await unpack(packed);
  for (const frame of Object.values(frames)) [frame.src, frame.dark] = [folder + frame.src, folder + frame.dark];
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const { default: widget } = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  const el = document.createElement("div"), model = new Model(values, frames);
  model.choose();
  darkSystem.addEventListener("change", () => model.choose());
  new MutationObserver(() => model.choose()).observe(document.body, { attributeFilter: ["data-theme"] });
  await widget.initialize?.({ model });
  await widget.render({ model, el });
  place.replaceChildren(el);
  place.dataset.alive = "true";
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries)
      if (isIntersecting) {
        near.unobserve(target);
        enliven(/** @type {HTMLElement} */ (target));
      }
  },
  { rootMargin: "600px" },
);
for (const place of document.querySelectorAll("[data-widget]")) near.observe(place);

// ---- what the theme leaves out for keyboard and screen reader ------------------------------------------------------

for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
const scrolling = new ResizeObserver((entries) => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
});
for (const code of document.querySelectorAll("pre")) scrolling.observe(code);

// ---- glossary terms ----------------------------------------------------------------------------------------------

const meaning = Object.assign(document.createElement("div"), { id: "meaning", role: "tooltip", hidden: true });
document.body.append(meaning);
let leaving;

/** @param {HTMLAnchorElement} term */
function explain(term) {
  clearTimeout(leaving);
  forget();
  meaning.textContent = term.dataset.meaning;
  meaning.hidden = false;
  term.setAttribute("aria-describedby", "meaning");
  const word = term.getClientRects()[0], width = meaning.offsetWidth;
  const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - width - 8));
  const below = word.bottom + meaning.offsetHeight + 8 < innerHeight;
  meaning.style.left = `${left + scrollX}px`;
  meaning.style.top = `${(below ? word.bottom + 4 : word.top - meaning.offsetHeight - 4) + scrollY}px`;
}

function forget() {
  meaning.hidden = true;
  document.querySelector("[aria-describedby=meaning]")?.removeAttribute("aria-describedby");
}

const leave = () => (leaving = setTimeout(forget, 200)); // long enough to reach the box with the pointer
for (const term of document.querySelectorAll("a.term")) {
  let touched = false;
  term.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && explain(term));
  term.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
  term.addEventListener("pointerdown", (event) => (touched = event.pointerType === "touch"));
  term.addEventListener("click", (event) => {
    if (!touched || term.hasAttribute("aria-describedby")) return;
    event.preventDefault(); // the first touch explains, the second follows the link
    explain(term);
  });
  term.addEventListener("focus", () => !touched && explain(term));
  term.addEventListener("blur", leave);
}
meaning.addEventListener("pointerenter", () => clearTimeout(leaving));
meaning.addEventListener("pointerleave", leave);
document.addEventListener("keydown", (event) => event.key === "Escape" && forget());
