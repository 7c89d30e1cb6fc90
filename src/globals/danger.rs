//! Names known to run code, open files or reach the network. The list gives a message its weight; it never decides.
//!
//! What is not on it is refused all the same. What is on it can't be admitted by the user, so nothing that only holds data is on
//! it. The families are those that published scanners deny (fickling, picklescan, modelscan) and that published exploits of such
//! scanners used; the words are what CPython's and the libraries' documentation says the names do.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::name::GlobalName;

/// Names of one module that do one thing.
struct Entry {
    /// The module; with `.*` at its end also every module below it.
    module: &'static str,
    /// Names, `*` at either end standing for any characters; none: every name.
    names: &'static [&'static str],
    /// What they do, as it stands after the name in a message.
    does: &'static str,
}

macro_rules! entries {
    ($($does:literal: $($module:literal $([$($name:literal)*])?),+;)*) => {
        &[$($(Entry { module: $module, names: &[$($($name),*)?], does: $does },)+)*]
    };
}

/// The first entry that fits a name gives the words.
static ENTRIES: &[Entry] = entries![
    "runs a shell command":
        "os" ["system" "popen*"], "posix" ["system" "popen*"], "nt" ["system" "popen*"], "commands.*", "subprocess"
            ["getoutput" "getstatusoutput"], "platform" ["popen"], "asyncio.*" ["create_subprocess_shell"];
    "starts a process":
        "os" ["exec*" "spawn*" "fork*" "posix_spawn*" "startfile"], "posix" ["exec*" "spawn*" "fork*" "posix_spawn*"],
        "nt" ["exec*" "spawn*" "startfile"], "subprocess.*", "_posixsubprocess.*", "_winapi.*", "_subprocess.*",
        "popen2.*", "pty.*", "multiprocessing.*", "_multiprocessing.*", "asyncio.base_subprocess.*",
        "asyncio.subprocess.*", "asyncio.unix_events.*", "asyncio.windows_events.*", "asyncio.windows_utils.*",
        "asyncio.events.*", "asyncio.base_events.*", "asyncio.runners.*", "asyncio" ["create_subprocess*" "run"
            "get_event_loop*" "new_event_loop"], "concurrent.futures.*" ["*Executor*"], "distutils.spawn.*",
        "pexpect.*", "plumbum.*", "uuid" ["_popen" "_get_command_stdout" "_ifconfig_getter" "_ip_getter" "_arp_getter"
            "_lanscan_getter" "_netstat_getter" "_ipconfig_getter"], "webbrowser.*", "antigravity.*",
        "_osx_support.*", "_aix_support.*", "aix_support.*", "_bootsubprocess.*", "torch.distributed.*",
        "torch.multiprocessing.*", "torch.utils.bottleneck.*", "torch.utils.collect_env.*", "joblib.parallel.*",
        "joblib.externals.loky.*", "loky.*";
    "reaches the operating system":
        "os.*", "posix.*", "nt.*", "ntpath.*", "posixpath.*", "genericpath.*", "platform.*", "signal.*", "_signal.*",
        "pwd.*", "winreg.*", "_winreg.*", "msvcrt.*", "fcntl.*", "syslog.*", "psutil.*", "grp.*";
    "changes the interpreter it runs in":
        "sys.*", "site.*", "sitecustomize.*", "usercustomize.*", "builtins" ["setattr" "delattr"], "__builtin__"
            ["setattr" "delattr"], "gc.*", "_xxsubinterpreters.*", "_interpreters.*", "_testcapi.*",
        "_testinternalcapi.*", "faulthandler.*", "sysconfig.*";
    "evaluates Python source":
        "builtins" ["eval" "exec" "compile" "execfile" "input" "raw_input"], "__builtin__" ["eval" "exec" "compile"
            "execfile" "input" "raw_input"], "timeit.*", "_timeit.*", "code.*", "codeop.*", "runpy.*", "pdb.*",
        "bdb.*", "trace.*", "profile.*", "cProfile.*", "hotshot.*", "doctest.*", "cgitb.*", "rexec.*", "py_compile.*",
        "compileall.*", "symtable.*", "idlelib.*", "lib2to3.*", "_pyrepl.*", "IPython.*", "ipykernel.*",
        "unittest.mock.*", "dataclasses" ["_create_fn" "_init_fn" "_cmp_fn" "make_dataclass"], "typing" ["get_type_hints"
            "_eval_type" "ForwardRef._evaluate"], "typing_extensions" ["get_type_hints" "evaluate_forward_ref"],
        "annotationlib.*", "attr._make" ["_make_*" "_compile_*" "make_class"], "attr" ["make_class"], "six" ["exec_"
            "reraise"], "future.utils" ["exec_"], "past.builtins.*", "past.utils.*", "jinja2.*", "mako.*",
        "numexpr.*", "numpy.testing.*", "numpy.f2py.*", "numpy.distutils.*", "numpy.lib.utils" ["safe_eval"], "pandas"
            ["eval" "DataFrame.eval" "DataFrame.query"], "pandas.core.computation.*", "pandas.core.frame"
            ["DataFrame.eval" "DataFrame.query"], "sympy.core.sympify.*", "sympy.parsing.*", "sympy" ["sympify"],
        "sympy.utilities.lambdify.*", "torch.jit.*", "torch.fx.*", "torch._dynamo.*", "torch._inductor.*",
        "torch.utils._config_module.*", "torch.utils.data.datapipes.utils.decoder.*", "torch._C.*"
            ["import_ir_module*" "_jit_*" "_import_*"], "sqlalchemy.ext.serializer.*", "sqlalchemy.util.langhelpers"
            ["_exec_code_in_env"], "new" ["code" "function" "instancemethod"], "yaml" ["load*" "unsafe_load*"
            "full_load*" "*Loader"], "yaml.constructor.*", "jsonpickle.*";
    "builds functions or code objects":
        "types" ["CodeType" "FunctionType" "LambdaType" "MethodType" "new_class" "coroutine"], "cloudpickle.*",
        "dill.*", "joblib.externals.cloudpickle.*", "pyspark.cloudpickle.*", "pyspark.serializers.*",
        "ray.cloudpickle.*", "distributed.protocol.*", "numba.core.serialize.*", "numba.serialize.*", "numba.*"
            ["_rebuild_function" "_unpickle__CustomPickled"];
    "imports a module":
        "builtins" ["__import__"], "__builtin__" ["__import__" "reload"], "importlib.*", "_frozen_importlib.*",
        "_frozen_importlib_external.*", "imp.*", "_imp.*", "ihooks.*", "imputil.*", "zipimport.*", "pkgutil.*",
        "pydoc.*", "modulefinder.*", "pkg_resources.*", "logging.config.*", "unittest.loader.*", "unittest.main.*",
        "django.utils.module_loading.*", "werkzeug.utils" ["import_string"], "six" ["_import_module" "MovedModule*"
            "Moved*"], "six.moves.*", "future.moves.*";
    "installs software":
        "pip.*", "ensurepip.*", "setuptools.*", "distutils.*", "_distutils_hack.*", "venv.*", "virtualenv.*",
        "easy_install.*";
    "reaches the interpreter's own objects":
        "builtins" ["globals" "locals" "vars" "dir" "super" "breakpoint" "memoryview.*"], "__builtin__" ["globals"
            "locals" "vars" "dir" "super" "apply"], "inspect.*", "weakref" ["finalize"];
    "calls another function":
        "builtins" ["map" "filter"], "__builtin__" ["map" "filter" "reduce"], "functools" ["reduce"], "_functools"
            ["reduce"], "itertools" ["starmap" "accumulate" "groupby" "filterfalse" "takewhile" "dropwhile" "ifilter"
            "ifilterfalse" "imap"], "operator" ["methodcaller" "attrgetter" "call"], "_operator" ["methodcaller"
            "attrgetter" "call"], "atexit.*", "sched.*", "threading.*", "_thread.*", "thread.*", "dummy_threading.*",
        "_dummy_thread.*", "asyncio.threads.*", "contextlib" ["ExitStack*" "AsyncExitStack*"], "copy_reg"
            ["constructor"], "copyreg" ["constructor"], "numpy" ["apply_along_axis" "fromfunction" "frompyfunc"
            "vectorize" "piecewise"], "pandas" ["DataFrame.apply" "Series.apply" "DataFrame.pipe"], "celery.*"
            ["maybe_signature" "subtask*" "_unpickle*"], "keras.layers.*" ["Lambda*"], "tensorflow.*" ["py_function"
            "numpy_function" "py_func"];
    "changes how pickles are read":
        "copyreg" ["add_extension" "remove_extension" "clear_extension_cache" "pickle" "dispatch_table"
            "_extension_registry" "_inverted_registry" "_extension_cache"], "copy_reg" ["add_extension"
            "remove_extension" "clear_extension_cache" "pickle" "dispatch_table"];
    "loads another pickle":
        "pickle.*", "_pickle.*", "cPickle.*", "pickle5.*", "zodbpickle.*", "_pickle5.*", "pickletools.*", "shelve.*",
        "joblib" ["load" "dump" "Memory" "Parallel" "delayed"], "joblib.numpy_pickle" ["load*" "dump*" "_unpickle*"
            "NumpyUnpickler*"], "joblib.memory.*", "sklearn.externals.joblib" ["load" "dump" "Memory" "Parallel"],
        "hickle.*", "klepto.*", "diskcache.*", "numpy" ["load" "lib.npyio.*" "loads"], "numpy.lib.npyio.*",
        "numpy.lib._npyio_impl.*", "numpy.lib.format.*", "numpy.ma.core" ["load" "loads"], "numpy.core.multiarray"
            ["_pickle*"], "numpy.compat.*", "pandas" ["read_pickle" "to_pickle"], "pandas.io.pickle.*",
        "pandas.compat.pickle_compat.*", "torch" ["load" "save"], "torch.serialization.*", "torch.package.*",
        "torch.hub.*", "torch.utils.model_zoo.*", "torch.utils.serialization.*", "tensorflow.*" ["load_model*"
            "saved_model.*"], "keras.*" ["load_model*" "deserialize*"], "torch.export.*", "scipy.io" ["loadmat"
            "readsav"], "statsmodels.iolib.smpickle.*", "xarray.backends.*", "nltk.data.*", "gensim.utils"
            ["unpickle"], "django.contrib.sessions.serializers.*", "django.core.signing.*";
    "makes code objects from bytes":
        "marshal.*";
    "calls native code":
        "ctypes.*", "_ctypes.*", "cffi.*", "_cffi_backend.*", "numpy.ctypeslib.*", "numpy.ctypeslib", "mmap.*",
        "torch.utils.cpp_extension.*", "torch.ops.*", "torch._ops.*", "torch.classes.*", "torch.utils.ffi.*",
        "tensorflow.*" ["load_library*" "load_op_library*"], "llvmlite.*", "win32api.*", "win32com.*";
    "opens, writes or removes files":
        "builtins" ["open" "file"], "__builtin__" ["open" "file"], "io" ["open*" "FileIO*" "BufferedReader*"
            "BufferedWriter*" "BufferedRandom*" "BufferedRWPair*" "TextIOWrapper*"], "_io" ["open*" "FileIO*"
            "BufferedReader*" "BufferedWriter*" "BufferedRandom*" "TextIOWrapper*"], "_pyio.*", "codecs" ["open"],
        "shutil.*", "tempfile.*", "glob.*", "fileinput.*", "filecmp.*", "linecache.*", "zipfile.*", "tarfile.*",
        "gzip.*", "bz2" ["open" "BZ2File*"], "lzma" ["open" "LZMAFile*"], "_compression.*", "wave.*", "aifc.*",
        "sunau.*", "dbm.*", "anydbm.*", "dumbdbm.*", "gdbm.*", "whichdb.*", "bsddb.*", "sqlite3.*" ["connect"
            "Connection*" "Cursor*"], "_sqlite3" ["connect" "Connection*"], "logging" ["FileHandler*" "basicConfig"],
        "logging.handlers.*", "netrc.*", "pathlib" ["Path.*" "PosixPath.*" "WindowsPath.*"], "pathlib._local"
            ["Path.*" "PosixPath.*" "WindowsPath.*"], "pathlib2" ["Path.*" "PosixPath.*" "WindowsPath.*"],
        "xml.etree.ElementTree" ["parse" "iterparse" "ElementTree.parse" "ElementTree.write"], "xml.dom.minidom"
            ["parse"], "xml.sax.*" ["parse" "make_parser"], "configparser" ["*.read"], "mailbox" ["mbox" "Maildir"
            "MH" "MMDF" "Babyl"], "numpy" ["fromfile" "tofile" "save*" "loadtxt" "genfromtxt" "memmap.*" "DataSource*"
            "fromregex" "ndarray.tofile" "ndarray.dump"], "numpy.core.multiarray" ["fromfile"],
        "numpy._core.multiarray" ["fromfile"], "numpy.core.records" ["fromfile"], "numpy._core.records" ["fromfile"],
        "numpy.rec" ["fromfile"], "numpy.lib._datasource.*", "numpy.DataSource.*", "pandas" ["read_*" "ExcelFile*"
            "ExcelWriter*" "HDFStore*" "DataFrame.to_*" "Series.to_*"], "pandas.io.*" ["read_*" "to_*" "ExcelFile*"
            "HDFStore*" "get_handle"], "pandas.core.frame" ["DataFrame.to_*"], "scipy.io" ["loadmat" "savemat"],
        "torch" ["from_file"], "torch.storage" ["*.from_file" "*._new_shared*" "UntypedStorage.from_file"],
        "tensorflow.*" ["read_file*" "write_file*" "io.*" "ReadFile" "WriteFile"], "cv2.*" ["imread" "imwrite"],
        "PIL.Image" ["open"], "h5py.*" ["File*"], "polars.*" ["read_*" "scan_*"], "pyarrow.*" ["memory_map" "OSFile*"
            "input_stream" "output_stream" "parquet.*" "csv.*" "fs.*"];
    "reaches the network":
        "socket.*", "_socket.*", "ssl.*", "_ssl.*", "socketserver.*", "SocketServer.*", "select.*", "selectors.*",
        "asyncore.*", "asynchat.*", "urllib.request.*", "urllib2.*", "urllib" ["urlopen" "urlretrieve" "URLopener*"
            "FancyURLopener*"], "urllib.robotparser.*", "http.client.*", "httplib.*", "http.server.*",
        "BaseHTTPServer.*", "SimpleHTTPServer.*", "CGIHTTPServer.*", "wsgiref.*", "cgi.*", "ftplib.*", "smtplib.*",
        "smtpd.*", "poplib.*", "imaplib.*", "nntplib.*", "telnetlib.*", "xmlrpc.*", "xmlrpclib.*",
        "SimpleXMLRPCServer.*", "DocXMLRPCServer.*", "asyncio.streams.*", "asyncio" ["open_connection"
            "open_unix_connection" "start_server"], "requests.api.*", "requests" ["get" "post" "put" "delete" "head"
            "patch" "request" "options"], "requests.sessions" ["Session.*"], "urllib3" ["request" "PoolManager*"
            "ProxyManager*"], "urllib3.connection.*", "urllib3.connectionpool.*", "urllib3.poolmanager.*", "httpx"
            ["get" "post" "put" "delete" "head" "patch" "request" "stream" "Client*" "AsyncClient*"], "httpx._api.*",
        "httpx._client.*", "aiohttp.client.*", "aiohttp.connector.*", "aiohttp.web.*", "websocket.*", "websockets.*",
        "paramiko.*", "pycurl.*", "huggingface_hub.*", "zmq.*", "smbclient.*", "logging.handlers" ["SocketHandler*"];
    "opens a window or a terminal":
        "tkinter.*", "Tkinter.*", "turtle.*", "turtledemo.*", "curses.*", "_curses.*", "readline.*", "getpass.*",
        "cmd.*", "rlcompleter.*", "pyautogui.*";
];

