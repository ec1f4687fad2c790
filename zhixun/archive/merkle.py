"""Merkle trees by RFC 6962, section 2.1: one hash for a list, and short proofs that something stands in it.

Hashes go in and out as hex. A leaf's hash is `digest(algorithm, LEAF, data)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from zhixun.archive.canonical import NODE, digest

__all__ = ["inclusion", "root", "verify_inclusion"]


def root(algorithm: str, leaves: Sequence[str]) -> str:
    """Return the root over the hashes of the leaves; of no leaves, the digest of nothing."""
    if not leaves:
        return digest(algorithm, b"", b"")
    level = list(leaves)
    while len(level) > 1:
        level = _above(algorithm, level)
    return level[0]


def inclusion(algorithm: str, leaves: Sequence[str], index: int) -> list[str]:
    """Return the proof that the leaf `index` (from 0) is under the root: its neighbours on the way up.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    proof, level = [], list(leaves)
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            proof.append(level[neighbour])
        level, index = _above(algorithm, level), index // 2
    return proof


def verify_inclusion(algorithm: str, leaf: str, index: int, size: int, proof: Sequence[str], expected: str) -> bool:
    """Tell whether `proof` leads from the hash `leaf` at `index` in a tree of `size` leaves to the root `expected`."""
    if not 0 <= index < size:
        return False
    left, current, last = list(proof), leaf, size - 1
    while last:
        if index % 2 or index < last:
            if not left:
                return False
            neighbour = left.pop(0)
            current = _node(algorithm, neighbour, current) if index % 2 else _node(algorithm, current, neighbour)
        index, last = index // 2, last // 2
    # A proof that is longer than the way up proves nothing.
    return not left and current == expected


def _above(algorithm: str, level: Sequence[str]) -> list[str]:
    """Return the level above; a last hash without a neighbour goes up as it is."""
    pairs = [_node(algorithm, level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs + [level[-1]] * (len(level) % 2)


def _node(algorithm: str, left: str, right: str) -> str:
    return digest(algorithm, NODE, bytes.fromhex(left + right))
