// Native sliders above a picture that Python draws: the browser's half of the class Live.

import { KEYS, element } from "./page.js";

/** @param {{ model: import("./page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  el.classList.add("vae-live");
  const image = element("img");
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
    });
    const follow = () => {
      range.value = model.get("chosen")[i];
      name(model.get("chosen")[i]);
    };
    return { row: element("label", {}, label, range, text), follow };
  });
  const show = () => Object.assign(image, model.get("picture"));
  const follow = () => rows.forEach((row) => row.follow());
  model.on("change:picture", show);
  model.on("change:chosen", follow);
  show();
  follow();
  el.replaceChildren(...rows.map(({ row }) => row), image);
  return () => {
    model.off("change:picture", show);
    model.off("change:chosen", follow);
  };
}

export default { render };
