"""Merkle trees against the definition of RFC 6962, its known roots, and proofs that must not pass."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.archive.canonical import LEAF, NODE, digest
from zhixun.archive.merkle import inclusion, root, verify_inclusion

# The inputs and roots of Certificate Transparency's reference tests.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
ALGORITHM = st.sampled_from(["sha256", "sm3"])


def _leaves(size: int, algorithm: str = "sha256") -> list[str]:
    return [digest(algorithm, LEAF, str(place).encode()) for place in range(size)]


def _by_definition(algorithm: str, leaves: list[str]) -> str:
    """RFC 6962, 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = _by_definition(algorithm, leaves[:split]), _by_definition(algorithm, leaves[split:])
    return digest(algorithm, NODE, bytes.fromhex(left + right))


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    leaves = [digest("sha256", LEAF, bytes.fromhex(each)) for each in INPUTS[:size]]
    assert root("sha256", leaves) == ROOTS[size]


@given(ALGORITHM, st.integers(1, 130))
def test_the_root_is_that_of_the_definition(algorithm: str, size: int) -> None:
    leaves = _leaves(size, algorithm)
    assert root(algorithm, leaves) == _by_definition(algorithm, leaves)


@given(ALGORITHM, st.integers(1, 130), st.data())
def test_every_leaf_can_be_proved(algorithm: str, size: int, data: st.DataObject) -> None:
    leaves, index = _leaves(size, algorithm), data.draw(st.integers(0, size - 1))
    proof = inclusion(algorithm, leaves, index)
    assert verify_inclusion(algorithm, leaves[index], index, size, proof, root(algorithm, leaves))
    assert len(proof) <= size.bit_length()


@given(st.integers(1, 70), st.data())
def test_nothing_else_can_be_proved(size: int, data: st.DataObject) -> None:
    leaves, index = _leaves(size), data.draw(st.integers(0, size - 1))
    top, proof = root("sha256", leaves), inclusion("sha256", leaves, index)

    def holds(leaf: str = leaves[index], at: int = index, of: int = size, by: list[str] = proof, to: str = top) -> bool:
        return verify_inclusion("sha256", leaf, at, of, by, to)

    assert not holds(leaf=digest("sha256", LEAF, b"another"))
    assert not any(holds(at=other) for other in range(-2, size + 2) if other != index)
    assert not holds(by=[*proof, top])
    assert not holds(by=proof[:-1]) or not proof
    assert not holds(to=digest("sha256", NODE, b""))
    for place in range(len(proof)):
        changed = [*proof[:place], hashlib.sha256(b"").hexdigest(), *proof[place + 1 :]]
        assert not holds(by=changed)
    assert not holds(at=0, of=0, by=[])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError):
            inclusion("sha256", _leaves(3), index)
