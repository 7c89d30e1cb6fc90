"""Makes `example/`: what the README converts. Run with Python 3.13 and PYTHONHASHSEED=0, since sets stand in their own order."""
import argparse
import datetime
import decimal
import gzip
import pathlib
import pickle

UTC = datetime.timezone.utc


def orders():
    address = {"street": "12 Mill Lane", "city": "York"}
    return [
        {
            "id": 1001,
            "placed": datetime.datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
            "total": decimal.Decimal("39.90"),
            "lines": [("tea", 2), ("pot", 1)],
            "tags": {"gift"},
            "ship_to": address,
        },
        {
            "id": 1002,
            "placed": datetime.datetime(2024, 3, 1, 9, 5, 30, tzinfo=UTC),
            "total": decimal.Decimal("8.00"),
            "lines": [("tea", 1)],
            "tags": set(),
            "ship_to": address,
        },
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    (out / "cache" / "2024").mkdir(parents=True, exist_ok=True)
    (out / "orders.pkl").write_bytes(pickle.dumps(orders(), 5))
    readings = {"sensor": "roof", "celsius": [3.5, float("nan"), 4.25]}
    (out / "readings.pkl").write_bytes(pickle.dumps(readings, 4))
    (out / "cache" / "alice.pkl").write_bytes(pickle.dumps({"user": "alice", "visits": 3}, 4))
    (out / "cache" / "2024" / "bob.pkl.gz").write_bytes(gzip.compress(pickle.dumps({"user": "bob", "visits": 8}, 2), mtime=0))
    (out / "cache" / "README.txt").write_text("What the cache holds, and for how long.\n")


if __name__ == "__main__":
    main()
