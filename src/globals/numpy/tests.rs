//! What arrays, dtypes and scalars are refused for. What they become is compared with NumPy's own words in the test data.

use super::super::Registry;
use crate::error::Category;
use crate::limits::Limits;
use crate::machine::{Machine, Outcome, Trailing};
use crate::model::layout::{Layout, Ndarray};
use crate::model::tensor;
use crate::model::value::Value;
use crate::opcode::lexer::Lexer;
use crate::policy::Policy;

fn read(pickle: &str, policy: Policy) -> Outcome {
    let limits = Limits::default();
    let machine = Machine::new(Registry::new(policy), &limits);
    machine.run(&mut Lexer::new(Box::new(pickle.as_bytes()), &limits), Trailing::Error)
}

/// A dtype with a state; both as opcodes.
fn dtype(code: &str, state: &str) -> String {
    format!("cnumpy\ndtype\n(S'{code}'\nI00\nI01\ntR({state}tb")
}

fn i2() -> String {
    dtype("i2", "I3\nS'<'\nNNNI-1\nI-1\nI0\n")
}

/// An array of a class with a state.
fn array(class: &str, state: &str) -> String {
    format!("cnumpy.core.multiarray\n_reconstruct\n(c{class}\n(I0\ntS'b'\ntR({state}tb.")
}

/// The one thing that is wrong with a pickle.
fn refused(pickle: &str) -> String {
    let outcome = read(pickle, Policy::new());
    let [error] = outcome.findings.errors.as_slice() else {
        panic!("expected one finding, found {:?}", outcome.findings.errors);
    };
    assert_eq!(error.category(), Category::Refused, "{error}");
    error.to_string()
}

#[test]
fn shapes_and_data_must_agree() {
    let nd =
        |shape: &str, dtype: &str, data: &str| array("numpy\nndarray", &format!("I1\n({shape}t{dtype}I00\n{data}"));
    for (shape, data, what) in [
        ("I2\n", "S'abc'\n", "expected 4 bytes, found 3"),
        ("I-1\n", "S''\n", "expected a shape of ints from 0 up"),
        ("I01\n", "S'ab'\n", "expected a shape of ints from 0 up"),
        ("I4611686018427387904\nI4611686018427387904\n", "S''\n", "expected a shape that memory has room for"),
        ("I0\nI1099511627776\n", "S''\n", "expected a shape that memory has room for"),
        ("I1\n", "(lI1\na", "expected 2 bytes, found list"),
    ] {
        let error = refused(&nd(shape, &i2(), data));
        assert!(error.contains(what), "{shape}{data}: {error}");
    }
    let object = dtype("O8", "I3\nS'|'\nNNNI-1\nI-1\nI63\n");
    assert!(refused(&nd("I1\n", &object, "S'01234567'\n")).contains("memory addresses"));
    assert!(refused(&nd("I2\n", &object, "(lNa")).contains("expected a list of 2 elements, found 1"));
    // Elements of no bytes are paid for, because the input does not.
    let void = dtype("V0", "I3\nS'|'\nNNNI0\nI1\nI0\n");
    let outcome = read(&nd("I1099511627776\n", &void, "S''\n"), Policy::new());
    assert_eq!(outcome.findings.errors.first().map(crate::error::Error::category), Some(Category::Limit));
}

