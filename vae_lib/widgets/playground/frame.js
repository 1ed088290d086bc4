// The playground as a widget: its page in a frame that scrolls by itself, so that its buttons stay in sight. The
// browser's half of the class Playground.

/** @param {{ model: import("../page.js").Model, el: HTMLElement }} widget */
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = "Playground: train a VAE in your browser";
  frame.style.cssText = "display: block; box-sizing: border-box; width: 100%; height: 80vh; min-height: 560px; border: 1px solid #8888; border-radius: 6px";
  frame.srcdoc = new TextDecoder().decode(model.get("page"));
  el.classList.add("vae-widget", "vae-playground");
  el.append(frame);
}

export default { render };
