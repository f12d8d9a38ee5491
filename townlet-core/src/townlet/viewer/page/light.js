// Day and night: how dark it is, and a small picture of the darkness with lit windows cut out of it.

const FINE = 6; // dots a tile

/** 0 at noon, 1 at midnight, by the share of the day gone by. */
export function darkness(time) {
  const hours = time * 24;
  return 1 - ramp(hours, 5, 7.5) * (1 - ramp(hours, 19, 21.5));
}

function ramp(value, from, to) {
  const share = Math.min(Math.max((value - from) / (to - from), 0), 1);
  return share * share * (3 - 2 * share);
}

export class Night {
  constructor(film) {
    this._film = film;
    this._fine = Math.max(1, Math.min(FINE, Math.floor(1500 / Math.max(film.width, film.height))));
    this._canvas = document.createElement("canvas");
    this._canvas.width = film.width * this._fine;
    this._canvas.height = film.height * this._fine;
    this._frame = -1;
    this._lamps = lampPosts(film.scenery.ground);
    this._rooms = roomNumbers(film.scenery);
  }

  /** The darkness of a frame, to be drawn over the whole town; null by daylight. */
  picture(frame) {
    const film = this._film;
    const dark = darkness(film.timeOfDay(film.ticks[frame]));
    const power = film.power(frame);
    if (dark <= 0.01 && power) return null;
    if (frame !== this._frame) {
      this._frame = frame;
      this._draw(frame, dark, power);
    }
    return this._canvas;
  }

  /** The darkness of the open, as a colour. */
  shade(frame) {
    return `rgba(22, 26, 66, ${(darkness(this._film.timeOfDay(this._film.ticks[frame])) * 0.62).toFixed(3)})`;
  }

  /** Lamp posts that burn at a frame: [y, x]. */
  lampsBurning(frame) {
    const film = this._film;
    return film.power(frame) && darkness(film.timeOfDay(film.ticks[frame])) > 0.3 ? this._lamps : [];
  }

  _draw(frame, dark, power) {
    const context = this._canvas.getContext("2d");
    const fine = this._fine;
    context.setTransform(fine, 0, 0, fine, 0, 0);
    context.globalCompositeOperation = "copy";
    context.fillStyle = this.shade(frame);
    context.fillRect(0, 0, this._film.width, this._film.height);
    context.globalCompositeOperation = "source-over";
    const lit = this._litRooms(frame);
    this._film.scenery.rooms.forEach((room, number) => {
      const [top, left, bottom, right] = room.box;
      if (!power) {
        context.fillStyle = "rgba(16, 16, 40, 0.38)";
        context.fillRect(left, top, right - left + 1, bottom - top + 1);
      } else if (lit.has(number) && dark > 0.05) {
        this._glow(context, left - 0.4, top - 0.4, right - left + 1.8, bottom - top + 1.8, dark);
      }
    });
    if (!power || dark <= 0.3) return;
    for (const [y, x] of this._lamps) {
      context.globalCompositeOperation = "destination-out";
      const light = context.createRadialGradient(x + 0.5, y + 0.5, 0, x + 0.5, y + 0.5, 3.4);
      light.addColorStop(0, "rgba(0, 0, 0, 0.75)");
      light.addColorStop(1, "rgba(0, 0, 0, 0)");
      context.fillStyle = light;
      context.fillRect(x - 3, y - 3, 7, 7);
    }
    context.globalCompositeOperation = "source-over";
  }

  _glow(context, x, y, width, height, dark) {
    context.globalCompositeOperation = "destination-out";
    context.fillStyle = "rgba(0, 0, 0, 0.88)";
    context.beginPath();
    context.roundRect(x, y, width, height, 0.8);
    context.fill();
    context.globalCompositeOperation = "source-over";
    context.fillStyle = `rgba(255, 196, 92, ${(dark * 0.2).toFixed(3)})`;
    context.fill();
  }

  /** Rooms in which somebody is awake. */
  _litRooms(frame) {
    const film = this._film;
    const asleep = film.scenery.affordances.indexOf("sleep");
    const found = new Set();
    for (let a = 0; a < film.agents; a++) {
      if (!film.present(frame, a) || film.raw("activity", frame, a) === asleep) continue;
      const room = this._rooms.get(film.raw("y", frame, a) * film.width + film.raw("x", frame, a));
      if (room !== undefined) found.add(room);
    }
    return found;
  }
}

function roomNumbers(scenery) {
  const width = scenery.ground[0].length;
  const numbers = new Map();
  scenery.rooms.forEach((room, number) => {
    const [top, left, bottom, right] = room.box;
    for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) numbers.set(y * width + x, number);
  });
  return numbers;
}

/** Lamp posts stand at corners of walls beside a street, not too close together. */
export function lampPosts(ground) {
  const found = [];
  for (let y = 1; y < ground.length - 1; y++) {
    for (let x = 1; x < ground[y].length - 1; x++) {
      const corner = ground[y][x] === "." && (ground[y + 1][x - 1] === "#" || ground[y + 1][x + 1] === "#")
        && ground[y + 1][x] !== "#" && ground[y][x - 1] !== "#" && ground[y][x + 1] !== "#";
      if (corner && !found.some(([fy, fx]) => Math.abs(fy - y) + Math.abs(fx - x) < 6)) found.push([y, x]);
    }
  }
  return found;
}
