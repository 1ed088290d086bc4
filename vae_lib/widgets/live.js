// Native sliders above a picture that Python draws: the browser's half of the class Live.

import { KEYS, element } from "./page.js";

const PATIENCE = 700; // milliseconds that a picture may take before the page says that it is an old one

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-widget", "vae-live");
  const image = element("img");
  const notice = element("p", { role: "status", class: "notice" });
  const labels = /** @type {string[]} */ (model.get("labels"));
  const rows = labels.map((label, i) => {
    const texts = /** @type {string[]} */ (model.get("texts")[i]), text = element("output");
    const range = element("input", { type: "range", min: 0, max: texts.length - 1, step: 1, "aria-label": label, ...KEYS });
    /** @param {number} position */
    const name = (position) => {
      text.textContent = texts[position];
      range.setAttribute("aria-valuetext", texts[position]);
    };
    range.addEventListener("input", () => {
      const chosen = [...model.get("chosen")];
      chosen[i] = Number(range.value);
      name(chosen[i]);
      model.set("chosen", chosen);
      model.save_changes();
      show();
    });
    const follow = () => {
      range.value = model.get("chosen")[i];
      name(model.get("chosen")[i]);
    };
    return { row: element("label", {}, label, range, text), follow };
  });
  /** @param {number[]} places */
  const inWords = (places) => labels.map((label, i) => `${label} ${model.get("texts")[i][places[i]]}`).join(", ");
  let waiting = 0;
  // The picture, or why there is none; and while it is one of other places than the sliders', so it says.
  const show = () => {
    const { chosen, error, ...picture } = model.get("picture");
    clearTimeout(waiting);
    notice.textContent = error ? `There is no picture for ${inWords(chosen)}. ${error}` : "";
    image.hidden = Boolean(error);
    if (!error) Object.assign(image, picture);
    if (!chosen || String(chosen) === String(model.get("chosen"))) return;
    waiting = setTimeout(() => {
      notice.textContent = `The picture is still of ${inWords(chosen)}. If it stays so, run this cell again.`;
    }, PATIENCE);
  };
  const follow = () => {
    rows.forEach((row) => row.follow());
    show();
  };
  model.on("change:picture", show);
  model.on("change:chosen", follow);
  follow();
  el.replaceChildren(...rows.map(({ row }) => row), notice, image);
  return () => {
    clearTimeout(waiting);
    model.off("change:picture", show);
    model.off("change:chosen", follow);
  };
}

export default { render };
