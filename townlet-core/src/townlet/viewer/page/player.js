// Time: where the film stands, whether it runs and how fast.

export const SPEEDS = [1, 2, 5, 10, 20, 40, 80, 160, 320];

export class Player {
  /** `first` to `last` are ticks; `changed` is called after each change that is not the running of time. */
  constructor(first, last, changed) {
    this.first = first;
    this.last = last;
    this.position = first;
    this.playing = false;
    this.speed = 10;
    this.atEdge = false; // goes along with the end of a film that grows
    this._changed = changed;
  }

  /** The tick that is shown: whole. */
  get tick() { return Math.floor(this.position); }

  /** Moves on by some seconds; tells whether anything moved. */
  advance(seconds) {
    if (this.atEdge) return this._goAlong(seconds);
    if (!this.playing) return false;
    this.position = Math.min(this.position + seconds * this.speed, this.last);
    if (this.position >= this.last) {
      this.playing = false;
      this._changed();
    }
    return true;
  }

  /** More has come; who stands at the end goes along. */
  extend(last) {
    this.last = last;
  }

  /** Goes to the end of a film that grows, and along with it. */
  goAlong() {
    this.playing = false;
    this.atEdge = true;
    this._changed();
  }

  _goAlong(seconds) {
    const behind = this.last - this.position;
    if (behind <= 0) return false;
    if (behind > 200) this.position = this.last - 1;
    this.position = Math.min(this.position + Math.max(behind * 6, 2) * seconds, this.last);
    return true;
  }

  /** Goes to a tick, within the film. */
  seek(tick) {
    this.atEdge = false;
    this.position = Math.min(Math.max(Math.floor(tick), this.first), this.last);
    this._changed();
  }

  /** Stops and moves by whole ticks. */
  step(ticks) {
    this.playing = false;
    this.seek(this.tick + ticks);
  }

  /** Plays or pauses; from the end it begins anew. */
  toggle() {
    this.atEdge = false;
    if (!this.playing && this.position >= this.last) this.position = this.first;
    this.playing = !this.playing;
    if (!this.playing) this.position = this.tick;
    this._changed();
  }

  /** The next speed up (1) or down (-1). */
  shift(direction) {
    const now = SPEEDS.indexOf(this.speed);
    this.setSpeed(SPEEDS[Math.min(Math.max((now < 0 ? 3 : now) + direction, 0), SPEEDS.length - 1)]);
  }

  setSpeed(speed) {
    this.speed = speed;
    this._changed();
  }
}
