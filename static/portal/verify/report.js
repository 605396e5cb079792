/* Run the checks and collect their results, without blocking the page. */
"use strict";
(() => {
  const { Malformed, statementOf, verdictOf } = auditVerifier;

  /** Characters that could end a line or change the direction of text. */
  const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

  /** Lets the page respond, reports progress, and stops when the check is cancelled. */
  class Pace {
    constructor({ progress = () => {}, signal } = {}) {
      Object.assign(this, { progress, signal, since: performance.now() });
    }

    async step(progress) {
      const now = performance.now();
      if (now - this.since < 40) return;
      this.progress(progress());
      await new Promise((resolve) => setTimeout(resolve));
      this.signal?.throwIfAborted();
      this.since = performance.now();
    }
  }

  /** If one of these fails, the checks after it cannot be made. */
  const FUNDAMENTAL = ["files", "policy", "checkpoint", "inclusion", "bodies", "values", "manifest"];

  /** The results of the checks. A check is a function that returns `{fault}`, `{none}` or `{ok}` with a sentence in English, or throws
      Malformed. */
  class Report {
    constructor() {
      Object.assign(this, { checks: [], broken: "" });
    }

    async check(name, work) {
      const said = this.broken
        ? { none: `Not made, because the check "${this.broken}" failed.` }
        : await this.outcome(work);
      const state = said.fault ? "fail" : said.none ? "none" : "ok";
      this.checks.push({ name, state, sentence: said.fault || said.none || said.ok });
      if (state === "fail" && FUNDAMENTAL.includes(name)) this.broken = name;
    }

    /** Turn malformed input into a failed check. */
    async outcome(work) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof Malformed) return { fault: error.message };
        throw error;
      }
    }

    get failed() {
      return this.checks.some(({ state }) => state === "fail");
    }

    result(found) {
      if (this.failed) return { checks: this.checks, statement: [], verdict: "INVALID", exit_code: 1 };
      const lines = found.claim ? statementOf(found) : [];
      const statement = lines.map((line) => {
        const parts = line.parts.map((part) => part.replace(UNPRINTABLE, "\ufffd"));
        return { name: line.name, text: parts.join(""), parts };
      });
      return { checks: this.checks, statement, verdict: verdictOf(found), exit_code: 0 };
    }
  }

  Object.assign(auditVerifier, { Pace, Report });
})();
