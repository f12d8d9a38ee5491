// Filled shapes on a canvas: context, colour, place and size.

export function fill(c, style, x, y, width, height) {
  c.fillStyle = style;
  c.fillRect(x, y, width, height);
}

export function rounded(c, style, x, y, width, height, radius) {
  c.fillStyle = style;
  c.beginPath();
  c.roundRect(x, y, width, height, radius);
  c.fill();
}

export function circle(c, style, x, y, radius) {
  c.fillStyle = style;
  c.beginPath();
  c.arc(x, y, Math.max(radius, 0), 0, 2 * Math.PI);
  c.fill();
}

export function ellipse(c, style, x, y, rx, ry) {
  c.fillStyle = style;
  c.beginPath();
  c.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  c.fill();
}
