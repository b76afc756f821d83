#!/usr/bin/env python3
"""Verifies a proof about a Skerry ledger with nothing but this folder and Python's standard library.

A proof file is what `skerry ledger proof --out FILE` writes: a ProofBundle (Protos/ledger/ledger.proto), or the same in
JSON with hexadecimal strings: {"genesis": "…", "handovers": ["…"], "certificate": "…", "proof": "…"}.

What is checked: the genesis names the network; each handover is signed by more than two thirds of the committee before
it; so is the certificate by the last committee; the proof leads from the certified state root to one row, or to where
the row would be. Give --network, the id that you know from elsewhere: a genesis proves nothing by itself.
"""

import argparse
import itertools
import json
import sys

import ed25519
from blake3 import derive_key, keyed_hash
from rows import describe
from wire import BadProof, CERTIFICATE, CHECKPOINT, COMMITTEE, BUNDLE, GENESIS, HANDOVER, PROOF, parse, require

ZERO = bytes(32)
TABLES = {1: "account", 2: "node", 3: "name", 4: "release", 5: "domain", 6: "channel"}
KEYS = {}


def hashed(purpose, data):
    """The ledger's hash for a purpose: BLAKE3 keyed with what its name derives."""
    if purpose not in KEYS:
        KEYS[purpose] = derive_key("skerry 2026-11 ledger " + purpose, b"")
    return keyed_hash(KEYS[purpose], data)


def node_id(key):
    return derive_key("skerry 2026-11 node id", key)


def number(value, size=8):
    return value.to_bytes(size, "big")


def genesis_committee(genesis, network):
    """The nodes of the genesis in the order of their ids, or a draw of them by stake."""
    members = [(node["public_key"], max(node["stake"], 1)) for node in genesis["nodes"]]
    members.sort(key=lambda member: node_id(member[0]))
    require(genesis["parameters"] is not None, "the genesis has no parameters")
    if len(members) <= genesis["parameters"]["whole_committee_up_to"]:
        return members
    left, drawn, numbers = [weight for _, weight in members], [], random_numbers(network + number(0))
    while len(drawn) < min(genesis["parameters"]["committee_size"], len(members)):
        rest, index = below(sum(left), numbers), 0
        while rest >= left[index]:
            rest, index = rest - left[index], index + 1
        left[index] = 0
        drawn.append(index)
    return [members[index] for index in sorted(drawn)]


def random_numbers(prefix):
    """The stream of 64-bit numbers that draws are made of."""
    for counter in itertools.count():
        block = hashed("committee draw", prefix + number(counter))
        for at in range(0, 32, 8):
            yield int.from_bytes(block[at:at + 8], "big")


def below(bound, numbers):
    """A number below `bound`, all equally likely."""
    return 0 if bound <= 1 else next(value for value in numbers if value >= 2**64 % bound) % bound


def committee_hash(members):
    """Hashes the one encoding of a Committee."""
    def varint(value):
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    def field(tag, data):
        return bytes([tag]) + varint(len(data)) + data

    encoded = (field(10, key) + b"\x10" + varint(weight) for key, weight in members)
    return hashed("committee", b"".join(field(10, member) for member in encoded))


def check_certificate(data, network, committee, after):
    """The checkpoint of a certificate that `committee` signed."""
    certificate = parse(data, CERTIFICATE, "certificate")
    checkpoint = parse(certificate["checkpoint"], CHECKPOINT, "checkpoint")
    require(checkpoint["network_id"] == network, "the certificate is of another network")
    require(checkpoint["committee"] == committee_hash(committee), "the certificate is of another committee")
    require(checkpoint["sequence"] > after, "the certificate is older than the last handover")
    message = b"skerry 2026-11 checkpoint\n" + certificate["checkpoint"]
    signed, last = 0, -1
    for vote in certificate["votes"]:
        member = vote["member"]
        require(last < member < len(committee), "the certificate's votes are out of order")
        key, weight = committee[member]
        require(ed25519.verify(key, vote["signature"], message), f"the signature of member {member} is not valid")
        signed, last = signed + weight, member
    total = sum(weight for _, weight in committee)
    require(3 * signed > 2 * total, f"only {signed} of the committee's weight of {total} signed")
    return checkpoint