/// Attributes through which any object leads to code.
const DUNDERS: &[&str] = &[
    "__base__",
    "__bases__",
    "__builtins__",
    "__call__",
    "__class__",
    "__closure__",
    "__code__",
    "__delattr__",
    "__dict__",
    "__func__",
    "__getattr__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__init__",
    "__init_subclass__",
    "__loader__",
    "__mro__",
    "__new__",
    "__reduce__",
    "__reduce_ex__",
    "__self__",
    "__setattr__",
    "__setstate__",
    "__spec__",
    "__subclasses__",
    "__wrapped__",
];

/// Modules that are a danger as a whole or in part, as attributes of other modules: one look-up for each part of a dotted name.
static LEADS_AWAY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let whole = ENTRIES.iter().filter(|entry| entry.names.is_empty()).filter_map(|e| e.module.strip_suffix(".*"));
    whole.chain(["builtins", "io", "operator", "codecs"]).collect()
});

/// Classes in modules of the list that only hold data.
const HOLD_DATA: &[(&str, &[&str])] = &[
    ("distutils.version", &["LooseVersion", "StrictVersion", "Version"]),
    ("http.client", &["BadStatusLine", "HTTPMessage", "IncompleteRead", "RemoteDisconnected"]),
    ("httplib", &["BadStatusLine", "HTTPMessage", "IncompleteRead"]),
    ("inspect", &["ArgSpec", "FullArgSpec", "Parameter", "Signature", "_ParameterKind"]),
    ("platform", &["uname_result"]),
    ("selectors", &["SelectorKey"]),
    ("signal", &["Handlers", "Sigmasks", "Signals"]),
    ("socket", &["AddressFamily", "SocketKind", "error", "gaierror", "herror", "timeout"]),
    ("ssl", &["TLSVersion", "VerifyFlags", "VerifyMode"]),
    ("subprocess", &["CompletedProcess", "TimeoutExpired"]),
    ("tarfile", &["TarInfo"]),
    ("xmlrpc.client", &["Binary", "DateTime", "Fault"]),
    ("zipfile", &["BadZipFile", "ZipInfo"]),
];

