/* The page of the verifier: takes files by hand or by drop, and shows verdict, statement and checks. */
"use strict";
(() => {
  const { gettext, ngettext, pgettext, fill, NAMES } = auditVerifier;

  /** What each check establishes. Its own sentence is shown as the verifier wrote it, in English. */
  const MEANINGS = {
    files: gettext("No file of the bundle was added, removed or changed since it was built."),
    policy: gettext("The trust policy says whose signatures count."),
    checkpoint: gettext("The log signed its size and its root."),
    witnesses: gettext("Others saw the same log, so the operator cannot rewrite it."),
    inclusion: gettext("Every entry is in the log at the stated position; none was changed, replaced or moved."),
    bodies: gettext("Every event is exactly the one that was sealed."),
    values: gettext("Every name, address and note shown is the one that the event committed to."),
    opening: gettext(
      "No event can be counted under two tags: the key of the tags was fixed when the log was opened.",
    ),
    manifest: gettext("The counts cover the whole log up to this checkpoint."),
    request: gettext("The log records who requested this report, for which scope and period."),
    completeness: gettext("No event of the report's scope is missing."),
    anchors: gettext("The log extends checkpoints that were time-stamped."),
    older: gettext("The log extends the checkpoint that you kept."),
    times: gettext("No event was backdated beyond what others had seen."),
    table: gettext("The table contains exactly what the verified events say."),
  };
  const VERDICTS = [
    [
      /^INVALID/,
      "bad",
      gettext("At least one check failed. Do not rely on this report; nothing is stated about its content."),
    ],
    [
      /^NOT CHECKED/,
      "open",
      gettext(
        "This says nothing about the content and is no sign of forgery. Use the file exactly as it was downloaded.",
      ),
    ],
    [
      /^CONSISTENT/,
      "quiet",
      gettext(
        "No check failed, but only the log's operator vouches for it. Add a policy with a witness that you trust.",
      ),
    ],
    [/^ANCHORED/, "good", gettext("A time stamp from the authority that you chose fixes everything before it.")],
    [/^WITNESSED/, "good", gettext("A witness that you trust has seen the same log.")],
  ];
  const STATES = {
    ok: [pgettext("result of a check", "ok"), "passed"],
    fail: [pgettext("result of a check", "FAIL"), "failed"],
    none: [pgettext("result of a check", "none"), "empty"],
  };
  const KINDS = ["bundle", "policy", "tsa", "older", "proof"];
  const find = (id) => document.getElementById(id);
  const files = {};
  let running = new AbortController();

  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };
  /** Text with a direction of its own. */
  const bdi = (text) => make("bdi", "", text);

  /** Tell what a dropped file is by its beginning. */
  const kindOf = async (file) => {
    const start = await file.slice(0, 4096).text();
    if (/^PK|^c2sp\.org\/tlog-proof/.test(start) || /\.(zip|tlog-proof)$/i.test(file.name)) return "bundle";
    if (start.includes("-----BEGIN CERTIFICATE-----")) return "tsa";
    if (/^old [0-9]+\n/.test(start)) return "proof";
    return /\n\n— /.test(start) ? "older" : "policy";
  };

  const summary = (checks) => {
    const count = (state) => checks.filter((check) => check.state === state).length;
    const [failed, passed, none] = [count("fail"), count("ok"), count("none")];
    if (!checks.length) return gettext("no check was made");
    const parts = failed
      ? [fill(ngettext("%(count)s check failed", "%(count)s checks failed", failed), { count: failed })]
      : [fill(ngettext("%(count)s check passed", "%(count)s checks passed", passed), { count: passed })];
    if (none && failed)
      parts.push(fill(ngettext("%(count)s was not made", "%(count)s were not made", none), { count: none }));
    else if (none)
      parts.push(
        fill(ngettext("%(count)s had nothing to check", "%(count)s had nothing to check", none), { count: none }),
      );
    return parts.join(" · ");
  };

  const checkRow = ({ name, state, sentence }) => {
    const [word, className] = STATES[state],
      said = make("p", "quiet", bdi(sentence)),
      code = make("span", "name", bdi(name));
    said.lang = "en";
    return make("li", `check ${className}`, make("span", "state", word), code, make("div", "", MEANINGS[name], said));
  };

  const report = ({ verdict, statement, checks }, seconds) => {
    const [, tone, meaning] = VERDICTS.find(([pattern]) => pattern.test(verdict));
    const took = fill(gettext("%(seconds)s s"), { seconds: seconds.toFixed(1) });
    const about = make("p", "quiet", bdi(files.bundle.name), ` · ${summary(checks)} · ${took}`);
    const parts = [make("div", `verdict ${tone}`, make("h2", "", bdi(verdict)), make("p", "", meaning), about)];
    if (statement.length) {
      const lines = statement.map(({ name, parts }) => {
        const said = parts.map((part, at) => (at % 2 ? bdi(part) : part));
        return make("div", "", make("dt", "", NAMES[name]), make("dd", "", ...said));
      });
      const title = make("h2", "", gettext("What the report states"));
      parts.push(make("section", "statement", title, make("dl", "", ...lines)));
    }
    if (checks.length)
      parts.push(
        make("section", "", make("h2", "", gettext("Checks")), make("ol", "checks", ...checks.map(checkRow))),
      );
    find("result").replaceChildren(...parts);
  };

  /** Show that a check is running; returns the function that receives its progress. */
  const showProgress = (controller) => {
    const bar = make("progress", ""),
      words = make("p", "quiet", ""),
      cancel = make("button", "cancel", gettext("Cancel"));
    bar.setAttribute("aria-label", gettext("Progress"));
    cancel.type = "button";
    cancel.addEventListener("click", () => controller.abort());
    find("result").replaceChildren(
      make("div", "note working", make("p", "", gettext("Checking…"), " ", bdi(files.bundle.name)), bar, words, cancel),
    );
    return ({ part, done, of }) => {
      Object.assign(bar, { max: of || 1, value: done });
      const language = document.documentElement.lang,
        numbers = { done: done.toLocaleString(language), of: of.toLocaleString(language) };
      words.textContent = fill(
        part === "files" ? gettext("%(done)s of %(of)s bytes") : gettext("%(done)s of %(of)s leaves"),
        numbers,
      );
    };
  };

  const bytesOf = async (file) => file && new Uint8Array(await file.arrayBuffer());

  const check = async () => {
    running.abort();
    const result = find("result"),
      controller = (running = new AbortController()),
      begun = performance.now();
    result.setAttribute("aria-busy", "true");
    const progress = showProgress(controller);
    result.scrollIntoView({ block: "start" });
    try {
      const brought = {};
      for (const kind of KINDS.slice(1)) brought[kind] = await bytesOf(files[kind]);
      const found = await auditVerifier.verify(files.bundle, brought, { progress, signal: controller.signal });
      if (controller === running) report(found, (performance.now() - begun) / 1000);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      if (controller === running) result.replaceChildren(make("p", "note", gettext("Cancelled. Nothing was checked.")));
    }
    if (controller === running) result.setAttribute("aria-busy", "false");
  };

  const keep = (kind, file) => {
    files[kind] = file;
    if (kind === "bundle") find("bundle-chosen").replaceChildren(file ? bdi(file.name) : gettext("No file chosen"));
  };

  const checkWhatIsThere = () => {
    if (files.bundle) check();
  };

  for (const kind of KINDS)
    find(kind).addEventListener("change", (event) => {
      keep(kind, event.target.files[0]);
      checkWhatIsThere();
    });

  const accept = async (dropped) => {
    for (const file of dropped) {
      const kind = await kindOf(file),
        transfer = new DataTransfer();
      transfer.items.add(file);
      find(kind).files = transfer.files; // the field shows the dropped file
      keep(kind, file);
    }
    checkWhatIsThere();
  };

  const over = (on) => find("drop").classList.toggle("over", on);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", (event) => over(Boolean(event.relatedTarget)));
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    accept([...event.dataTransfer.files]);
  });
  find("form").addEventListener("submit", (event) => event.preventDefault());
})();