def check_proof(data, network, checkpoint):
    """The proof's content, and the row's bytes or None."""
    proof = parse(data, PROOF, "proof")
    require(proof["network_id"] == network, "the proof is of another network")
    require(proof["sequence"] == checkpoint["sequence"], "the proof is of another entry than the certificate")
    header = network + number(proof["sequence"]) + number(proof["time_ms"] % 2**64) + proof["fixed_hash"]
    for table in proof["tables"]:
        header += number(table["number"], 1) + number(table["count"]) + table["root"]
    require(hashed("state root", header) == checkpoint["state_root"], "the proof is not of the certified state")
    roots = {table["number"]: table["root"] for table in proof["tables"]}
    require(proof["table"] in roots, f"the state has no table {proof['table']}")
    path, depth, leaf = int.from_bytes(proof["path"], "big"), proof["depth"], proof["leaf"]
    node, row = ZERO, None
    if leaf is not None:
        other = int.from_bytes(leaf["path"], "big")
        require(path >> 256 - depth == other >> 256 - depth, "the proof ends at a row that is not on the way")
        node = hashed("row leaf", number(proof["table"], 1) + leaf["path"] + leaf["row"])
        row = leaf["row"] if leaf["path"] == proof["path"] else None
    bits, siblings = int.from_bytes(proof["sibling_bits"], "big"), list(proof["siblings"])
    width = 8 * len(proof["sibling_bits"])
    require(depth <= 256 and width == (depth + 7) // 8 * 8, "the proof's depth does not fit its sibling bits")
    require(bits & (1 << width - depth) - 1 == 0, "the proof has sibling bits below its end")
    for level in reversed(range(depth)):
        sibling = ZERO
        if bits >> width - 1 - level & 1:
            require(siblings, "the proof has too few siblings")
            sibling = siblings.pop()
        pair = sibling + node if path >> 255 - level & 1 else node + sibling
        node = hashed("row inner", pair)
    require(not siblings, "the proof has too many siblings")
    require(node == roots[proof["table"]], "the proof does not lead to the table's root")
    return proof, row


def wanted_path(arguments):
    """The table and path of the row that was asked for, or None."""
    def text(table, value):
        data = value.encode()
        return table, hashed("row path", number(table, 1) + number(len(data)) + data)

    if arguments.account:
        return 1, bytes.fromhex(arguments.account)
    if arguments.node:
        return 2, bytes.fromhex(arguments.node)
    if arguments.name:
        return text(3, arguments.name)
    return text(5, arguments.domain) if arguments.domain else None


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    if not data.lstrip().startswith(b"{"):
        return parse(data, BUNDLE, "bundle")
    text = json.loads(data)
    return {
        "genesis": bytes.fromhex(text["genesis"]), "certificate": bytes.fromhex(text["certificate"]),
        "proof": bytes.fromhex(text["proof"]), "handovers": [bytes.fromhex(part) for part in text["handovers"]],
    }


def verify(bundle, network=None, wanted=None):
    """Lines that say what is proved; raises BadProof."""
    ours = hashed("genesis", bundle["genesis"])
    require(network is None or ours == network, f"the genesis is of network {ours.hex()}")
    committee = genesis_committee(parse(bundle["genesis"], GENESIS, "genesis"), ours)
    after = 0
    for data in bundle["handovers"]:
        handover = parse(data, HANDOVER, "handover")
        checkpoint = check_certificate(handover["certificate"], ours, committee, after)
        members = parse(handover["next_committee"], COMMITTEE, "committee")["members"]
        committee = [(member["public_key"], member["weight"]) for member in members]
        require(committee_hash(committee) == checkpoint["next_committee"], "a handover is to another committee")
        after = checkpoint["sequence"]
    checkpoint = check_certificate(bundle["certificate"], ours, committee, after)
    proof, row = check_proof(bundle["proof"], ours, checkpoint)
    table = TABLES.get(proof["table"], f"table {proof['table']}")
    require(wanted is None or wanted == (proof["table"], proof["path"]), "the proof is about another row")
    yield f"network   {ours.hex()}"
    yield f"certified entry {checkpoint['sequence']}, epoch {checkpoint['epoch']}, {len(committee)} committee members"
    yield f"row       {table} {proof['path'].hex()}"
    yield "content   " + ("there is none" if row is None else describe(proof["table"], row))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="the proof file")
    parser.add_argument("--network", help="the network id that you trust, 64 hexadecimal digits")
    row = parser.add_mutually_exclusive_group()
    row.add_argument("--account", help="require a proof about this account id")
    row.add_argument("--node", help="require a proof about this node id")
    row.add_argument("--name", help="require a proof about this name")
    row.add_argument("--domain", help="require a proof about this domain")
    arguments = parser.parse_args()
    try:
        network = bytes.fromhex(arguments.network) if arguments.network else None
        lines = list(verify(load(arguments.file), network, wanted_path(arguments)))
    except BadProof as error:
        sys.exit(f"NOT PROVED: {error}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        sys.exit(f"NOT PROVED: the file is not a proof bundle ({error})")
    print("\n".join(["PROVED", *lines]))
    if network is None:
        print("Compare the network id with one that you know from elsewhere, or give it as --network.")


if __name__ == "__main__":
    main()
