/* The list of checks as they are made, and the pace at which the page stays responsive. */
"use strict";
(() => {
  const { Malformed, statementOf, verdictOf } = auditVerifier;

  /** What could end a line, or turn the order of letters round. */
  const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

  /** Gives the page time to answer, tells how far the check is, and stops when it is cancelled. */
  class Pace {
    constructor({ progress = () => {}, signal } = {}) {
      Object.assign(this, { progress, signal, since: performance.now() });
    }

    async step(told) {
      const now = performance.now();
      if (now - this.since < 40) return;
      this.progress(told());
      await new Promise((resolve) => setTimeout(resolve));
      this.signal?.throwIfAborted();
      this.since = performance.now();
    }
  }

  /** Without what these find out, nothing that follows can be checked. */
  const FUNDAMENTAL = ["files", "policy", "checkpoint", "inclusion", "bodies", "values", "manifest"];

  /** The checks that were done. A check is a function that gives `{fault}`, `{none}` or `{ok}` with a sentence, or throws Malformed. */
  class Report {
    constructor() {
      Object.assign(this, { checks: [], broken: "" });
    }

    async check(name, work) {
      const said = this.broken
        ? { none: `Not looked at, because the check "${this.broken}" has failed.` }
        : await this.outcome(work);
      const state = said.fault ? "fail" : said.none ? "none" : "ok";
      this.checks.push({ name, state, sentence: said.fault || said.none || said.ok });
      if (state === "fail" && FUNDAMENTAL.includes(name)) this.broken = name;
    }

    /** The one place where malformed input becomes a sentence. */
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
      const statement = lines.map(({ name, text }) => ({ name, text: text.replace(UNPRINTABLE, "\ufffd") }));
      return { checks: this.checks, statement, verdict: verdictOf(found), exit_code: 0 };
    }
  }

  Object.assign(auditVerifier, { Pace, Report });
})();