/// Whether it is a class that only holds data: one of the few, or an exception.
fn holds_data(name: &GlobalName) -> bool {
    let exception = ["Error", "Exception", "Warning"].iter().any(|end| name.name.ends_with(end));
    exception && !name.name.contains('.')
        || HOLD_DATA.iter().any(|(module, names)| *module == name.module && names.contains(&name.name.as_str()))
}

/// What a name does when it is loaded or called, if it is known to do harm.
pub(super) fn why(name: &GlobalName) -> Option<&'static str> {
    if holds_data(name) {
        return None;
    }
    // `random._os.getcwd`: an attribute that is a module, and a name in it.
    let mut rest = name.name.as_str();
    while let Some((part, inner)) = rest.split_once('.') {
        let module = part.trim_start_matches('_');
        if LEADS_AWAY.contains(module) {
            return find(module, inner).or(Some("leads to another module"));
        }
        rest = inner;
    }
    if let Some(does) = find(&name.module, &name.name) {
        return Some(does);
    }
    let dotted = name.name.contains('.');
    let special = |part: &str| part.starts_with("__") && DUNDERS.contains(&part) || part == "mro" && dotted;
    let special = name.name.split('.').any(special);
    special.then_some("leads through special attributes to the interpreter's own objects")
}

/// The words of the first entry that holds a name of a module.
fn find(module: &str, name: &str) -> Option<&'static str> {
    let entry = ENTRIES.iter().find(|entry| in_module(entry.module, module) && in_names(entry.names, name));
    entry.map(|entry| entry.does)
}

