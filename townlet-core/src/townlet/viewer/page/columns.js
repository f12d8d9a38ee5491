// Reads what townlet.viewer.columns packs: whole numbers over time, as differences, in byte planes, deflated.

const ARRAYS = {
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array, int32: Int32Array, float32: Float32Array,
};

/** Bytes of a text in base64. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** Inflates a zlib stream. */
export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A packed part as {about, columns: {name: {n, length, data}}}; data is [length, n], row by row. */
export async function unpack(bytes) {
  return readPart(await inflate(bytes));
}

/** A part that is inflated already. */
export function readPart(raw) {
  const size = new DataView(raw.buffer, raw.byteOffset).getUint32(0, true);
  const { columns: listed, ...about } = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + size)));
  const columns = {};
  let start = 4 + size;
  for (const [name, kind, n, length] of listed) {
    const data = new ARRAYS[kind](n * length);
    const width = data.BYTES_PER_ELEMENT;
    readColumn(raw, start, kind === "float32" ? new Int32Array(data.buffer) : data, n, length, width);
    columns[name] = { n, length, data };
    start += n * length * width;
  }
  return { about, columns };
}

function readColumn(raw, start, data, n, length, width) {
  const plane = n * length;
  for (let i = 0; i < n; i++) {
    let now = 0;
    for (let t = 0; t < length; t++) {
      const at = start + i * length + t;
      let step = raw[at];
      if (width > 1) step |= raw[at + plane] << 8;
      if (width > 2) step |= (raw[at + 2 * plane] << 16) | (raw[at + 3 * plane] << 24);
      now = (now + step) | 0; // storing cuts it to the width of the column
      data[t * n + i] = now;
    }
  }
}