#[test]
fn a_class_of_arrays_is_known_or_admitted() {
    let state = format!("I1\n(I1\nt{}I00\nS'ab'\n", i2());
    assert!(refused(&array("collections\nOrderedDict", &state)).contains("expected a class of arrays"));
    assert!(refused(&array("uuid\nUUID", &state)).contains("expected a class of arrays"));
    assert!(refused(&array("zoo\nQuantity", &state)).contains("refused global `zoo.Quantity`"));
    assert!(refused("cnumpy\nndarray\n.").contains("refused global `numpy.ndarray`"));
    // Its own state is a sixth value, or stands around the array's.
    let six = array("zoo\nQuantity", &format!("{state}Vm\n"));
    let around = array("zoo\nQuantity", &format!("({state}tVm\n"));
    for pickle in [six, around] {
        let outcome = read(&pickle, Policy::new().allow("zoo.Quantity").expect("a name"));
        assert!(outcome.findings.errors.is_empty(), "{:?}", outcome.findings.errors);
        let Some((Layout::Ndarray, id)) = outcome.graph.layout(outcome.roots[0]) else { panic!("an array") };
        let found = Ndarray::of(&outcome.graph, id);
        assert_eq!(tensor::sizes(&outcome.graph, found.shape), [1]);
        assert!(matches!(found.class, Value::Global(_)) && outcome.graph.kind_of(found.own).is_some());
    }
    assert!(refused(&array("numpy\nndarray", &format!("{state}Vm\n"))).contains("expected a state of version 0 or 1"));
}

#[test]
fn a_dtype_is_what_its_state_says_and_stays_so() {
    for (code, state, what) in [
        ("f3", "", "expected the code of one scalar"),
        ("f8,f8", "", "expected the code of one scalar"),
        ("U3", "I3\nS'<'\nNNNI13\nI4\nI8\n", "expected an itemsize that fits the code"),
        ("f8", "I3\nS'<'\nNNNI4\nI-1\nI0\n", "expected an itemsize that fits the code"),
        ("f8", "I9\nS'<'\nNNNI-1\nI-1\nI0\n", "expected a state of 5 to 9 values"),
        ("f8", "I3\nS'x'\nNNNI-1\nI-1\nI0\n", "expected a byte order"),
        ("V8", "I3\nS'|'\nN(S'a'\nt(dI8\nI1\nI16\n", "expected a dtype and an offset of field `a`"),
        ("M8", "I4\nS'<'\nNNNI-1\nI-1\nI0\n((d(S'xs'\nI1\nI1\nI1\ntt", "expected a unit"),
    ] {
        let error = refused(&format!("{}.", dtype(code, state)));
        assert!(error.contains(what), "{code} {state}: {error}");
    }
    let field = |offset: i32| format!("I3\nS'|'\nN(S'a'\nt(dS'a'\n({}I{offset}\ntsI4\nI1\nI16\n", i2());
    assert!(read(&format!("{}.", dtype("V4", &field(2))), Policy::new()).findings.errors.is_empty());
    assert!(
        refused(&format!("{}.", dtype("V4", &field(3)))).contains("expected every field to lie within the itemsize")
    );
    let sub = |shape: &str| format!("I3\nS'|'\n({}({shape}ttNNI8\nI1\nI0\n", i2());
    assert!(read(&format!("{}.", dtype("V8", &sub("I2\nI2\n"))), Policy::new()).findings.errors.is_empty());
    assert!(refused(&format!("{}.", dtype("V8", &sub("I3\n")))).contains("expected a sub-array of the itemsize"));
    // A second state, or one after an array was checked against it.
    assert!(refused(&format!("{}(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb.", i2())).contains("expected one state"));
}

#[test]
fn masks_have_a_byte_for_each_leaf() {
    let masked = |mask: &str| {
        let state = format!("I1\n(I2\nt{}I00\nS'abcd'\nS'{mask}'\nN", i2());
        format!("cnumpy.ma.core\n_mareconstruct\n(cnumpy.ma\nMaskedArray\ncnumpy\nndarray\n(I0\ntS'b'\ntR({state}tb.")
    };
    assert!(read(&masked(r"\x00\x01"), Policy::new()).findings.errors.is_empty());
    assert!(refused(&masked(r"\x00")).contains("expected a mask of 2 bytes, found 1"));
}

