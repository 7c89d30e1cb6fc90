"""Virtual environments with pinned libraries, made once below a folder that the caller names.

The Pythons are found as `python3.8`, `python3.11` on the path or below pyenv. Absent on purpose: anything that runs in them.
"""
import glob
import os
import shutil
import subprocess

# name -> (Python, what pip installs)
PINNED = {
    "pandas-1.0.5": ("3.8", ["pandas==1.0.5", "numpy==1.18.5", "pyarrow==10.0.1"]),
    "pandas-1.2.5": ("3.8", ["pandas==1.2.5", "numpy==1.19.5", "pyarrow==10.0.1"]),
    "pandas-1.3.5": ("3.8", ["pandas==1.3.5", "numpy==1.21.6", "pyarrow==10.0.1"]),
    "pandas-1.5.3": ("3.11", ["pandas==1.5.3", "numpy==1.23.5", "pyarrow==14.0.2"]),
    "pandas-2.0.3": ("3.11", ["pandas==2.0.3", "numpy==1.26.4", "pyarrow==14.0.2", "pytz"]),
    "pandas-2.2.3": ("3.11", ["pandas==2.2.3", "numpy==2.0.2", "pyarrow==17.0.0", "pytz"]),
    "pandas-2.3.3": ("3.11", ["pandas==2.3.3", "numpy==2.2.6", "pyarrow==21.0.0", "pytz"]),
    "pandas-3.1.1": ("3.11", ["pandas==3.1.1", "numpy==2.4.6", "pyarrow==23.0.0", "pytz"]),
    "readers": ("3.11", ["pyarrow==23.0.0", "duckdb", "polars", "numpy==2.4.6", "safetensors", "ml_dtypes", "pytz"]),
}


def interpreter(version):
    """A Python of that minor version."""
    found = shutil.which("python" + version)
    if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
        return found
    for root in (os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")):
        for path in sorted(glob.glob(os.path.join(root or "", "versions", version + ".*", "bin", "python"))):
            return path
    return None


def make(folder, name):
    """The Python of the environment `name`, made if it is not there; None where its Python is not installed."""
    version, packages = PINNED[name]
    home = os.path.join(folder, name)
    python, done = os.path.join(home, "bin", "python"), os.path.join(home, "ok")
    if os.path.exists(done):
        return python
    base = interpreter(version)
    if base is None:
        return None
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([base, "-m", "venv", home], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + packages, check=True)
    open(done, "w").close()
    return python
