"""Writes `refused/` (pickles that name what is not data, with the names they must be refused for) and `malformed/` (bytes
that no correct reader accepts). Nothing here is ever loaded, but for the malformed ones, which hold no global.

A `.txt` has one line for each refused reference, in the order of the stream: the name as the stream spells it, or the
opcode in parentheses where there is no name.
"""
import argparse
import os
import pickle

from ops import (APPEND, APPENDS, BUILD, DICT, DUP, EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, LIST, MARK, MEMOIZE, NEWOBJ,
                 NEXT_BUFFER, NONE, OBJ, POP, POP_MARK, REDUCE, SETITEM, SETITEMS, STACK_GLOBAL, STOP, TUPLE, TUPLE1,
                 TUPLE2, TUPLE3, binunicode, frame, get, glob, inst, int1, line, proto, put, raw, stack_global, uni)

SHELL = uni("true") + TUPLE1
P2, P4 = proto(2), proto(4)
REFUSED = {
    "global_reduce": (P2 + glob("os", "system") + SHELL + REDUCE + STOP, ["os.system"]),
    "global_value": (P2 + glob("os", "system") + STOP, ["os.system"]),
    "global_in_list": (P2 + EMPTY_LIST + glob("posix", "system") + APPEND + STOP, ["posix.system"]),
    "global_popped": (P2 + glob("os", "system") + POP + NONE + STOP, ["os.system"]),
    "global_popped_by_mark": (P2 + MARK + glob("os", "system") + POP_MARK + NONE + STOP, ["os.system"]),
    "global_unreachable": (P2 + glob("os", "system") + put(0) + POP + NONE + STOP, ["os.system"]),
    "global_left_on_stack": (P2 + glob("os", "system") + NONE + STOP, ["os.system"]),
    "global_in_dict_key": (P2 + EMPTY_DICT + glob("os", "system") + NONE + SETITEM + STOP, ["os.system"]),
    "global_overwritten": (
        P2 + EMPTY_DICT + int1(1) + glob("os", "system") + SETITEM + int1(1) + NONE + SETITEM + STOP, ["os.system"]),
    "global_in_second_pickle": (P2 + NONE + STOP + P2 + glob("os", "system") + STOP, ["os.system"]),
    "global_before_break": (P2 + glob("os", "system") + SHELL + REDUCE + b"\xff", ["os.system"]),
    "global_before_end": (P2 + glob("os", "system") + SHELL, ["os.system"]),
    "global_before_underflow": (P2 + glob("os", "system") + REDUCE + REDUCE + STOP, ["os.system"]),
    "stack_global": (P4 + stack_global("os", "system") + SHELL + REDUCE + STOP, ["os.system"]),
    "stack_global_in_frame": (P4 + frame(stack_global("nt", "system") + SHELL + REDUCE + STOP), ["nt.system"]),
    "stack_global_memoized_names": (
        P4 + uni("os") + MEMOIZE + uni("system") + MEMOIZE + POP + POP + get(0) + get(1) + STACK_GLOBAL + SHELL + REDUCE
        + STOP, ["os.system"]),
    "stack_global_duplicated_name": (P4 + uni("code") + DUP + STACK_GLOBAL + STOP, ["code.code"]),
    "stack_global_binunicode": (P4 + binunicode("subprocess") + binunicode("Popen") + STACK_GLOBAL + STOP, ["subprocess.Popen"]),
    "stack_global_protocol_0": (uni("os") + uni("system") + STACK_GLOBAL + STOP, ["os.system"]),
    "stack_global_of_bytes": (P4 + raw(b"os") + raw(b"system") + STACK_GLOBAL + STOP, ["(STACK_GLOBAL)"]),
    "inst": (MARK + line(b"S", b"'true'") + inst("os", "system") + STOP, ["os.system"]),
    "inst_without_arguments": (MARK + inst("os", "abort") + STOP, ["os.abort"]),
    "obj": (proto(1) + MARK + glob("os", "system") + line(b"S", b"'true'") + OBJ + STOP, ["os.system"]),
    "newobj": (P2 + glob("subprocess", "Popen") + SHELL + NEWOBJ + STOP, ["subprocess.Popen"]),
    "newobj_ex": (P4 + stack_global("subprocess", "Popen") + SHELL + EMPTY_DICT + b"\x92" + STOP, ["subprocess.Popen"]),
    "build_on_class": (P4 + stack_global("shop.models", "Plain") + EMPTY_DICT + BUILD + STOP, ["shop.models.Plain"]),
    "two_names": (
        P4 + stack_global("builtins", "eval") + SHELL + REDUCE + POP + stack_global("os", "system") + STOP,
        ["builtins.eval", "os.system"]),
    "python_2_name": (P2 + glob("__builtin__", "eval") + SHELL + REDUCE + STOP, ["__builtin__.eval"]),
    "python_2_apply": (P2 + glob("__builtin__", "apply") + EMPTY_TUPLE + REDUCE + STOP, ["__builtin__.apply"]),
    "dotted_name": (P4 + stack_global("os", "path.join") + STOP, ["os.path.join"]),
    "dotted_from_data_class": (
        P4 + stack_global("collections", "OrderedDict.fromkeys.__self__") + STOP, ["collections.OrderedDict.fromkeys.__self__"]),
    "case_folded": (P4 + stack_global("collections", "ordereddict") + STOP, ["collections.ordereddict"]),
    "name_with_space": (P4 + stack_global("collections ", "OrderedDict") + STOP, ["collections .OrderedDict"]),
    "name_with_nul": (P4 + stack_global("collections\0", "OrderedDict") + STOP, ["collections\\x00.OrderedDict"]),
    "unknown_class": (P4 + stack_global("shop.models", "Plain") + EMPTY_TUPLE + NEWOBJ + STOP, ["shop.models.Plain"]),
    "factory": (P4 + stack_global("collections", "defaultdict") + stack_global("os", "getcwd") + TUPLE1 + REDUCE + STOP,
                ["os.getcwd"]),
    "in_exception_args": (P4 + stack_global("builtins", "ValueError") + stack_global("os", "system") + TUPLE1 + REDUCE + STOP,
                          ["os.system"]),
    "reconstructor_class": (
        P2 + glob("copy_reg", "_reconstructor") + glob("os", "system") + glob("__builtin__", "object") + NONE + TUPLE3
        + REDUCE + STOP, ["os.system"]),
    "codec": (P2 + glob("_codecs", "encode") + uni("x") + uni("rot13") + TUPLE2 + REDUCE + STOP, ["_codecs.encode"]),
    "getattr": (P4 + stack_global("builtins", "getattr") + stack_global("builtins", "dict") + uni("pop") + TUPLE2 + REDUCE
                + STOP, ["builtins.getattr"]),
    "type_of_three": (P4 + stack_global("builtins", "type") + uni("X") + EMPTY_TUPLE + EMPTY_DICT + TUPLE3 + REDUCE + STOP,
                      ["builtins.type"]),
    "partial": (P4 + stack_global("functools", "partial") + stack_global("os", "system") + TUPLE1 + REDUCE + STOP,
                ["os.system"]),
    "attrgetter": (P4 + stack_global("operator", "attrgetter") + SHELL + REDUCE + STOP, ["operator.attrgetter"]),
    "import_module": (P4 + stack_global("importlib", "import_module") + SHELL + REDUCE + STOP, ["importlib.import_module"]),
    "nested_pickle": (P4 + stack_global("pickle", "loads") + raw(b"N.") + TUPLE1 + REDUCE + STOP, ["pickle.loads"]),
    "extension_1": (P2 + b"\x82\x01" + STOP, ["(EXT1)"]),
    "extension_2": (P2 + b"\x83\x01\x02" + STOP, ["(EXT2)"]),
    "extension_4": (P2 + b"\x84\x01\x02\x03\x04" + STOP, ["(EXT4)"]),
    "persistent_id": (line(b"P", b"token") + STOP, ["(PERSID)"]),
    "persistent_id_binary": (proto(1) + uni("token") + b"Q" + STOP, ["(BINPERSID)"]),
    "out_of_band_buffer": (proto(5) + NEXT_BUFFER + STOP, ["(NEXT_BUFFER)"]),
    "call_decimal_list": (P4 + stack_global("decimal", "Decimal") + EMPTY_LIST + TUPLE1 + REDUCE + STOP, ["decimal.Decimal"]),
    "call_datetime_short": (P4 + stack_global("datetime", "datetime") + raw(b"\x07\xe8\x02") + TUPLE1 + REDUCE + STOP,
                            ["datetime.datetime"]),
    "call_datetime_month_13": (
        P4 + stack_global("datetime", "date") + raw(b"\x07\xe8\x0d\x01") + TUPLE1 + REDUCE + STOP, ["datetime.date"]),
    "call_fraction_by_zero": (P4 + stack_global("fractions", "Fraction") + int1(1) + int1(0) + TUPLE2 + REDUCE + STOP,
                              ["fractions.Fraction"]),
    "call_range_step_zero": (P4 + stack_global("builtins", "range") + int1(1) + int1(2) + int1(0) + TUPLE3 + REDUCE + STOP,
                             ["builtins.range"]),
    "call_int_with_base": (P4 + stack_global("builtins", "int") + uni("7") + int1(8) + TUPLE2 + REDUCE + STOP,
                           ["builtins.int"]),
}
MALFORMED = {
    "unknown_opcode": P2 + b"\xff" + STOP,
    "ends_before_stop": P2 + int1(1),
    "ends_in_argument": P2 + b"J\x01\x00",
    "ends_in_text": b"Vabc",
    "ends_in_global": b"ccollections\nOrdered",
    "only_proto": P2,
    "protocol_6": proto(6) + NONE + STOP,
    "protocol_255": proto(255) + NONE + STOP,
    "stop_on_empty_stack": P2 + STOP,
    "stop_above_mark": P2 + NONE + MARK + STOP,
    "reduce_underflow": P2 + EMPTY_TUPLE + REDUCE + STOP,
    "reduce_none": P2 + NONE + EMPTY_TUPLE + REDUCE + STOP,
    "reduce_list_arguments": P4 + NONE + EMPTY_LIST + REDUCE + STOP,
    "append_underflow": P2 + NONE + APPEND + STOP,
    "append_to_tuple": P2 + EMPTY_TUPLE + NONE + APPEND + STOP,
    "append_across_mark": P2 + EMPTY_LIST + MARK + NONE + APPEND + STOP,
    "appends_without_mark": P2 + EMPTY_LIST + NONE + APPENDS + STOP,
    "setitem_on_int": P2 + int1(1) + int1(2) + int1(3) + SETITEM + STOP,
    "setitems_odd": P2 + EMPTY_DICT + MARK + int1(1) + int1(2) + int1(3) + SETITEMS + STOP,
    "dict_odd": MARK + int1(1) + DICT + STOP,
    "dict_unhashable_key": P2 + EMPTY_DICT + EMPTY_LIST + NONE + SETITEM + STOP,
    "dict_unhashable_tuple": P2 + EMPTY_DICT + EMPTY_LIST + TUPLE1 + NONE + SETITEM + STOP,
    "set_unhashable": P4 + b"\x8f" + MARK + EMPTY_DICT + b"\x90" + STOP,
    "tuple_without_mark": P2 + NONE + TUPLE + STOP,
    "tuple2_underflow": P2 + NONE + TUPLE2 + STOP,
    "tuple1_across_mark": P2 + NONE + MARK + TUPLE1 + STOP,
    "list_without_mark": NONE + LIST + STOP,
    "pop_empty": P2 + POP + NONE + STOP,
    "pop_mark_without_mark": P2 + POP_MARK + NONE + STOP,
    "dup_empty": P2 + DUP + STOP,
    "get_missing": P2 + get(7) + STOP,
    "get_text_missing": b"g7\n" + STOP,
    "get_text_not_a_number": b"gx\n" + STOP,
    "put_on_empty_stack": P2 + put(0) + NONE + STOP,
    "put_negative": NONE + b"p-1\n" + STOP,
    "memoize_empty": P4 + MEMOIZE + NONE + STOP,
    "build_underflow": P2 + EMPTY_DICT + BUILD + STOP,
    "int_text": b"Iabc\n" + STOP,
    "int_empty": b"I\n" + STOP,
    "long_text": b"LxL\n" + STOP,
    "long4_negative_length": P2 + b"\x8b\xff\xff\xff\xff" + STOP,
    "float_text": b"F1.0x\n" + STOP,
    "string_without_quotes": b"Sabc\n" + STOP,
    "string_open_quote": b"S'abc\n" + STOP,
    "string_bad_escape": b"S'\\x1'\n" + STOP,
    "unicode_bad_escape": b"V\\u12\n" + STOP,
    "unicode_beyond": b"V\\U00110000\n" + STOP,
    "binunicode_bad_utf8": P2 + b"X\x02\x00\x00\x00\xc3\x28" + STOP,
    "binunicode_overlong": P2 + b"X\x02\x00\x00\x00\xc0\x80" + STOP,
    "binunicode_too_long": P2 + b"X\xff\xff\xff\x7fa" + STOP,
    "binunicode8_huge": P4 + b"\x8d" + b"\xff" * 8 + b"a" + STOP,
    "binbytes8_huge": P4 + b"\x8e" + b"\xff" * 7 + b"\x7f" + b"a" + STOP,
    "bytearray8_huge": proto(5) + b"\x96" + b"\xff" * 7 + b"\x7f" + b"a" + STOP,
    "binstring_negative_length": b"T\xff\xff\xff\xffa" + STOP,
    "frame_beyond_end": P4 + b"\x95" + b"\x40" + b"\0" * 7 + NONE + STOP,
    "frame_cut_by_opcode": P4 + b"\x95" + b"\x01" + b"\0" * 7 + b"J\x01\x00\x00\x00" + STOP,
    "frame_huge": P4 + b"\x95" + b"\xff" * 8 + NONE + STOP,
    "global_empty_line": b"c\n\n" + STOP,
    "stack_global_underflow": P4 + uni("os") + STACK_GLOBAL + STOP,
    "garbage_after_stop": P2 + NONE + STOP + b"\xff\xfe",
    "second_pickle_broken": P2 + NONE + STOP + P2 + int1(1),
}
# CPython stops reading at the first STOP, and its C reader forgives an opcode that leaves its frame; `pickle.py` does not.
LOADS = {"garbage_after_stop", "second_pickle_broken", "frame_cut_by_opcode"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    for name, (data, names) in REFUSED.items():
        with open(os.path.join(out, "refused", name + ".pkl"), "wb") as file:
            file.write(data)
        with open(os.path.join(out, "refused", name + ".txt"), "w") as file:
            file.write("".join(line + "\n" for line in names))
    for name, data in MALFORMED.items():
        with open(os.path.join(out, "malformed", name + ".pkl"), "wb") as file:
            file.write(data)
        try:
            pickle.loads(data)
            if name not in LOADS:
                raise SystemExit("CPython accepts malformed/%s" % name)
        except SystemExit:
            raise
        except Exception:
            assert name not in LOADS, name


if __name__ == "__main__":
    main()