#[test]
fn scalars_take_the_first_element_and_no_addresses() {
    let scalar = |dtype: &str, data: &str| format!("cnumpy.core.multiarray\nscalar\n({dtype}{data}tR.");
    assert!(read(&scalar(&i2(), "S'abcd'\n"), Policy::new()).findings.errors.is_empty());
    assert!(read(&scalar(&i2(), ""), Policy::new()).findings.errors.is_empty());
    assert!(refused(&scalar(&i2(), "S'a'\n")).contains("expected 2 bytes, found 1"));
    let object = dtype("O8", "I3\nS'|'\nNNNI-1\nI-1\nI63\n");
    let fields = dtype("V8", &format!("I3\nS'|'\nN(S'a'\nt(dS'a'\n({object}I0\ntsI8\nI1\nI27\n"));
    assert!(refused(&scalar(&fields, "S'01234567'\n")).contains("memory addresses"));
}

#[test]
fn axes_are_put_in_order() {
    // np.arange(6).reshape(1, 2, 3).transpose(2, 0, 1) as NumPy 2.4 writes it at protocol 5
    let buffer = |axes: &str| {
        let bytes = r"\x00\x01\x02\x03\x04\x05";
        let u1 = dtype("u1", "I3\nS'|'\nNNNI-1\nI-1\nI0\n");
        format!("cnumpy._core.numeric\n_frombuffer\n(S'{bytes}'\n{u1}(I1\nI2\nI3\ntS'K'\n({axes}ttR.")
    };
    let outcome = read(&buffer("I2\nI0\nI1\n"), Policy::new());
    let Some((Layout::Ndarray, id)) = outcome.graph.layout(outcome.roots[0]) else { panic!("an array") };
    let found = Ndarray::of(&outcome.graph, id);
    assert_eq!(tensor::sizes(&outcome.graph, found.shape), [3, 1, 2]);
    let Value::Bytes { len, at } = found.data else { panic!("bytes") };
    assert_eq!(outcome.graph.bytes(len, at), [0, 3, 1, 4, 2, 5]);
    assert!(refused(&buffer("I2\nI0\nI0\n")).contains("expected each axis once"));
    assert!(refused(&buffer("I2\nI0\n")).contains("expected each axis once"));
}

#[test]
fn scalars_as_keys_are_the_numbers_that_they_equal() {
    let scalar = |dtype: &str, data: &str| format!("cnumpy.core.multiarray\nscalar\n({dtype}S'{data}'\ntR");
    let f4 = dtype("f4", "I3\nS'<'\nNNNI-1\nI-1\nI0\n");
    let text = dtype("U1", "I3\nS'<'\nNNNI4\nI4\nI8\n");
    let day = dtype("M8", "I4\nS'<'\nNNNI-1\nI-1\nI0\n((d(S'D'\nI1\nI1\nI1\ntt");
    let count = |keys: &[String]| {
        let items: Vec<String> = keys.iter().map(|key| format!("{key}N")).collect();
        let outcome = read(&format!("(d({}u.", items.concat()), Policy::new());
        assert!(outcome.findings.errors.is_empty(), "{:?}", outcome.findings.errors);
        let Value::Object(id) = outcome.roots[0] else { panic!("a dict") };
        outcome.graph.count(id) / 2
    };
    let one = scalar(&i2(), r"\x01\x00");
    let ones = [one, scalar(&f4, r"\x00\x00\x80\x3f"), "I1\n".to_owned(), "F1.0\n".to_owned(), "I01\n".to_owned()];
    assert_eq!(count(&ones), 1);
    assert_eq!(count(&[scalar(&text, r"a\x00\x00\x00"), "Va\n".to_owned(), "S'a'\n".to_owned()]), 1);
    // A NaN equals nothing; days equal days.
    let nan = scalar(&f4, r"\x00\x00\xc0\x7f");
    assert_eq!(count(&[nan.clone(), nan]), 2);
    let first = scalar(&day, r"\x01\x00\x00\x00\x00\x00\x00\x00");
    assert_eq!(count(&[first.clone(), first, "I1\n".to_owned()]), 2);
    // Dtypes are compared by what they are.
    assert_eq!(count(&[i2(), i2(), f4]), 2);
}
