"""The chain that a CA's pages give is optional: the profile's chain file stands in for it (certsrv.md §6, S15)."""

from pathlib import Path

import pytest

from tests.procedure.bench import Bench
from ucrenew.domain.x509 import parse_certificate, pem
from ucrenew.errors import Transient
from ucrenew.record import Kind
from ucrenew.steps import signing


@pytest.fixture
def one(borrowed, tmp_path: Path) -> Bench:
    """A renewal whose certificate is issued."""
    bench = Bench(borrowed, tmp_path)
    bench.control.post("/ca", {"profile": "honest", "template": {"CiscoUC": {"approval": False}}})
    bench.issued = bench.ensure_submitted(bench.ensure_csr())
    return bench


def keep(bench: Bench) -> tuple:
    """The chain, in a life that begins now."""
    bench.site = bench.opened()
    return signing.keep_issued(bench.site, bench.record, bench.issued)


def test_chain_file_stands_in(one):
    """Where the CA gives no chain and the file has every issuer the renewal goes on; log and record say why."""
    ca = one.simulator.scene["ca"]
    one.control.post("/ca", {"fetch_answer": "ca-stopped"})
    chain = keep(one)

    assert (parse_certificate(ca["root"]), parse_certificate(ca["intermediate"])) == chain
    assert any("the chain is taken from the profile's chain file" in line for line in one.said)
    assert "has not been started" in one.record.value(Kind.ISSUED)["no_chain"]


@pytest.mark.parametrize("kept", ["root", "intermediate"])
def test_half_a_chain_file_does_not(one, kept):
    """Where the file lacks an issuer the CA's trouble is what stops the run, and nothing is noted as issued."""
    (one.path.parent / "chain.pem").write_text(pem(parse_certificate(one.simulator.scene["ca"][kept])))
    one.control.post("/ca", {"fetch_answer": "ca-stopped"})
    with pytest.raises(Transient, match="fetching the chain"):
        keep(one)

    assert one.record.fact(Kind.ISSUED) is None

    one.control.post("/ca", {"profile": "honest"})

    assert 2 == len(keep(one))
