"""BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs) in plain Python: hash, keyed hash and key derivation."""

MASK = 0xFFFFFFFF
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
KEYED_HASH, DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 16, 32, 64
COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def compress(chaining, block, counter, length, flags):
    """The first eight words of the compression function's output."""
    v = list(chaining) + list(IV[:4]) + [counter & MASK, counter >> 32 & MASK, length, flags]
    m = [int.from_bytes(block[i:i + 4], "little") for i in range(0, 64, 4)]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(COLUMNS_AND_DIAGONALS):
            for word, first, second in ((m[2 * i], 16, 12), (m[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & MASK
                x = v[d] ^ v[a]
                v[d] = (x >> first | x << 32 - first) & MASK
                v[c] = (v[c] + v[d]) & MASK
                x = v[b] ^ v[c]
                v[b] = (x >> second | x << 32 - second) & MASK
        m = [m[i] for i in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def to_bytes(words):
    return b"".join(word.to_bytes(4, "little") for word in words)


def chunk(data, index, key, flags):
    chaining = key
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    for i, block in enumerate(blocks):
        shape = CHUNK_START if i == 0 else 0
        if i == len(blocks) - 1:
            shape |= CHUNK_END
        # Only the last block of a lone chunk is the root; `flags` carries ROOT for it.
        extra = flags if shape & CHUNK_END else flags & ~ROOT
        chaining = compress(chaining, block.ljust(64, b"\0"), index, len(block), shape | extra)
    return chaining


def tree(data, first_chunk, key, flags):
    if len(data) <= 1024:
        return chunk(data, first_chunk, key, flags)
    left = 1024
    while left * 2 < len(data):
        left *= 2
    below = flags & ~ROOT
    pair = tree(data[:left], first_chunk, key, below) + tree(data[left:], first_chunk + left // 1024, key, below)
    return compress(key, to_bytes(pair), 0, 64, flags | PARENT)


def words(key):
    return [int.from_bytes(key[i:i + 4], "little") for i in range(0, 32, 4)]


def plain_hash(data):
    return to_bytes(tree(data, 0, IV, ROOT))


def keyed_hash(key, data):
    return to_bytes(tree(data, 0, words(key), KEYED_HASH | ROOT))


def derive_key(context, material):
    key = tree(context.encode(), 0, IV, DERIVE_KEY_CONTEXT | ROOT)
    return to_bytes(tree(material, 0, key, DERIVE_KEY_MATERIAL | ROOT))
