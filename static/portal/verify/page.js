/* The page around the verifier: files in by hand or by drop; verdict, statement and checks out. */
"use strict";
(() => {
  const PROVES = {
    files: "Nothing was added, lost or changed since the bundle was packed.",
    policy: "Whose signatures count here.",
    checkpoint: "The log stands by this size and this root.",
    witnesses: "Others saw the same log, so its owner cannot rewrite it.",
    inclusion: "Every entry stands where it says in that log: none was altered, exchanged or moved.",
    bodies: "Every event is, to the byte, the one that was sealed.",
    values: "Every name, address and note shown is the one that was committed to.",
    opening: "Nothing can be counted under two tags: their key was fixed when the log was opened.",
    manifest: "The counts are those of the whole log up to this checkpoint.",
    request: "Who asked for this report, about what and for which period, stands in the log itself.",
    completeness: "No event of this report’s scope is missing.",
    anchors: "The log goes on from checkpoints that others put a time to.",
    older: "The log goes on from the checkpoint that you kept.",
    times: "No event was dated back past what others had seen.",
    table: "The table says what the verified events say, to the byte.",
  };
  const TONES = [
    [/^INVALID/, "bad", "Do not rely on this report: at least one check failed. Nothing is claimed about its content."],
    [
      /^NOT CHECKED/,
      "open",
      "This says nothing about the report, neither for it nor against it. Use the file exactly as it was downloaded.",
    ],
    [
      /^CONSISTENT/,
      "quiet",
      "Nothing contradicts itself, but only the log’s operator vouches for it. Bring a policy with a witness that you trust.",
    ],
    [/^ANCHORED/, "good", "A time stamp by the authority that you brought fixes everything before it."],
    [/^WITNESSED/, "good", "Whom you trust has seen the same log."],
  ];
  const STATES = { ok: ["ok", "passed"], fail: ["FAIL", "failed"], none: ["none", "empty"] };
  const KINDS = ["bundle", "policy", "tsa", "older", "proof"];
  const PARTS = { files: "bytes", leaves: "leaves" };
  const find = (id) => document.getElementById(id);
  const files = {};
  let running = new AbortController();

  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };
  /** Text that may be of either direction. */
  const bdi = (text) => make("bdi", "", text);

  /** What a dropped file is, by what it begins with. */
  const kindOf = async (file) => {
    const start = await file.slice(0, 4096).text();
    if (/^PK|^c2sp\.org\/tlog-proof/.test(start) || /\.(zip|tlog-proof)$/i.test(file.name)) return "bundle";
    if (start.includes("-----BEGIN CERTIFICATE-----")) return "tsa";
    if (/^old [0-9]+\n/.test(start)) return "proof";
    return /\n\n— /.test(start) ? "older" : "policy";
  };

  const summary = (checks) => {
    const count = (state) => checks.filter((check) => check.state === state).length;
    if (!checks.length) return "no check was made";
    if (count("fail")) return `${count("fail")} of ${checks.length} checks failed, ${count("none")} not made`;
    return `${count("ok")} checks passed` + (count("none") ? `, ${count("none")} had nothing to check` : "");
  };

  const checkRow = ({ name, state, sentence }) => {
    const [word, className] = STATES[state],
      text = make("div", "", make("p", "", bdi(sentence)));
    if (state === "ok") text.append(make("p", "quiet", PROVES[name]));
    return make("li", `check ${className}`, make("span", "state", word), make("span", "name", name), text);
  };

  const report = ({ verdict, statement, checks }, seconds) => {
    const [, tone, meaning] = TONES.find(([pattern]) => pattern.test(verdict));
    const about = make("p", "quiet", bdi(files.bundle.name), " · ", summary(checks), ` · ${seconds.toFixed(1)} s`);
    const parts = [make("div", `verdict ${tone}`, make("h2", "", bdi(verdict)), make("p", "", meaning), about)];
    if (statement.length) {
      const lines = statement.map(({ name, text }) => make("div", "", make("dt", "", name), make("dd", "", bdi(text))));
      parts.push(make("section", "statement", make("h2", "", "What this report says"), make("dl", "", ...lines)));
    }
    if (checks.length)
      parts.push(
        make("section", "", make("h2", "", "What was checked"), make("ol", "checks", ...checks.map(checkRow))),
      );
    find("result").replaceChildren(...parts);
  };

  /** Show that a check is running; answers with the function that hears how far it is. */
  const showProgress = (controller) => {
    const bar = make("progress", ""),
      words = make("p", "quiet", ""),
      cancel = make("button", "cancel", "Cancel");
    bar.setAttribute("aria-label", "Progress");
    cancel.type = "button";
    cancel.addEventListener("click", () => controller.abort());
    find("result").replaceChildren(
      make("div", "note working", make("p", "", "Checking ", bdi(files.bundle.name), "…"), bar, words, cancel),
    );
    return ({ part, done, of }) => {
      Object.assign(bar, { max: of || 1, value: done });
      words.textContent = `${done.toLocaleString("en")} of ${of.toLocaleString("en")} ${PARTS[part]}`;
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
      if (controller === running) result.replaceChildren(make("p", "note", "Cancelled. Nothing was checked."));
    }
    if (controller === running) result.setAttribute("aria-busy", "false");
  };

  const keep = (kind, file) => {
    files[kind] = file;
    if (kind === "bundle") find("bundle-chosen").replaceChildren(file ? bdi(file.name) : "No file chosen");
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
      find(kind).files = transfer.files; // the picker shows what was dropped
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
