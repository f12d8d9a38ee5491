// Which part of the town is seen: the middle in tiles, and CSS pixels a tile. Shared by towns side by side.

const LEAST = 2;
const MOST = 96;

export class Camera {
  /** `box` is what "the whole town" shows: [top, left, bottom, right] in tiles. */
  constructor(width, height, box = [0, 0, height, width]) {
    this.width = width;
    this.height = height;
    this.box = box;
    this.x = width / 2;
    this.y = height / 2;
    this.scale = 16;
    this.fitted = true;
  }

  /** Shows the whole town in a view of so many CSS pixels. */
  fit(viewWidth, viewHeight) {
    const [top, left, bottom, right] = this.box;
    this.scale = Math.min(Math.max(Math.min(viewWidth / (right - left), viewHeight / (bottom - top)), LEAST), MOST);
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
    this.fitted = true;
  }

  /** Zooms by a factor, keeping what lies under a point of the view where it is. */
  zoom(factor, px, py, viewWidth, viewHeight) {
    const before = this.toTiles(px, py, viewWidth, viewHeight);
    this.scale = Math.min(Math.max(this.scale * factor, LEAST), MOST);
    const after = this.toTiles(px, py, viewWidth, viewHeight);
    this.moveTo(this.x + before.x - after.x, this.y + before.y - after.y);
  }

  /** Moves the middle, which stays in town. */
  moveTo(x, y) {
    this.x = Math.min(Math.max(x, 0), this.width);
    this.y = Math.min(Math.max(y, 0), this.height);
    this.fitted = false;
  }

  /** Draws nearer to a place: a share of the way, for a smooth pursuit. */
  pursue(x, y, share) {
    this.moveTo(this.x + (x - this.x) * share, this.y + (y - this.y) * share);
  }

  toTiles(px, py, viewWidth, viewHeight) {
    return { x: this.x + (px - viewWidth / 2) / this.scale, y: this.y + (py - viewHeight / 2) / this.scale };
  }

  toView(x, y, viewWidth, viewHeight) {
    return { x: (x - this.x) * this.scale + viewWidth / 2, y: (y - this.y) * this.scale + viewHeight / 2 };
  }
}
