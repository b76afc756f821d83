"""A strict reader of the few protobuf messages (Protos/ledger/ledger.proto) that a proof consists of.

The ledger has one encoding only of each message: fields in ascending order, no unknown ones, no defaults written out.
"""


class BadProof(Exception):
    """Why nothing is proved."""


def require(condition, message):
    if not condition:
        raise BadProof(message)


BYTES, TEXT, UINT, INT, DIGEST = "bytes", "text", "uint", "int", "digest"


def field(name, kind, repeated=False):
    return name, kind, repeated


ENDPOINT = {1: field("host", TEXT), 2: field("port", UINT)}
# All are numbers; only two of them matter here.
PARAMETERS = {number: field(f"parameter {number}", UINT) for number in range(1, 64)}
PARAMETERS |= {17: field("committee_size", UINT), 18: field("whole_committee_up_to", UINT)}
GENESIS_NODE = {
    1: field("public_key", DIGEST), 2: field("operator_account", DIGEST), 3: field("peer", ENDPOINT),
    4: field("gateway", ENDPOINT), 5: field("stake", UINT),
}
GENESIS = {
    1: field("network_name", TEXT), 2: field("time_ms", INT), 3: field("parameters", PARAMETERS),
    4: field("accounts", BYTES, True), 5: field("nodes", GENESIS_NODE, True), 6: field("sequencers", BYTES, True),
    7: field("governors", BYTES, True), 8: field("development", UINT),
}
COMMITTEE = {1: field("members", {1: field("public_key", DIGEST), 2: field("weight", UINT)}, True)}
CHECKPOINT = {
    1: field("network_id", DIGEST), 2: field("sequence", UINT), 3: field("entry_hash", DIGEST),
    4: field("state_root", DIGEST), 5: field("epoch", UINT), 6: field("committee", DIGEST),
    7: field("next_committee", DIGEST),
}
CERTIFICATE = {
    1: field("checkpoint", BYTES), 2: field("votes", {1: field("member", UINT), 2: field("signature", BYTES)}, True),
}
HANDOVER = {1: field("certificate", BYTES), 2: field("next_committee", BYTES)}
PROOF = {
    1: field("network_id", DIGEST), 2: field("sequence", UINT), 3: field("time_ms", INT),
    4: field("fixed_hash", DIGEST),
    5: field("tables", {1: field("number", UINT), 2: field("count", UINT), 3: field("root", DIGEST)}, True),
    6: field("table", UINT), 7: field("path", DIGEST), 8: field("depth", UINT), 9: field("sibling_bits", BYTES),
    10: field("siblings", DIGEST, True), 11: field("leaf", {1: field("path", DIGEST), 2: field("row", BYTES)}),
}
BUNDLE = {
    1: field("genesis", BYTES), 2: field("handovers", BYTES, True), 3: field("certificate", BYTES),
    4: field("proof", BYTES),
}
DEFAULTS = {BYTES: b"", TEXT: "", UINT: 0, INT: 0}


def varint(data, at):
    value = 0
    for size in range(10):
        require(at + size < len(data), "a message ends too early")
        byte = data[at + size]
        value |= (byte & 127) << 7 * size
        if byte < 128:
            require(value < 2**64 and (byte > 0 or size == 0), "a number is not in its shortest form")
            return value, at + size + 1
    raise BadProof("a number is too long")


def parse(data, shape, what):
    """The fields of a message by name; what is not there has its default, and None for a message or a digest."""
    result = {
        name: [] if repeated else DEFAULTS.get(kind) if isinstance(kind, str) else None
        for name, kind, repeated in shape.values()
    }
    at, last = 0, 0
    while at < len(data):
        tag, at = varint(data, at)
        require(tag >> 3 in shape, f"the {what} has an unknown field {tag >> 3}")
        name, kind, repeated = shape[tag >> 3]
        require(tag >> 3 > last or (repeated and tag >> 3 == last), f"the {what} has its fields out of order")
        last = tag >> 3
        value, at = varint(data, at)
        if kind in (UINT, INT):
            require(tag & 7 == 0 and value > 0, f"the {what}'s {name} is not in its one form")
            value = value - 2**64 if kind == INT and value >= 2**63 else value
        else:
            require(tag & 7 == 2 and at + value <= len(data), f"the {what}'s {name} ends too early")
            value, at = data[at:at + value], at + value
            value = read(value, kind, repeated, f"{what}'s {name}")
        if repeated:
            result[name].append(value)
        else:
            result[name] = value
    missing = [name for name, kind, _ in shape.values() if kind == DIGEST and result[name] is None]
    require(not missing, f"the {what} has no {', '.join(missing)}")
    return result


def read(value, kind, repeated, what):
    if kind == DIGEST:
        require(len(value) == 32, f"the {what} has {len(value)} bytes instead of 32")
        return value
    if isinstance(kind, dict):
        return parse(value, kind, what)
    require(value or repeated, f"the {what} is written out although it is empty")
    return value.decode() if kind == TEXT else value
