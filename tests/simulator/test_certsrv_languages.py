"""Pages of a French, a German and a Japanese server: other words, the same ids and numbers (certsrv.md §3.3)."""

import re
import tomllib
from importlib import resources

import pytest

from tests.certsrv_scene import BROWSER, DISPOSITION, DISPOSITION_MESSAGE, Caller, running
from tests.simulator import certsrv_readers as readers

LANGUAGES = ("de", "fr", "ja")
PROGRAM = "curl/8"
PENDING, DENIED, WAITING, POLLED = "pending", "denied", "waiting", "polled"


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with running(tmp_path_factory.mktemp("languages")) as started:
        yield started


@pytest.fixture(params=LANGUAGES)
def scene(standing, request):
    standing.authority.configure(language=request.param)
    yield standing
    standing.authority.configure(profile="honest")


def walk(scene, agent=PROGRAM):
    """One page of each kind, decoded as the UTF-8 that its Meta tag says it is; the id of the pending request."""
    caller = Caller(scene, agent)
    caller.submit("CiscoUC")
    number = str(scene.authority.requests()[-1]["id"])
    answers = {
        "issued": caller.submit(),
        PENDING: caller.submit("CiscoUC"),
        DENIED: caller.submit("NoSuch"),
        WAITING: caller.post(Mode="chkpnd", ReqID=number),
        POLLED: caller.get(f"certnew.cer?ReqID={number}&Enc=b64"),
        "unknown": caller.get("certnew.cer?ReqID=9999&Enc=b64"),
        "welcome": caller.get(),
        "certcarc": caller.get("certcarc.asp"),
        "certrqxt": caller.get("certrqxt.asp"),
        "certrqus": caller.get("certrqus.asp"),
        "certckpn": Caller(scene, agent).get("certckpn.asp"),
    }
    return {name: answer.content.decode() for name, answer in answers.items()}


def words(language):
    """The language pack: texts of the pages, and messages of the CA."""
    return tomllib.loads(
        resources.files("ucrenew.simulator").joinpath("languages", f"{language}.toml").read_text("utf-8")
    )


def marks(page):
    """What does not change: ids of elements, addresses, and the rows that hold a disposition."""
    return re.findall(r"ID=(\w+)|(cert\w+\.\w+\?ReqID=\w+)|\t\t(\d) <", re.sub(r"ReqID=\d+", "ReqID=N", page))


def marks_of(scene, agent):
    return {name: marks(page) for name, page in walk(scene, agent).items()}


@pytest.fixture(scope="module")
def english(standing):
    return {agent: marks_of(standing, agent) for agent in (PROGRAM, BROWSER)}


@pytest.mark.parametrize("agent", [PROGRAM, BROWSER])
def test_marks_are_the_same(english, scene, agent):
    """Ids, links and disposition numbers of every page are those of the English one, for programs and browsers."""
    found = marks_of(scene, agent)

    assert english[agent] == found


def test_no_english_is_left(scene):
    """What the language pack translates is on no page in English any more."""
    language = scene.authority.setup.iis.language
    told = words(language)
    english = [text for part in told.values() for text, here in part.items() if text != here and len(text) > 8]
    pages = "".join(walk(scene).values())

    assert [] == [text for text in english if text in pages]


def test_packs_say_the_same(standing):
    """Each pack translates the same texts, and every text of the pages that it names is really on one."""
    (texts,) = {frozenset(words(language)["pages"]) for language in LANGUAGES}
    caller = Caller(standing)
    bare = "".join(
        [*walk(standing).values(), *walk(standing, BROWSER).values(), caller.submit(SaveCert="no").text,
         caller.get("certfnsh.asp").text, caller.post(Mode="newreq").text]
    )  # fmt: skip
    standing.authority.configure(renewals=1, submit_answer={"answer": "0x800706ba", "times": 1})
    stopped = caller.submit().text
    standing.authority.configure(fetch_answer={"answer": "0x800706ba", "times": 1})
    bare += stopped + caller.get("certcarc.asp").text + caller.post(Mode="chkpnd", ReqID="32").text

    assert set() == {text for text in texts if text not in bare and "{" not in text}


def test_known_french_words(standing):
    """The words that were seen on a French server stand where they were seen."""
    standing.authority.configure(language="fr")
    pages = walk(standing)
    standing.authority.configure(profile="honest")

    assert "<P ID=locPageTitle> <B> Certificat en attente </B>" in pages[PENDING]
    assert re.search(r"<P ID=locInfoReqID>\r\nL’identificateur de votre requête est \d+\.\r\n", pages[PENDING])  # noqa: RUF001
    assert "<P ID=locPageTitle> <B> Erreur </B>" in pages[POLLED]
    assert "<B>Disposition :</B>" in pages[POLLED]
    assert "<LocID ID=locDispUnknown>(inconnu)</LocID>" in pages[POLLED]


def test_known_japanese_words(standing):
    """The sentence with the request id is the Japanese one that is known."""
    standing.authority.configure(language="ja")
    page = walk(standing)[PENDING]
    standing.authority.configure(profile="honest")

    assert re.search(r"<P ID=locInfoReqID>\r\n要求 ID は \d+ です。\r\n", page)


def test_english_reader_is_misled(scene):
    """A client that keys on English words takes a pending request for a denied one, and cannot poll (§12.1)."""
    pages = walk(scene)

    assert ("denied", "An unknown error occured") == readers.magnus(pages[PENDING])
    assert None is DISPOSITION_MESSAGE.search(pages[POLLED])


def test_ids_and_numbers_still_tell(scene):
    """Element ids and the disposition number tell pending from denied in each language."""
    pages = walk(scene)

    assert "ID=locInfoReqID>" in pages[PENDING]
    assert "ID=locDenied>" in pages[DENIED]
    assert "ID=locInfoReqIDandReason>" in pages[DENIED]
    assert "ID=locInfoChkPnd>" in pages[WAITING]
    assert "5" == DISPOSITION.search(pages[POLLED])[1]


def test_accepted_languages_do_not_matter(scene):
    """What language the caller would like is nothing to the server."""
    caller = Caller(scene)
    plain = caller.get("certcarc.asp").content
    caller.session.headers["Accept-Language"] = "en-US"

    assert plain == caller.get("certcarc.asp").content