fn in_module(pattern: &str, module: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(top) => module.strip_prefix(top).is_some_and(|below| below.is_empty() || below.starts_with('.')),
        None => pattern == module,
    }
}

fn in_names(names: &[&str], name: &str) -> bool {
    names.is_empty()
        || names.iter().any(|pattern| match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
            (Some(middle), Some(_)) => name.contains(middle.trim_start_matches('*')),
            (Some(start), None) => name.starts_with(start),
            (None, Some(end)) => name.ends_with(end),
            (None, None) => *pattern == name,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn does(module: &str, name: &str) -> Option<&'static str> {
        why(&GlobalName::new(module, name))
    }

    #[test]
    fn names_that_run_code_carry_weight() {
        for (module, name, words) in [
            ("posix", "system", "runs a shell command"),
            ("os", "getcwd", "reaches the operating system"),
            ("subprocess", "Popen", "starts a process"),
            ("builtins", "eval", "evaluates Python source"),
            ("asyncio.unix_events", "_UnixSubprocessTransport", "starts a process"),
            ("torch.serialization", "os.getcwd", "reaches the operating system"),
            ("torch.serialization", "load", "loads another pickle"),
            ("random", "_os.getcwd", "reaches the operating system"),
            ("shop.models", "_os.system", "runs a shell command"),
            (
                "collections",
                "OrderedDict.__reduce__.__globals__",
                "leads through special attributes to the interpreter's own objects",
            ),
            ("numpy", "load", "loads another pickle"),
            ("numpy.core.multiarray", "fromfile", "opens, writes or removes files"),
            ("importlib._bootstrap", "x", "imports a module"),
            ("pathlib", "Path.write_text", "opens, writes or removes files"),
            ("copyreg", "add_extension", "changes how pickles are read"),
            ("cloudpickle.cloudpickle", "_make_function", "builds functions or code objects"),
            ("anything", "f.__globals__", "leads through special attributes to the interpreter's own objects"),
        ] {
            assert_eq!(does(module, name), Some(words), "{module}.{name}");
        }
    }

    #[test]
    fn names_that_hold_data_carry_none() {
        for (module, name) in [
            ("collections", "namedtuple"),
            ("collections", "abc"),
            ("functools", "partial"),
            ("operator", "itemgetter"),
            ("builtins", "len"),
            ("http.cookies", "SimpleCookie"),
            ("email.message", "Message"),
            ("shop.models", "Order"),
            ("shop.models", "Order.Line"),
            ("osmium", "Node"),
            ("os2", "system"),
            ("subprocesses", "Popen"),
            ("numpy", "float32"),
            ("requests.models", "Response"),
            ("celery.result", "AsyncResult"),
            ("__main__", "X"),
            ("io", "BytesIO"),
            ("datetime", "datetime"),
            ("subprocess", "CalledProcessError"),
            ("tarfile", "TarInfo"),
            ("httpx", "Response"),
            ("sympy.core.numbers", "Integer"),
            ("urllib3._collections", "HTTPHeaderDict"),
        ] {
            assert_eq!(does(module, name), None, "{module}.{name}");
        }
    }

    #[test]
    fn patterns_are_well_formed() {
        for entry in ENTRIES {
            let top = entry.module.strip_suffix(".*").unwrap_or(entry.module);
            assert!(!top.is_empty() && !top.contains('*') && !entry.does.is_empty(), "{top}");
            let inner = |name: &&&str| name.trim_matches('*').contains('*') || name.contains("**") || **name == "*";
            assert_eq!(entry.names.iter().find(inner), None, "stars stand at the ends of a name in {top}");
        }
    }
}
