// The scripts' sentences in the page's language. The catalogue is a plain script of the page's head, where the page is
// not in English; without it each sentence is its own translation.
const catalogue = globalThis.django;

/** Translate a whole sentence. */
export const gettext = catalogue?.gettext ?? ((sentence) => sentence);

/** Translate a word that has several meanings; `context` says which one is meant. */
export const pgettext = catalogue?.pgettext ?? ((context, sentence) => sentence);

/** Translate a sentence whose words depend on a number. */
export const ngettext = catalogue?.ngettext ?? ((one, many, number) => (number === 1 ? one : many));

/** Fill the named places of a sentence: `fill(gettext("%(name)s is late."), { name })`. */
export const fill = (sentence, values) =>
  sentence.replace(/%\((\w+)\)s/g, (place, name) => (name in values ? String(values[name]) : place));
