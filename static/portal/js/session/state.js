// The end of the session in an open page: a warning two minutes before, with a button to stay signed in, and a cover
// over the page afterwards. What was typed is kept for when the same person signs in again.
import { say } from "../say.js";
import { gettext } from "../words.js";

const WARNS_BEFORE = 120;
const LOOKS_EVERY = 20_000;
const TICK = 1000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("portal-signed-in") : null;

class SessionState extends HTMLElement {
  #endsAt;
  #lookedAt = 0;
  #isLooking = false;
  #isOver = false;

  connectedCallback() {
    this.warning = this.querySelector("[data-part=warning]");
    this.cover = this.querySelector("[data-part=cover]");
    this.#endsIn(Number(this.dataset.endsIn));
    this.querySelector("[data-do=stay]").addEventListener("click", () => this.#stay());
    this.querySelector("[data-do=again]").addEventListener("click", () => this.#look());
    this.cover.addEventListener("cancel", (event) => event.preventDefault());
    // Some browsers close it at a second Escape all the same.
    this.cover.addEventListener("close", () => this.#isOver && this.cover.showModal());
    document.addEventListener("session-over", () => this.#end());
    // The person signed in again in another page of this browser.
    channel?.addEventListener("message", () => this.#isOver && this.#look());
    channel?.postMessage("signed in");
    document.addEventListener("visibilitychange", () => document.hidden || this.#tick());
    // A form sent after the end would be lost at the sign-in page.
    document.addEventListener("submit", (event) => this.#hold(event), { capture: true });
    setInterval(() => this.#tick(), TICK);
  }

  #endsIn(seconds) {
    this.#endsAt = Date.now() + seconds * 1000;
  }

  get #left() {
    return Math.ceil((this.#endsAt - Date.now()) / 1000);
  }

  #tick() {
    const isNear = this.#left <= WARNS_BEFORE;
    // Other pages and playing keep the session alive too, so ask the server.
    if (isNear && !this.#isOver && Date.now() - this.#lookedAt > Math.min(LOOKS_EVERY, Math.max(2000, this.#left * 1000))) {
      this.#look();
    }
    if (this.warning.open) this.#show();
  }

  #show() {
    const left = Math.max(0, this.#left);
    const words = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.querySelector("[data-part=left]").textContent = words;
  }

  /** Ask the server when the session ends. A poll does not keep it alive. */
  async #look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#lookedAt = Date.now();
    try {
      const headers = { "Accept": "application/json", "X-Poll": "true" };
      const response = await fetch(this.dataset.url, { headers, credentials: "same-origin", cache: "no-store" });
      if (response.status === 401) this.#end();
      else if (response.ok) this.#learn(await response.json());
    } catch {
      if (this.#left <= 0) this.#end(); // without an answer, the clock decides
    } finally {
      this.#isLooking = false;
    }
  }

  #learn({ ends_in: seconds, can_stay: canStay, person, token }) {
    if (String(person) !== this.dataset.person) {
      location.reload(); // another person is signed in now, and this page is not theirs
      return;
    }
    this.#endsIn(seconds);
    if (this.#isOver) this.#goOn(token);
    const isNear = seconds <= WARNS_BEFORE;
    this.querySelector("[data-do=stay]").hidden = !canStay;
    this.querySelector("[data-part=last]").hidden = canStay;
    if (isNear && !this.warning.open) this.warning.showModal();
    if (!isNear && this.warning.open) this.warning.close();
    this.#show();
  }

  async #stay() {
    try {
      const headers = { "Accept": "application/json" };
      const response = await fetch(this.dataset.url, { headers, credentials: "same-origin", cache: "no-store" });
      if (response.status === 401) this.#end();
      else this.#learn(await response.json());
    } catch {
      say(gettext("The portal cannot be reached. Try again."), "bad");
    }
  }

  #hold(event) {
    if (this.#left > 0 && !this.#isOver) return;
    if (event.target.closest("portal-session") || event.target.matches("[data-signs-out]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#look();
  }

  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.warning.open) this.warning.close();
    document.dispatchEvent(new CustomEvent("session-ended"));
    this.cover.showModal();
  }

  /** The same person is signed in again: continue with the token of the new session. */
  #goOn(token) {
    this.#isOver = false;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
    this.cover.close();
    say(gettext("You are signed in again. This page is as you left it."), "ok");
  }
}

customElements.define("portal-session", SessionState);

// htmx got the answer that nobody is signed in.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 401) document.dispatchEvent(new CustomEvent("session-over"));
});
