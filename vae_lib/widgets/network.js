// The decoder and the classifier, computed in the browser.

/**
 * A network of two layers, x → W₂ relu(W₁ x + b₁) + b₂, from float16 weights stored input by input.
 * @param {DataView} bytes
 * @param {number[]} sizes inputs, hidden units, outputs
 * @returns {(x: ArrayLike<number>) => Float32Array}
 */
export function network(bytes, [inputs, hidden, outputs]) {
  const all = float16(bytes);
  const lengths = [inputs * hidden, hidden, hidden * outputs, outputs];
  const needed = lengths.reduce((a, b) => a + b);
  if (all.length !== needed)
    throw new Error(`A network ${inputs}–${hidden}–${outputs} has ${needed} weights, ${all.length} came: run the cell again.`);
  if (!all.every(Number.isFinite))
    throw new Error("Some weights are no finite numbers: load a model whose training did not fail, and run the cell again.");
  const layers = lengths.map((length, i) => all.subarray(lengths.slice(0, i).reduce((a, b) => a + b, 0)).subarray(0, length));
  const [first, firstBias, second, secondBias] = layers;
  const h = new Float32Array(hidden);
  return (x) => {
    const out = Float32Array.from(secondBias);
    h.set(firstBias);
    for (let i = 0; i < inputs; i++) add(h, x[i], first, i * hidden);
    for (let j = 0; j < hidden; j++) if (h[j] > 0) add(out, h[j], second, j * outputs);
    return out;
  };
}

/**
 * sum += factor · the row that begins at `offset`.
 * @param {Float32Array} sum @param {number} factor @param {Float32Array} rows @param {number} offset
 */
function add(sum, factor, rows, offset) {
  for (let i = 0; i < sum.length; i++) sum[i] += factor * rows[offset + i];
}

/**
 * The decoder: z → x_hat, pixels in [0, 1].
 * @param {DataView} bytes @param {number[]} sizes
 * @returns {(z: ArrayLike<number>) => Float32Array}
 */
export function decoder(bytes, sizes) {
  const logits = network(bytes, sizes);
  return (z) => logits(z).map((a) => 1 / (1 + Math.exp(-a)));
}

/** @param {DataView} view float16 numbers, little-endian */
export function float16(view) {
  const out = new Float32Array(view.byteLength / 2);
  const powers = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));
  for (let i = 0; i < out.length; i++) {
    const bits = view.getUint16(2 * i, true);
    const exponent = (bits >> 10) & 31;
    const size = exponent === 31 ? NaN : ((bits & 1023) + (exponent ? 1024 : 0)) * powers[exponent];
    out[i] = bits & 0x8000 ? -size : size;
  }
  return out;
}
