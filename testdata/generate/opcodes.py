#!/usr/bin/env python3
"""Dumps pickletools.opcodes as opcodes.tsv: code, name, protocol, argument kind, stack before, stack after."""
import pathlib
import pickletools

rows = ["code\tname\tproto\targ\tbefore\tafter"]
for op in sorted(pickletools.opcodes, key=lambda o: ord(o.code)):
    rows.append("%02x\t%s\t%d\t%s\t%s\t%s" % (
        ord(op.code), op.name, op.proto, op.arg.name if op.arg else "",
        " ".join(o.name for o in op.stack_before), " ".join(o.name for o in op.stack_after)))
path = pathlib.Path(__file__).parent.parent / "opcodes.tsv"
path.write_text("\n".join(rows) + "\n")
