"""Random opcode programs for the differential test: what a pickler would never write, but a reader has to judge.

A program is a weighted random walk over the 68 opcodes of protocols 0 to 5 with an abstract stack, so that most of them
load; then some are broken on purpose, by opcode or by byte. The same seed and count give the same files.

Deliberately absent: names that are not data. Everything here may be loaded by CPython without harm.
"""
import argparse
import pathlib
import random

from walk import Program


def damage(rng, ops_bytes, ops):
    """One to three mutations, of opcodes or of bytes."""
    data = bytearray(ops_bytes)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if not data:
            break
        kind, at = rng.randrange(9), rng.randrange(len(data))
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at] = rng.randrange(256)
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at:at + rng.randint(1, 4)]
        elif kind == 4:
            data[at:at] = rng.choice(ops)
        elif kind == 5:
            data[at:at] = bytes([rng.choice(b"(.012NRabdelostu()]}\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94")])
        elif kind == 6:
            chunk = data[at:at + rng.randint(1, 12)]
            data[at:at] = chunk
        elif kind == 7:
            data += rng.choice([b"\0", b"N.", b"\xff", b"\n", b"garbage", b".", b"(", b"\x80\x04N."])
        else:
            index = rng.randrange(len(ops))
            found = data.find(ops[index])
            if found >= 0:
                del data[found:found + len(ops[index])]
    return bytes(data)


def program(seed):
    rng = random.Random(seed)
    walk = Program(rng)
    for _ in range(rng.choice([1, 2, 3, 5, 8, 12, 20])):
        walk.step()
    walk.finish()
    data = walk.bytes()
    if rng.random() < 0.22:
        data = damage(rng, data, walk.ops)
    if rng.random() < 0.04:
        data += program(rng.random())
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for index in range(args.count):
        (args.out / ("%06d.pkl" % index)).write_bytes(program("%d/%d" % (args.seed, index)))


if __name__ == "__main__":
    main()
