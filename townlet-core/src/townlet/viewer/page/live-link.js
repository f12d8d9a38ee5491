// The line to a living town: what comes is put in order, and a line that breaks is taken up again.

import { openParts, readMessage } from "./live-film.js";

const AGAIN = [300, 600, 1200, 2500, 5000]; // milliseconds before each try

export class LiveLink {
  /** `heard`: {hello(head, scenery), frames(parts, town), text(message), line(connected)} */
  constructor(address, heard) {
    this.address = address;
    this.heard = heard;
    this.last = -1; // tick of the last frame that came
    this.town = 0; // and number of its town
    this.ended = false;
    this._tries = 0;
    this._order = Promise.resolve();
    this._open();
  }

  /** Asks the town for something. */
  ask(message) {
    if (this._socket.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }

  _open() {
    const url = new URL(this.address);
    if (this.last >= 0) {
      url.searchParams.set("after", String(this.last));
      url.searchParams.set("town", String(this.town));
    }
    const socket = new WebSocket(url);
    this._socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this._tries = 0;
      this.heard.line(true);
    };
    socket.onmessage = ({ data }) => {
      this._order = this._order.then(() => this._take(data));
    };
    socket.onclose = () => {
      this.heard.line(false);
      if (!this.ended) setTimeout(() => this._open(), AGAIN[Math.min(this._tries++, AGAIN.length - 1)]);
    };
  }

  async _take(data) {
    if (typeof data === "string") {
      this.heard.text(JSON.parse(data));
      return;
    }
    const { head, parts } = readMessage(data);
    const opened = await openParts(parts);
    if (head.kind === "hello") this.heard.hello(head, opened.scenery);
    else {
      this.last = head.last;
      this.town = head.town ?? 0;
      this.heard.frames(opened, this.town);
    }
  }
}
