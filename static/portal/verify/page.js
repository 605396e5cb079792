/* The page around verify.js: files in by hand or by drop, verdict and checks out. */
"use strict";
{
  const PROVES = {
    files: "Nothing was added, lost or changed since the bundle was packed.",
    policy: "Whose signatures count here.",
    checkpoint: "The log stands by this size and this root.",
    witnesses: "Others saw the same log, so its owner cannot rewrite it.",
    inclusion: "Every entry stands where it says in that log: none altered, exchanged or moved.",
    bodies: "Every event is, to the byte, the one that was sealed.",
    values: "Every name, address and note shown is the one that was committed to.",
    opening: "Nothing can be counted under two tags: their key was fixed when the log was opened.",
    manifest: "The counts are those of the whole log up to this checkpoint.",
    completeness: "No event of this report’s scope is missing.",
    anchors: "The log goes on from checkpoints that others put a time to.",
    older: "The log goes on from the checkpoint that you kept.",
    times: "No event was dated back past a time stamp.",
    table: "The table says what the verified events say, to the byte.",
  };
  const TONES = [
    [/^INVALID/, "bad", "Do not rely on this report: at least one check failed."],
    [/^CONSISTENT/, "quiet", "Nothing contradicts itself, but only the log’s owner vouches for it. Bring a policy with a witness you trust."],
    [/^ANCHORED/, "good", "A time stamp by the authority you brought fixes everything before it."],
    [/^WITNESSED/, "good", "Whom you trust has seen the same log."],
  ];
  const KINDS = ["bundle", "policy", "tsa", "older", "proof"];
  const find = (id) => document.getElementById(id);
  const files = {};
  let latest = 0;

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

  const report = (verdict, checks, seconds) => {
    const [, tone, meaning] = TONES.find(([pattern]) => pattern.test(verdict));
    const failed = checks.filter((check) => !check.ok).length;
    const count = failed ? `${failed} of ${checks.length} checks failed` : `${checks.length} checks passed`;
    const rows = checks.map(({ name, ok, sentence }) =>
      make("li", ok ? "check" : "check failed",
        make("span", "state", ok ? "ok" : "FAIL"), make("span", "name", name),
        make("div", "", make("p", "", bdi(sentence)), make("p", "quiet", PROVES[name]))));
    const banner = make("div", `verdict ${tone}`, make("h2", "", bdi(verdict)), make("p", "", meaning),
      make("p", "quiet", bdi(files.bundle.name), " · ", bdi(count), " · ", bdi(`${seconds.toFixed(1)} s`)));
    find("result").replaceChildren(banner, make("ol", "checks", ...rows));
  };

  const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

  const check = async () => {
    if (!files.bundle) return;
    const mine = ++latest, result = find("result"), begun = performance.now();
    result.setAttribute("aria-busy", "true");
    result.replaceChildren(make("p", "note", "Checking ", bdi(files.bundle.name), "…"));
    try {
      const [bundle, ...others] = await Promise.all(KINDS.map((kind) => files[kind] && bytesOf(files[kind])));
      const brought = Object.fromEntries(KINDS.slice(1).map((kind, at) => [kind, others[at]]));
      const { checks, verdict } = await globalThis.verifyAudit(bundle, brought);
      if (mine === latest) report(verdict, checks, (performance.now() - begun) / 1000);
    } catch (error) {
      if (mine === latest) result.replaceChildren(make("p", "note failed", `This could not be checked here: ${error.message}`));
    }
    if (mine === latest) result.setAttribute("aria-busy", "false");
  };

  const keep = (kind, file) => {
    files[kind] = file;
    if (kind === "bundle") find("bundle-chosen").replaceChildren(file ? bdi(file.name) : "No file chosen");
  };

  for (const kind of KINDS)
    find(kind).addEventListener("change", (event) => {
      keep(kind, event.target.files[0]);
      check();
    });

  const accept = async (dropped) => {
    for (const file of dropped) {
      const kind = await kindOf(file), transfer = new DataTransfer();
      transfer.items.add(file);
      find(kind).files = transfer.files; // the picker shows what was dropped
      keep(kind, file);
    }
    check();
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
}
