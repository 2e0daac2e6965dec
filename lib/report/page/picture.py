#!/usr/bin/python3 -B
"""usage: lib/report/page/picture.py PAGE.html PICTURE.png [SELECTOR]

A picture of a page as a browser shows it, 1000 pixels wide, of the whole or of what the CSS selector means. Exit codes:
0 made; 2 wrong use, or nothing is meant; 77 there is no Chromium.
"""
import base64
import json
import pathlib
import sys
import tempfile

import browser
import page_test

BOX = "(e => e && (b => ({x: b.left, y: b.top + scrollY, width: b.width, height: b.height}))(e.getBoundingClientRect()))"


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if not browser.find():
        print("there is no Chromium; run scripts/setup test", file=sys.stderr)
        return 77
    selector = arguments[2] if len(arguments) == 3 else "html"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browser.Browser(folder) as chromium:
        page = chromium.page()
        page.size(1000, 900)
        page.open(pathlib.Path(arguments[0]).resolve().as_uri())
        page.run(page_test.DRAW_ALL)
        box = page.run(f"{BOX}(document.querySelector({json.dumps(selector)}))")
        if not box:
            print(f"nothing on {arguments[0]} is '{selector}'", file=sys.stderr)
            return 2
        data = page.call("Page.captureScreenshot", captureBeyondViewport=True, format="png", clip=box | {"scale": 1})["data"]
    pathlib.Path(arguments[1]).write_bytes(base64.b64decode(data))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
