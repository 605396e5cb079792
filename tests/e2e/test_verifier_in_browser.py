"""The browser's verifier: it agrees with verify_audit.py on every forged file and accepts no changed byte."""

import hashlib
import io
import random
import zipfile
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.verifier import PAGE, encoded, in_python, in_words, run_on, small
from tests.forge_zip import pack
from tests.forgeries import case, cases
from tests.thorough import amount

NO_WORDS = ("Error", "undefined", "NaN", "[object", "not a function")
PARTS = 8  # so that the processes of a run can share the work


@pytest.fixture
def browser_context_args() -> dict[str, Any]:
    """No portal: the page is a file."""
    return {}


@pytest.mark.parametrize("part", range(PARTS))
def test_both_agree_on_every_forged_file_in_sentences(page: Page, part: int) -> None:
    """What is shown to a person is English, never the name of an error or of a class."""
    page.goto(PAGE.as_uri())
    names = list(cases())[part::PARTS]
    assert len(names) > 50
    differing = set()
    for name in names:
        found = run_on(page, case(name).data, case(name).brought)
        if in_words(found) != in_python(case(name)):
            differing.add(name)
        assert "has a fault" not in found["verdict"], name
        for sentence in (check["sentence"] for check in found["checks"]):
            assert sentence.endswith("."), (name, sentence)
            assert not any(word in sentence for word in NO_WORDS), (name, sentence)
    assert differing == set()


# --- one byte, anywhere


STEP = 16
CHANGES = """async ([text, kind, first, step]) => {
    const whole = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), accepted = [];
    const changed = {
        exchanged: (at) => { const data = whole.slice(); data[at] ^= 1 + ((at * 7) % 255); return [data]; },
        removed: (at) => [whole.subarray(0, at), whole.subarray(at + 1)],
        inserted: (at) => [whole.subarray(0, at), Uint8Array.of((at * 11) % 256), whole.subarray(at)],
        doubled: (at) => [whole.subarray(0, at), whole.subarray(at, at + 1), whole.subarray(at)],
    }[kind];
    for (let at = first; at < whole.length; at += step) {
        const { exit_code } = await auditVerifier.verify(new Blob(changed(at)));
        if (exit_code === 0) accepted.push(at);
    }
    return accepted;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["exchanged", "removed", "inserted", "doubled"])
def test_one_byte_changed_anywhere_is_never_accepted(page: Page, kind: str) -> None:
    """T18, T21: positions all over a bundle, the zip's own headers included; every one by `make thorough`.

    Which positions is left to chance: many runs try them all.
    """
    first, step = amount((random.randrange(STEP), STEP), (0, 1))
    data = pack(small()).getvalue()
    page.goto(PAGE.as_uri())
    assert run_on(page, data)["exit_code"] == 0
    assert page.evaluate(CHANGES, [encoded(data), kind, first, step]) == []


@pytest.mark.parametrize(
    "order", ["genuine first", "forged first", "twice", "byte before", "byte behind", "cut"]
)
def test_files_put_together_are_not_checked(page: Page, order: str) -> None:
    """T20: two bundles in one file are no bundle, whichever comes first."""
    genuine, forged = pack(small()).getvalue(), case("A02_another_name").data
    files = {
        "genuine first": genuine + forged,
        "forged first": forged + genuine,
        "twice": genuine + genuine,
        "byte before": b"P" + genuine,
        "byte behind": genuine + b"\0",
        "cut": genuine[:-1],
    }
    page.goto(PAGE.as_uri())
    found = run_on(page, files[order])
    assert found["verdict"].startswith("NOT CHECKED: ")
    assert found["exit_code"] == 2


def test_it_unpacks_the_bytes_that_python_unpacks(page: Page) -> None:
    files = case("everybody").data
    page.goto(PAGE.as_uri())
    run = """async (text) => {
        const zip = await auditVerifier.Zip.open(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
        const found = {};
        for (const name of zip.entries.keys()) {
            const digest = await crypto.subtle.digest("SHA-256", await zip.read(name));
            found[name] = auditVerifier.hex(new Uint8Array(digest));
        }
        return found;
    }"""
    assert page.evaluate(run, encoded(files)) == unpacked_by_python(files)


def unpacked_by_python(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_its_own_sha256_is_sha256(page: Page) -> None:
    """Every length up to 300, in pieces, against the browser's own; and HMAC against RFC 4231."""
    page.goto(PAGE.as_uri())
    wrong = page.evaluate(
        """async () => {
            const { Sha256, sha256, hex } = auditVerifier, wrong = [];
            for (let length = 0; length < 300; length++) {
                const data = Uint8Array.from({ length }, (_, at) => at * length);
                const right = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data))), hash = new Sha256();
                for (let at = 0; at < length; at += 1 + (at % 71)) hash.update(data.subarray(at, at + 1 + (at % 71)));
                if (hex(hash.digest()) !== right || hex(sha256(data)) !== right) wrong.push(length);
            }
            return wrong;
        }"""
    )
    assert wrong == []
    tag = page.evaluate(
        "auditVerifier.hex(auditVerifier.hmac(auditVerifier.encode('Jefe'), 'what do ya want for nothing?'))"
    )
    assert tag == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
