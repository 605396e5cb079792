/* The sentences of the page in its language. The portal puts its catalogue (django's JavaScript catalogue) before these
   scripts; without it, as in the single file, each sentence is its own translation. */
"use strict";
(() => {
  const catalogue = globalThis.django;

  /** Fill the named places of a sentence: `fill(gettext("%(name)s is late."), { name })`. */
  const fill = (sentence, values) => partsOf(sentence, values).join("");

  /** The same in parts: words and values in turn, so that each value can keep its own direction. */
  const partsOf = (sentence, values) =>
    sentence.split(/%\((\w+)\)s/).map((part, at) => (at % 2 ? String(values[part]) : part));

  Object.assign(auditVerifier, {
    gettext: catalogue?.gettext ?? ((sentence) => sentence),
    pgettext: catalogue?.pgettext ?? ((context, sentence) => sentence),
    ngettext: catalogue?.ngettext ?? ((one, many, count) => (count === 1 ? one : many)),
    fill,
    partsOf,
  });
})();
